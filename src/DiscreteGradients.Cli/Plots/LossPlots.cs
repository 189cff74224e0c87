using DiscreteGradients.Experiments;

namespace DiscreteGradients.Cli.Plots;

/// <summary>Loss curves of a run: mean, and a band of one standard deviation over seeds.</summary>
internal static class LossPlots
{
    /// <summary>Variances differ between estimators by powers of ten.</summary>
    internal const string Variance = "log10 gradient variance";

    internal static double? LogVariance(MetricsLine line) => line.GradientVariance is { } variance ? Math.Log10(variance) : null;

    /// <summary>
    /// Writes <c>plots/train-loss</c> and, where they exist, <c>test-loss</c> and <c>expected-loss</c>, and if they exist at several epochs
    /// <c>test-bound</c> and <c>log10-gradient-variance</c>, as PNG and SVG.
    /// </summary>
    internal static void Write(OutputFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines)
    {
        Write(folder, record, lines, "train loss", line => line.TrainLoss);
        Write(folder, record, lines, "test loss", line => line.TestLoss);
        Write(folder, record, lines, "expected loss", line => line.ExpectedLoss);
        Write(folder, record, lines, "test bound", line => line.TestBound, least: 2);
        Write(folder, record, lines, Variance, LogVariance, least: 2);
    }

    /// <summary>Writes one plot of curves over epochs, if there is anything to show.</summary>
    internal static void Write(OutputFolder folder, string title, string label, string file, double? optimum, IReadOnlyList<CurvePoint> points)
    {
        var known = points.Where(point => double.IsFinite(point.Value)).ToList();
        if (known.Count == 0)
            return;

        var seeds = known.Select(point => point.Seed).Distinct().Count();
        using var plot = CurvePlot.Create(
            $"{title}{(seeds > 1 ? $", mean ± std over {seeds} seeds" : "")}", label,
            [
                .. known.GroupBy(point => point.Estimator).Select(group => new Curve(group.Key, group.Key,
                    [.. group.GroupBy(p => p.Epoch).OrderBy(e => e.Key).Select(e => (e.Key, Spread.Of([.. e.Select(p => p.Value)])))])),
            ],
            optimum);
        PlotStyle.Save(plot, folder, file);
    }

    /// <param name="least">Epochs that have it: with fewer there is no plot.</param>
    private static void Write(
        OutputFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines, string label, Func<MetricsLine, double?> loss, int least = 1)
    {
        var points = lines.Where(line => loss(line) is not null).Select(line => new CurvePoint(line.Estimator, line.Seed, line.Epoch, loss(line)!.Value)).ToList();
        if (points.Select(point => point.Epoch).Distinct().Count() >= least)
            Write(folder, $"{record.Experiment}: {label}", label, label.Replace(' ', '-'), record.Optimum, points);
    }
}

/// <summary>A number of one estimator and seed after one epoch.</summary>
internal readonly record struct CurvePoint(string Estimator, long Seed, int Epoch, double Value);
