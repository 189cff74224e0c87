using DiscreteGradients.Cli.Commands;
using ScottPlot;

namespace DiscreteGradients.Cli.Plots;

/// <summary>Bias and standard deviation of every estimator, side by side, in units of the exact gradient's norm.</summary>
internal static class QualityPlot
{
    internal static void Write(OutputFolder folder, ProblemKind problem, IReadOnlyList<ComparisonRow> rows)
    {
        using var plot = PlotStyle.Create(
            $"Gradient quality, {problem.ToString().ToLowerInvariant()} objective", "", "relative to the exact gradient's norm");
        Add(plot, rows, -0.2, "bias", Color.FromHex("#D55E00"), row => row.Unbiased ? 0 : row.RelativeBias);
        Add(plot, rows, 0.2, "standard deviation of one draw", Color.FromHex("#0072B2"), row => row.RelativeStandardDeviation);

        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. Enumerable.Range(0, rows.Count).Select(i => (double)i)], [.. rows.Select(row => row.Estimator)]);
        plot.Axes.Bottom.TickLabelStyle.Rotation = 25;
        plot.Axes.Bottom.TickLabelStyle.Alignment = Alignment.UpperLeft;
        plot.Axes.Bottom.MinimumSize = 90;
        plot.Axes.Margins(bottom: 0);
        plot.HideGrid();
        var legend = plot.ShowLegend(Alignment.UpperLeft, Orientation.Vertical);
        (legend.OutlineWidth, legend.ShadowColor, legend.FontSize) = (0, Colors.Transparent, 15);
        PlotStyle.Save(plot, folder, "gradient-quality");
    }

    private static void Add(
        Plot plot, IReadOnlyList<ComparisonRow> rows, double shift, string label, Color color, Func<ComparisonRow, double> value)
    {
        var bars = plot.Add.Bars(rows.Select(
            (row, i) => new Bar { Position = i + shift, Value = value(row), Size = 0.38, FillColor = color, LineWidth = 0 }).ToArray());
        bars.LegendText = label;
    }
}
