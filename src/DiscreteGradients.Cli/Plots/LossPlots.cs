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

    private static void Write(OutputFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines, string label, Func<MetricsLine, double?> loss)
    {
        var known = lines.Where(line => loss(line) is { } value && double.IsFinite(value)).ToList();
        if (known.Count == 0)
            return;

        var seeds = known.Select(line => line.Seed).Distinct().Count();
        using var plot = CurvePlot.Create(
            $"{record.Experiment}: {label}{(seeds > 1 ? $", mean ± std over {seeds} seeds" : "")}", label,
            [
                .. known.GroupBy(line => line.Estimator).Select(group => new Curve(group.Key, group.Key,
                    [.. group.GroupBy(l => l.Epoch).OrderBy(e => e.Key).Select(e => (e.Key, Spread.Of([.. e.Select(l => loss(l)!.Value)])))])),
            ],
            record.Optimum);
        PlotStyle.Save(plot, folder, label.Replace(' ', '-'));
    }
}
