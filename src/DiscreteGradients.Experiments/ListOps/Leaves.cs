namespace DiscreteGradients.Experiments;

/// <summary>What the leaves of a sentence are.</summary>
public enum ListOpsTokens
{
    /// <summary>Each character, blanks too, of <c>[ MAX 2 9 ]</c>: what the released code of ReinMax and GST reads.</summary>
    Characters,

    /// <summary><c>[</c>, <c>MAX</c>, <c>2</c>, <c>9</c>, <c>]</c>.</summary>
    Split,

    /// <summary><c>[MAX</c>, <c>2</c>, <c>9</c>, <c>]</c>, as in the files.</summary>
    Merged,
}

/// <summary>The leaves of sentences, and their true bracketing.</summary>
internal static class Leaves
{
    private static readonly string[] Digits = [.. Enumerable.Range(0, 10).Select(digit => $"{digit}")];
    private static readonly string[] Words = [.. ListOpsExpression.Operators.Select(operation => operation.Word)];

    private static readonly Dictionary<ListOpsTokens, Dictionary<string, int>> Numbers = new()
    {
        [ListOpsTokens.Characters] = Numbered([" ", "[", "]", .. Digits, .. string.Concat(Words).Distinct().Select(letter => $"{letter}")]),
        [ListOpsTokens.Split] = Numbered(["[", "]", .. Digits, .. Words]),
        [ListOpsTokens.Merged] = Numbered(["]", .. Digits, .. Words.Select(word => "[" + word)]),
    };

    /// <summary>Different leaves that there are.</summary>
    internal static int Symbols(ListOpsTokens tokens) => Numbers[tokens].Count;

    /// <summary>The leaves as texts.</summary>
    internal static List<string> Texts(string expression, ListOpsTokens tokens) =>
        [.. expression.Index().SelectMany(letter => Texts(letter.Item, letter.Index == expression.Length - 1, tokens))];

    /// <summary>The leaves as numbers from 0.</summary>
    internal static int[] Of(string expression, ListOpsTokens tokens)
    {
        var numbers = Numbers[tokens];
        return [.. Texts(expression, tokens).Select(text => numbers[text])];
    }

    /// <summary>Leaves of an expression; characters count as the split tokens, as the released code counts them in its filter.</summary>
    internal static int Length(string expression, ListOpsTokens tokens) =>
        expression.Length + (tokens == ListOpsTokens.Merged ? 0 : expression.Count(ListOpsExpression.IsOperator));

    /// <summary>
    /// The true bracketing as merges from left to right: each is the position, in the sequence as it then is, of the left one of two
    /// neighbours that become one. What an operator or digit consists of is put together first, with the blank after it.
    /// </summary>
    internal static int[] Merges(string expression, ListOpsTokens tokens)
    {
        var merges = new List<int>();
        var (nodes, depth) = (0, 0);
        foreach (var (i, letter) in expression.Index())
        {
            var leaves = Texts(letter, i == expression.Length - 1, tokens).Count();
            nodes++;
            for (var more = 1; more < leaves; more++)
                merges.Add(nodes - 1);
            if (ListOpsExpression.IsOperator(letter))
            {
                depth++;
                continue;
            }

            if (letter == ListOpsExpression.Close)
            {
                Merge();
                depth--;
            }

            if (depth > 0)
                Merge();
        }

        return [.. merges];

        void Merge() => merges.Add(--nodes - 1);
    }

    /// <summary>What the merges of so many leaves make, in their order: from the first leaf to the one after the last.</summary>
    internal static (int Start, int End)[] Spans(int[] merges)
    {
        var nodes = Enumerable.Range(0, merges.Length + 1).Select(leaf => (Start: leaf, End: leaf + 1)).ToList();
        return Array.ConvertAll(merges, at =>
        {
            nodes[at] = (nodes[at].Start, nodes[at + 1].End);
            nodes.RemoveAt(at + 1);
            return nodes[at];
        });
    }

    /// <summary>
    /// F1 of one bracketing against another. Both have a bracket fewer than leaves; the one around all, which nobody can miss, does not
    /// count. NaN for fewer than three leaves.
    /// </summary>
    internal static double Agreement(int[] merges, int[] truth) =>
        (double)(Spans(merges).Intersect(Spans(truth)).Count() - 1) / (merges.Length - 1) is var share && merges.Length > 1
            ? share
            : double.NaN;

    private static IEnumerable<string> Texts(char letter, bool isLast, ListOpsTokens tokens)
    {
        var word = ListOpsExpression.Word(letter);
        string[] split = ListOpsExpression.IsOperator(letter) ? ["[", word] : [word];
        return tokens switch
        {
            ListOpsTokens.Merged => [string.Concat(split)],
            ListOpsTokens.Split => split,
            _ => $"{string.Join(' ', split)}{(isLast ? "" : " ")}".Select(character => $"{character}"),
        };
    }

    private static Dictionary<string, int> Numbered(string[] texts) => texts.Index().ToDictionary(text => text.Item, text => text.Index);
}
