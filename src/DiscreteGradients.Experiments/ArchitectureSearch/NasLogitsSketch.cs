using System.Text;

namespace DiscreteGradients.Experiments;

/// <summary>
/// The probabilities of all operations over the epochs: a block for each edge, a row for each operation, the darker, the more probable.
/// </summary>
internal static class NasLogitsSketch
{
    private const int Left = 110;
    private const int Top = 34;
    private const int RowHeight = 14;
    private const int BlockGap = 16;
    private const int Picture = 480;

    /// <param name="history">Logits [epochs + 1, 6, 5]; the first are those before training.</param>
    /// <param name="epoch">The last one that is there.</param>
    internal static Sketch Draw(Tensor history, int epoch)
    {
        using var scope = NewDisposeScope();
        var p = history.narrow(0, 0, epoch + 1).softmax(-1).data<float>().ToArray();
        var most = p.Max();
        var (lines, words, text) = (new List<SketchLine>(), new List<SketchWord>(), new StringBuilder());
        words.Add(new SketchWord(Left, Top - 12, FormattableString.Invariant(
            $"probability of each operation from white, 0, to dark, {most:0.00}; epochs 0 to {epoch}"), false));
        text.Append(CultureInfo.InvariantCulture, $"after epoch {epoch}");
        foreach (var operation in NasOperations.All)
            text.Append(CultureInfo.InvariantCulture, $"  {operation.Words(),8}");
        text.Append('\n');

        var y = Top;
        foreach (var (i, edge) in NasCell.Edges.Index())
        {
            words.Add(new SketchWord(8, y + (RowHeight * NasOperations.All.Count / 2.0) + 5, edge.ToString(), false));
            text.Append(CultureInfo.InvariantCulture, $"{edge,-13}");
            foreach (var operation in NasOperations.All)
            {
                words.Add(new SketchWord(Left + Picture + 8, y + RowHeight - 2, operation.Words(), false));
                AddRow(lines, y, [.. Enumerable.Range(0, epoch + 1).Select(e => At(e, i, operation) / most)]);
                text.Append(CultureInfo.InvariantCulture, $"  {At(epoch, i, operation),8:0.000}");
                y += RowHeight;
            }

            text.Append('\n');
            y += BlockGap;
        }

        return new Sketch("logits", Left + Picture + 100, y, lines, words, text.ToString());

        float At(int after, int edge, NasOperation operation) =>
            p[(((after * NasCell.Edges.Count) + edge) * NasOperations.All.Count) + (int)operation];
    }

    private static void AddRow(List<SketchLine> lines, int y, float[] shades)
    {
        var width = (double)Picture / shades.Length;
        foreach (var (epoch, shade) in shades.Index())
        {
            var from = Left + (epoch * width);
            lines.Add(new SketchLine(from, y + (RowHeight / 2.0), from + width, y + (RowHeight / 2.0), true)
            {
                Color = Blue(shade),
                Width = RowHeight - 1,
            });
        }
    }

    /// <summary>From white to dark blue.</summary>
    private static string Blue(double shade) =>
        FormattableString.Invariant($"#{(int)(255 - (247 * shade)):X2}{(int)(255 - (207 * shade)):X2}{(int)(255 - (148 * shade)):X2}");
}
