using System.Text;

namespace DiscreteGradients.Experiments;

/// <summary>A sentence of ListOps.</summary>
/// <param name="Expression">One letter a token, see <see cref="ListOpsExpression"/>.</param>
/// <param name="Label">Its value.</param>
internal readonly record struct ListOpsSentence(string Expression, int Label);

/// <summary>Files in the published form: a line for each sentence, with its value, a tab, and the expression with its brackets.</summary>
/// <remarks>Every value is computed again. Whatever is wrong is one sentence that names file and line; nothing is loaded in part.</remarks>
internal static class ListOpsFile
{
    /// <summary>What such a file is, for sentences.</summary>
    internal const string Kind = "a table of ListOps sentences";

    /// <summary>Most tokens of a sentence, the [ of an operator counted apart.</summary>
    internal const int LongestSentence = 10_000;

    /// <summary>A line, without its end.</summary>
    internal static string Line(ListOpsSentence sentence) => $"{sentence.Label}\t{ListOpsExpression.Bracketed(sentence.Expression)}";

    /// <summary>The bytes of a file.</summary>
    internal static byte[] Bytes(IEnumerable<ListOpsSentence> sentences)
    {
        using var bytes = new MemoryStream();
        using (var writer = new StreamWriter(bytes, Encoding.ASCII))
        {
            foreach (var sentence in sentences)
            {
                writer.Write(Line(sentence));
                writer.Write('\n');
            }
        }

        return bytes.ToArray();
    }

    /// <summary>Reads any file, compressed with gzip or not.</summary>
    /// <exception cref="OptionException">It cannot be read, or is no such file.</exception>
    internal static ListOpsSentence[] Read(string path) => Parse(path, Encoding.UTF8.GetString(UserFile.Read(path, Kind)));

    /// <summary>The sentences of a text; <paramref name="path"/> is where it came from.</summary>
    /// <exception cref="OptionException">A line is no sentence, or its label is not its value.</exception>
    internal static ListOpsSentence[] Parse(string path, string text)
    {
        var sentences = new List<ListOpsSentence>();
        foreach (var range in text.AsSpan().Split('\n'))
        {
            if (range.Start.Value < text.Length)
                sentences.Add(Sentence(text.AsSpan()[range].TrimEnd('\r'), new Place(path, sentences.Count + 1)));
        }

        return sentences.Count > 0 ? [.. sentences] : throw new OptionException($"'{path}' is empty; expected {Kind}.");
    }

    /// <summary>For sentences about a line.</summary>
    private readonly record struct Place(string Path, int Line)
    {
        public override string ToString() => $"Line {Line} of '{Path}'";
    }

    private static ListOpsSentence Sentence(ReadOnlySpan<char> line, Place place)
    {
        var tab = line.IndexOf('\t');
        if (tab != 1 || !char.IsAsciiDigit(line[0]))
        {
            throw new OptionException(
                $"{place} must begin with a digit, its label, and a tab, before the expression; got '{Printable(line.ToString())}'.");
        }

        var bracketed = line[(tab + 1)..];
        var expression = Expression(bracketed, place);
        if (Leaves.Length(expression, ListOpsTokens.Split) is > LongestSentence and var length)
            throw new OptionException($"{place} has {length} tokens; at most {LongestSentence} can be read: remove the line.");
        if (!bracketed.SequenceEqual(ListOpsExpression.Bracketed(expression)))
        {
            throw new OptionException(
                $"{place} must be bracketed as published, each operator with its first argument, then with the next, and at last with ']'; "
                + $"expected '{Printable(ListOpsExpression.Bracketed(expression))}', got '{Printable(bracketed.ToString())}'.");
        }

        var (label, value) = (line[0] - '0', ListOpsExpression.Value(expression));
        return label == value
            ? new ListOpsSentence(expression, label)
            : throw new OptionException($"{place} has the label {label}, but its expression is {value}; correct or remove the line.");
    }

    /// <summary>The expression without the binary brackets.</summary>
    private static string Expression(ReadOnlySpan<char> bracketed, Place place)
    {
        var letters = new char[(bracketed.Length + 1) / 2];  // there are blanks between
        var (length, brackets, lists, isEmpty) = (0, 0, 0, false);
        foreach (var range in bracketed.Split(' '))
        {
            var token = bracketed[range];
            if (token is "(" or ")")
            {
                brackets += token is "(" ? 1 : -1;
                if (brackets < 0)
                    throw new OptionException($"{place} is unbalanced: it has a ')' without its '('; correct or remove the line.");
                continue;
            }

            var letter = Letter(token) ?? throw new OptionException(
                $"{place} holds '{Printable(token.ToString())}'; expected digits, [MIN, [MAX, [MED, [SM, ], ( and ), with blanks between.");
            if (length > 0 && lists == 0)
                throw new OptionException($"{place} must hold one expression; it goes on after the first.");
            if (letter == ListOpsExpression.Close && isEmpty)
                throw new OptionException($"{place} has an operator without arguments; correct or remove the line.");
            if (letter == ListOpsExpression.Close && lists == 0)
                throw new OptionException($"{place} is unbalanced: it has a ']' without its operator; correct or remove the line.");
            isEmpty = ListOpsExpression.IsOperator(letter);
            lists += isEmpty ? 1 : letter == ListOpsExpression.Close ? -1 : 0;
            letters[length++] = letter;
        }

        if (lists > 0)
            throw new OptionException($"{place} is unbalanced: {Missing(lists, "operator", "]")}; correct or remove the line.");
        if (brackets > 0)
            throw new OptionException($"{place} is unbalanced: {Missing(brackets, "'('", ")")}; correct or remove the line.");
        return new string(letters, 0, length);
    }

    private static string Missing(int count, string what, string closing) =>
        $"{count} {(count == 1 ? $"{what} has" : what == "operator" ? "operators have" : $"{what} have")} no '{closing}'";

    private static char? Letter(ReadOnlySpan<char> token)
    {
        if (token.Length == 1 && (char.IsAsciiDigit(token[0]) || token[0] == ListOpsExpression.Close))
            return token[0];
        foreach (var (letter, word) in ListOpsExpression.Operators)
        {
            if (token.Length > 1 && token[0] == '[' && token[1..].SequenceEqual(word))
                return letter;
        }

        return null;
    }

    private static string Printable(string text) =>
        string.Concat(text.Take(60).Select(letter => char.IsControl(letter) ? '?' : letter)) + (text.Length > 60 ? "..." : "");
}
