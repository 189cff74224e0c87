using System.Text;

namespace DiscreteGradients.Experiments;

/// <summary>Draws what a model makes of sentences: the true tree above the words, the model's below.</summary>
internal static class TreeSketch
{
    private const int Sentences = 4;
    private const int Nested = 2;
    private const int WordWidth = 50;
    private const int LevelHeight = 18;
    private const int Margin = 24;
    private const int LineHeight = 22;

    /// <summary>The sentences that are drawn: short ones whose lists are nested, as far as there are some.</summary>
    internal static IReadOnlyList<ListOpsRow> Choose(IReadOnlyList<ListOpsRow> rows) =>
    [
        .. rows.Where(row => row.Words.Length > Nested)
            .OrderByDescending(row => Math.Min(row.Depth, Nested)).ThenBy(row => row.Words.Length)
            .DistinctBy(row => row.Words.Length).Take(Sentences),
    ];

    /// <summary>Some sentences with the merges and the answers of a model.</summary>
    internal static Sketch Draw(IReadOnlyList<(ListOpsRow Row, int[] Merges, int Answer)> readings)
    {
        var (lines, words, text) = (new List<SketchLine>(), new List<SketchWord>(), new StringBuilder());
        var y = Margin;
        foreach (var (row, merges, answer) in readings)
        {
            var leaves = Leaves.Texts(row.Expression, row.Tokens);
            var agreement = Leaves.Agreement(merges, row.Merges).ToString("0.00", CultureInfo.InvariantCulture);
            var title = $"value {row.Label}, read as {answer}; F1 {agreement}";
            words.Add(new SketchWord(Margin, y, title, false));
            var baseline = y + Margin + (Height(row.Merges) * LevelHeight) + LineHeight;
            AddTree(lines, row.Merges, baseline - LineHeight, -LevelHeight, isStrong: false);
            AddTree(lines, merges, baseline + (LineHeight / 3), LevelHeight, isStrong: true);
            words.AddRange(leaves.Select((leaf, i) => new SketchWord(Middle(i), baseline, leaf, true)));
            y = baseline + (Height(merges) * LevelHeight) + (2 * LineHeight);

            text.Append(title).Append('\n');
            AppendTree(text, "true", leaves, row.Merges);
            AppendTree(text, "model", leaves, merges);
        }

        var width = (2 * Margin) + (WordWidth * readings.Max(reading => reading.Row.Words.Length));
        return new Sketch("trees", Math.Max(width, 16 * Margin), y, lines, words, text.ToString());
    }

    private static double Middle(double leaf) => Margin + (WordWidth * (leaf + 0.5));

    private static int Height(int[] merges) => Nodes(merges).Max(node => node.Level);

    private static void AddTree(List<SketchLine> lines, int[] merges, double y, int step, bool isStrong)
    {
        foreach (var node in Nodes(merges))
        {
            var height = y + (node.Level * step);
            foreach (var (x, level) in (ReadOnlySpan<(double, int)>)[node.Left, node.Right])
                lines.Add(new SketchLine(Middle(x), y + (level * step), Middle(x), height, isStrong));
            lines.Add(new SketchLine(Middle(node.Left.X), height, Middle(node.Right.X), height, isStrong));
        }
    }

    /// <summary>The nodes in the order of the merges, with places in leaves and levels above them.</summary>
    private static List<((double X, int Level) Left, (double X, int Level) Right, int Level)> Nodes(int[] merges)
    {
        var row = Enumerable.Range(0, merges.Length + 1).Select(leaf => (X: (double)leaf, Level: 0)).ToList();
        var nodes = new List<((double, int), (double, int), int)>();
        foreach (var at in merges)
        {
            var (left, right) = (row[at], row[at + 1]);
            var level = Math.Max(left.Level, right.Level) + 1;
            nodes.Add((left, right, level));
            row[at] = ((left.X + right.X) / 2, level);
            row.RemoveAt(at + 1);
        }

        return nodes;
    }

    /// <summary>The words, and below them a line for each level; a node goes on below its left end.</summary>
    private static void AppendTree(StringBuilder text, string name, List<string> leaves, int[] merges)
    {
        var starts = leaves.Select((_, i) => leaves.Take(i).Sum(leaf => leaf.Length + 2)).ToList();
        var ends = starts.ConvertAll(start => (Column: start, Level: 0));
        var lines = Enumerable.Range(0, Height(merges)).Select(_ => new string(' ', starts[^1] + 1).ToCharArray()).ToArray();
        foreach (var at in merges)
        {
            var (left, right) = (ends[at], ends[at + 1]);
            var level = Math.Max(left.Level, right.Level) + 1;
            foreach (var (column, from) in (ReadOnlySpan<(int, int)>)[left, right])
            {
                for (var between = from; between < level - 1; between++)
                    lines[between][column] = '│';
            }

            lines[level - 1].AsSpan(left.Column, right.Column - left.Column).Fill('─');
            lines[level - 1][left.Column] = ends.Count == 2 ? '╰' : '├';
            lines[level - 1][right.Column] = '╯';
            ends[at] = (left.Column, level);
            ends.RemoveAt(at + 1);
        }

        text.Append(CultureInfo.InvariantCulture, $"  {name,-5}  {string.Join("  ", leaves)}\n");
        foreach (var line in lines)
            text.Append("         ").Append(new string(line).TrimEnd()).Append('\n');
    }
}
