using System.Text;

namespace DiscreteGradients.Experiments;

/// <summary>Draws a cell: its nodes, and its edges in the colours of their operations.</summary>
internal static class NasCellSketch
{
    private const int Width = 820;
    private const int Height = 460;
    private const int Radius = 20;
    private const int TextHeight = 24;
    private const int LetterWidth = 9;

    /// <summary>Where the nodes are: so placed, no two edges cross.</summary>
    private static readonly (double X, double Y)[] Places = [(90, 370), (410, 70), (410, 270), (730, 370)];

    /// <summary>Where the operations are written, in the order of the edges: beside their middles.</summary>
    private static readonly (double X, double Y)[] Labels =
        [(200, 212), (300, 348), (452, 175), (410, 362), (620, 212), (520, 348)];

    /// <summary>Distinct with any colour vision (after Okabe and Ito).</summary>
    internal static string Color(NasOperation operation) => operation switch
    {
        NasOperation.None => "#C8C8C8",
        NasOperation.Skip => "#000000",
        NasOperation.Conv1x1 => "#56B4E9",
        NasOperation.Conv3x3 => "#D55E00",
        _ => "#009E73",
    };

    /// <param name="notes">Lines below the drawing, such as how good the cell is.</param>
    internal static Sketch Draw(NasCell cell, params IReadOnlyList<string> notes)
    {
        var (lines, words, text) = (new List<SketchLine>(), new List<SketchWord>(), new StringBuilder());
        foreach (var (edge, operation, label) in NasCell.Edges.Zip(cell.Operations, Labels))
        {
            AddEdge(lines, Places[edge.From], Places[edge.To], Color(operation));
            words.Add(new SketchWord(label.X, label.Y, operation.Words(), true) { Color = Ink(operation) });
        }

        foreach (var (node, (x, y)) in Places.Index())
        {
            AddCircle(lines, x, y);
            words.Add(new SketchWord(x, y + 6, node.ToString(CultureInfo.InvariantCulture), true));
        }

        words.Add(new SketchWord(Places[0].X, Places[0].Y + Radius + TextHeight, "input", true));
        words.Add(new SketchWord(Places[^1].X, Places[^1].Y + Radius + TextHeight, "output", true));
        foreach (var (line, note) in notes.Index())
            words.Add(new SketchWord(Radius, Height + (line * TextHeight), note, false));

        AppendTable(text, cell);
        foreach (var note in notes)
            text.Append(note).Append('\n');
        var width = Math.Max(Width, (2 * Radius) + (notes.Select(note => note.Length).DefaultIfEmpty().Max() * LetterWidth));
        return new Sketch("cell", width, Height + (notes.Count * TextHeight), lines, words, text.ToString());
    }

    /// <summary>A line with a head, from rim to rim.</summary>
    private static void AddEdge(List<SketchLine> lines, (double X, double Y) from, (double X, double Y) to, string color)
    {
        var length = Math.Sqrt(((to.X - from.X) * (to.X - from.X)) + ((to.Y - from.Y) * (to.Y - from.Y)));
        var (x, y) = ((to.X - from.X) / length, (to.Y - from.Y) / length);
        var (endX, endY) = (to.X - (x * (Radius + 3)), to.Y - (y * (Radius + 3)));
        lines.Add(Line(from.X + (x * Radius), from.Y + (y * Radius), endX, endY));
        foreach (var side in (int[])[-1, 1])
            lines.Add(Line(endX, endY, endX - (12 * x) + (side * 6 * y), endY - (12 * y) - (side * 6 * x)));

        SketchLine Line(double fromX, double fromY, double toX, double toY) => new(fromX, fromY, toX, toY, true) { Color = color };
    }

    /// <summary>The colour of words: a pale line can be seen, pale words can hardly be read.</summary>
    private static string Ink(NasOperation operation) => operation == NasOperation.None ? "#7A7A7A" : Color(operation);

    private static void AddCircle(List<SketchLine> lines, double x, double y)
    {
        const int Sides = 32;
        for (var side = 0; side < Sides; side++)
        {
            var ((fromX, fromY), (toX, toY)) = (Rim(side), Rim(side + 1));
            lines.Add(new SketchLine(fromX, fromY, toX, toY, false) { Color = "#000000" });
        }

        (double X, double Y) Rim(int side) =>
            (x + (Radius * Math.Cos(2 * Math.PI * side / Sides)), y + (Radius * Math.Sin(2 * Math.PI * side / Sides)));
    }

    /// <summary>A row for each node, a column for each that it comes from.</summary>
    private static void AppendTable(StringBuilder text, NasCell cell)
    {
        var operations = cell.Operations;
        var width = operations.Max(operation => operation.Words().Length) + 2;
        text.Append("node").Append(string.Concat(
            Enumerable.Range(0, NasCell.Nodes - 1).Select(from => "  " + $"from {from}".PadRight(width - 2))).TrimEnd()).Append('\n');
        for (var (node, edge) = (1, 0); node < NasCell.Nodes; node++)
        {
            var row = string.Concat(Enumerable.Range(0, node).Select(_ => "  " + operations[edge++].Words().PadRight(width - 2)));
            text.Append(CultureInfo.InvariantCulture, $"{node,4}{row.TrimEnd()}\n");
        }
    }
}
