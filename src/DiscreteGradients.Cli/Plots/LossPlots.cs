using DiscreteGradients.Experiments;
using ScottPlot;

namespace DiscreteGradients.Cli.Plots;

/// <summary>Loss curves of a run: mean, and a band of one standard deviation over seeds.</summary>
internal static class LossPlots
{
    /// <summary>Writes <c>plots/train-loss</c> and, where they exist, <c>plots/test-loss</c> and <c>plots/expected-loss</c>, as PNG and SVG.</summary>
    internal static void Write(OutputFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines)
    {
        Write(folder, record, lines, "train loss", line => line.TrainLoss);
        Write(folder, record, lines, "test loss", line => line.TestLoss);
        Write(folder, record, lines, "expected loss", line => line.ExpectedLoss);
    }

    /// <summary>Writes one plot of curves over epochs, if there is anything to show.</summary>
    internal static void Write(OutputFolder folder, string title, string label, string file, double? optimum, IReadOnlyList<CurvePoint> points)
    {
        var known = points.Where(point => double.IsFinite(point.Value)).ToList();
        if (known.Count == 0)
            return;

        var seeds = known.Select(point => point.Seed).Distinct().Count();
        using var plot = PlotStyle.Create($"{title}{(seeds > 1 ? $", mean ± std over {seeds} seeds" : "")}", "epoch", label);
        foreach (var group in known.GroupBy(point => point.Estimator))
            AddCurve(plot, group.Key, [.. group.GroupBy(p => p.Epoch).OrderBy(e => e.Key).Select(e => (e.Key, Spread.Of([.. e.Select(p => p.Value)])))]);
        if (optimum is { } best)
            plot.Add.HorizontalLine(best, 1.5f, Color.FromHex("#606060"), LinePattern.Dashed).LegendText = "optimum";

        plot.Axes.AutoScale();
        plot.Axes.SetLimitsX(known.Min(l => l.Epoch) - 0.5, known.Max(l => l.Epoch) + 0.5);
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { IntegerTicksOnly = true, TickDensity = 0.6 };
        PlotStyle.LegendAtTheRight(plot);
        PlotStyle.Save(plot, folder, file);
    }

    private static void Write(OutputFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines, string label, Func<MetricsLine, double?> loss) => Write(
        folder, $"{record.Experiment}: {label}", label, label.Replace(' ', '-'), record.Optimum,
        [.. lines.Where(line => loss(line) is not null).Select(line => new CurvePoint(line.Estimator, line.Seed, line.Epoch, loss(line)!.Value))]);

    private static void AddCurve(Plot plot, string estimator, (int Epoch, Spread Loss)[] points)
    {
        var (color, xs) = (PlotStyle.ColorOf(estimator), points.Select(p => (double)p.Epoch).ToArray());
        if (points.Any(p => p.Loss.Std > 0))
        {
            double[] Edge(int sign) => [.. points.Select(p => p.Loss.Mean + (sign * (double.IsNaN(p.Loss.Std) ? 0 : p.Loss.Std)))];
            var band = plot.Add.FillY(xs, Edge(-1), Edge(1));
            (band.FillColor, band.LineWidth) = (color.WithAlpha(0.18), 0);
        }

        var curve = plot.Add.Scatter(xs, [.. points.Select(p => p.Loss.Mean)], color);
        (curve.LineWidth, curve.LinePattern, curve.LegendText) = (2.5f, PlotStyle.PatternOf(estimator), estimator);
        curve.MarkerSize = points.Length == 1 ? 9 : 0;
    }
}

/// <summary>A number of one estimator and seed after one epoch.</summary>
internal readonly record struct CurvePoint(string Estimator, long Seed, int Epoch, double Value);
