using ScottPlot;

namespace DiscreteGradients.Cli.Plots;

/// <summary>Something that changes from epoch to epoch.</summary>
/// <param name="Variant">Which of several curves of the method: they share its colour.</param>
internal sealed record Curve(string Label, string Method, IReadOnlyList<(int Epoch, Spread Value)> Points, int Variant = 0);

/// <summary>Curves over epochs: mean, and a band of one standard deviation over seeds.</summary>
internal static class CurvePlot
{
    internal static Plot Create(string title, string label, IReadOnlyList<Curve> curves, double? optimum = null)
    {
        var plot = PlotStyle.Create(title, "epoch", label);
        foreach (var curve in curves)
            AddBand(plot, curve);
        foreach (var curve in curves)
            AddLine(plot, curve);
        if (optimum is { } value)
            plot.Add.HorizontalLine(value, 1.5f, Color.FromHex("#606060"), LinePattern.Dashed).LegendText = "optimum";

        var epochs = curves.SelectMany(c => c.Points).Select(p => p.Epoch).ToList();
        plot.Axes.AutoScale();
        plot.Axes.SetLimitsX(epochs.Min() - 0.5, epochs.Max() + 0.5);
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { IntegerTicksOnly = true, TickDensity = 0.6 };
        PlotStyle.LegendAtTheRight(plot);
        return plot;
    }

    private static void AddBand(Plot plot, Curve curve)
    {
        if (!curve.Points.Any(p => p.Value.Std > 0))
            return;
        double[] Edge(int sign) => [.. curve.Points.Select(p => p.Value.Mean + (sign * (double.IsNaN(p.Value.Std) ? 0 : p.Value.Std)))];
        var band = plot.Add.FillY(Epochs(curve), Edge(-1), Edge(1));
        (band.FillColor, band.LineWidth) = (PlotStyle.LookOf(curve.Method).Color.WithAlpha(0.18), 0);
    }

    private static void AddLine(Plot plot, Curve curve)
    {
        var look = PlotStyle.LookOf(curve.Method, curve.Variant);
        var line = plot.Add.Scatter(Epochs(curve), [.. curve.Points.Select(p => p.Value.Mean)], look.Color);
        var isPoint = curve.Points.Count == 1;
        (line.LineWidth, line.LegendText, line.MarkerSize) = (look.Width, curve.Label, isPoint ? 9 : 0);
        if (!isPoint)  // Skia complains on standard error of markers with a pattern in an SVG
            line.LinePattern = look.Pattern;
    }

    private static double[] Epochs(Curve curve) => [.. curve.Points.Select(p => (double)p.Epoch)];
}
