using DiscreteGradients.Experiments;

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
        using var plot = CurvePlot.Create(
            $"{title}{(seeds > 1 ? $", mean ± std over {seeds} seeds" : "")}", label,
            [
                .. known.GroupBy(point => point.Estimator).Select(group => new Curve(group.Key, group.Key,
                    [.. group.GroupBy(p => p.Epoch).OrderBy(e => e.Key).Select(e => (e.Key, Spread.Of([.. e.Select(p => p.Value)])))])),
            ],
            optimum);
        PlotStyle.Save(plot, folder, file);
    }

    private static void Write(OutputFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines, string label, Func<MetricsLine, double?> loss) => Write(
        folder, $"{record.Experiment}: {label}", label, label.Replace(' ', '-'), record.Optimum,
        [.. lines.Where(line => loss(line) is not null).Select(line => new CurvePoint(line.Estimator, line.Seed, line.Epoch, loss(line)!.Value))]);
}

/// <summary>A number of one estimator and seed after one epoch.</summary>
internal readonly record struct CurvePoint(string Estimator, long Seed, int Epoch, double Value);
