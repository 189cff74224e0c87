using ScottPlot;

namespace DiscreteGradients.Cli.Plots;

/// <summary>A table whose cells are coloured by their numbers: the better, the lighter.</summary>
internal static class HeatMap
{
    private static readonly ScottPlot.Colormaps.Viridis Colors = new();

    /// <summary>Rows from the top; a cell without a number stays empty.</summary>
    internal static Plot Create(
        string title, string x, IReadOnlyList<string> columns, IReadOnlyList<string> rows, double?[,] cells, bool isHigherBetter)
    {
        var plot = PlotStyle.Create(title, x, "");
        double[] known = [.. cells.Cast<double?>().OfType<double>().Where(double.IsFinite)];
        var (lowest, range) = known.Length == 0 ? (0, 0) : (known.Min(), known.Max() - known.Min());
        for (var row = 0; row < rows.Count; row++)
        {
            for (var column = 0; column < columns.Count; column++)
            {
                if (cells[row, column] is { } value)
                    Add(plot, column, rows.Count - 1 - row, value, Lightness(value));
            }
        }

        Frame(plot, columns, rows);
        return plot;

        double Lightness(double value)
        {
            if (!double.IsFinite(value) || range == 0)
                return double.IsFinite(value) ? 1 : 0;
            var share = (value - lowest) / range;
            return isHigherBetter ? share : 1 - share;
        }
    }

    /// <summary>Names rows and columns.</summary>
    internal static void Frame(Plot plot, IReadOnlyList<string> columns, IReadOnlyList<string> rows)
    {
        plot.Axes.Bottom.TickGenerator = Ticks(columns);
        plot.Axes.Left.TickGenerator = Ticks([.. rows.Reverse()]);
        Bare(plot, 16);
        plot.Axes.Left.MinimumSize = 40 + (9 * rows.Max(r => r.Length));
        plot.Axes.SetLimits(-0.5, columns.Count - 0.5, -0.5, rows.Count - 0.5);
    }

    /// <summary>Leaves of the axes their names only.</summary>
    internal static void Bare(Plot plot, float size)
    {
        foreach (var axis in (IAxis[])[plot.Axes.Left, plot.Axes.Bottom])
        {
            axis.MajorTickStyle.Length = 0;
            axis.FrameLineStyle.Width = 0;
            axis.TickLabelStyle.FontSize = size;
        }

        plot.HideGrid();
    }

    private static void Add(Plot plot, int x, int y, double value, double lightness) =>
        Cell(plot, x, y, Shade(lightness), value.ToString(Math.Abs(value) < 10 ? "0.000" : "0.0", CultureInfo.InvariantCulture), 16);

    /// <summary>The colour of a number: 0 dark, 1 light.</summary>
    internal static Color Shade(double lightness) => Colors.GetColor(lightness);

    /// <summary>A square of size one with a text in it that stands out.</summary>
    internal static void Cell(Plot plot, double x, double y, Color color, string label, float size)
    {
        var cell = plot.Add.Rectangle(x - 0.5, x + 0.5, y - 0.5, y + 0.5);
        (cell.FillColor, cell.LineColor, cell.LineWidth) = (color, ScottPlot.Colors.White, 2);
        Label(plot, label, x, y, size).LabelFontColor = Ink(color);
    }

    /// <summary>The colour of a text on a colour.</summary>
    internal static Color Ink(Color paper) =>
        (0.299 * paper.Red) + (0.587 * paper.Green) + (0.114 * paper.Blue) > 130 ? ScottPlot.Colors.Black : ScottPlot.Colors.White;

    /// <summary>A text around a point.</summary>
    internal static ScottPlot.Plottables.Text Label(Plot plot, string label, double x, double y, float size)
    {
        var text = plot.Add.Text(label, x, y);
        (text.LabelAlignment, text.LabelFontSize, text.LabelFontName) = (Alignment.MiddleCenter, size, PlotFont.Name);
        return text;
    }

    /// <summary>Ticks that are names.</summary>
    internal static ScottPlot.TickGenerators.NumericManual Ticks(IReadOnlyList<string> labels) =>
        new([.. Enumerable.Range(0, labels.Count).Select(i => (double)i)], [.. labels]);
}
