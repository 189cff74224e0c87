using DiscreteGradients.Experiments;
using ScottPlot;

namespace DiscreteGradients.Cli.Plots;

/// <summary>Loss curves of a run, mean and band of one standard deviation over seeds, as PNG and SVG.</summary>
internal static class LossPlots
{
    private const int Width = 1200;
    private const int Height = 750;

    /// <summary>Okabe and Ito's colours, readable with any colour vision; the registry's order keeps an estimator's colour from run to run.</summary>
    private static readonly Color[] Colors =
    [
        Color.FromHex("#000000"), Color.FromHex("#D55E00"), Color.FromHex("#CC79A7"), Color.FromHex("#0072B2"), Color.FromHex("#56B4E9"),
        Color.FromHex("#009E73"), Color.FromHex("#E69F00"), Color.FromHex("#8C6D31"), Color.FromHex("#7F7F7F"), Color.FromHex("#5E3C99"),
    ];

    private static readonly LinePattern[] Patterns = [LinePattern.Solid, LinePattern.Dashed, LinePattern.DenselyDashed, LinePattern.Dotted];

    /// <summary>Writes <c>plots/train-loss</c> and, where they exist, <c>plots/test-loss</c> and <c>plots/expected-loss</c>.</summary>
    internal static void Write(RunFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines)
    {
        Write(folder, record, lines, "train-loss", "Train loss", line => line.TrainLoss);
        Write(folder, record, lines, "test-loss", "Test loss", line => line.TestLoss);
        Write(folder, record, lines, "expected-loss", "Expected loss", line => line.ExpectedLoss);
    }

    private static void Write(
        RunFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines, string name, string label, Func<MetricsLine, double?> loss)
    {
        var known = lines.Where(line => loss(line) is { } value && double.IsFinite(value)).ToList();
        if (known.Count == 0)
            return;

        using var plot = new Plot();
        plot.Title($"{record.Experiment}: {label.ToLowerInvariant()}{(record.Seeds.Count > 1 ? $", mean and standard deviation of {record.Seeds.Count} seeds" : "")}", size: 20);
        plot.XLabel("epoch", size: 16);
        plot.YLabel(label.ToLowerInvariant(), size: 16);
        foreach (var group in known.GroupBy(line => line.Estimator))
            AddCurve(plot, group.Key, [.. group.GroupBy(line => line.Epoch).OrderBy(epoch => epoch.Key).Select(epoch => (epoch.Key, Spread.Of([.. epoch.Select(line => loss(line)!.Value)])))]);
        if (record.Optimum is { } optimum)
        {
            var line = plot.Add.HorizontalLine(optimum, 1.5f, Color.FromHex("#404040"), LinePattern.Dashed);
            line.LegendText = "optimum";
        }

        plot.Axes.AutoScale();
        plot.Axes.SetLimitsX(known.Min(l => l.Epoch) - 0.5, known.Max(l => l.Epoch) + 0.5);
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { IntegerTicksOnly = true };
        var legend = plot.ShowLegend(Edge.Right);
        legend.Legend.OutlineWidth = 0;
        legend.Legend.ShadowColor = ScottPlot.Colors.Transparent;
        legend.Legend.FontSize = 15;
        legend.Legend.SymbolWidth = 36;

        folder.WriteFile($"plots/{name}.png", path => plot.SavePng(path, Width, Height));
        folder.WriteFile($"plots/{name}.svg", path => plot.SaveSvg(path, Width, Height));
    }

    private static void AddCurve(Plot plot, string estimator, (int Epoch, Spread Loss)[] points)
    {
        var index = Enumerable.Range(0, Estimators.All.Count).First(i => Estimators.All[i].Name == estimator);
        var (color, xs) = (Colors[index % Colors.Length], points.Select(p => (double)p.Epoch).ToArray());
        if (points.Any(p => p.Loss.Std > 0))
        {
            double Std(Spread s) => double.IsNaN(s.Std) ? 0 : s.Std;
            var band = plot.Add.FillY(xs, [.. points.Select(p => p.Loss.Mean - Std(p.Loss))], [.. points.Select(p => p.Loss.Mean + Std(p.Loss))]);
            band.FillColor = color.WithAlpha(0.18);
            band.LineWidth = 0;
        }

        var curve = plot.Add.Scatter(xs, [.. points.Select(p => p.Loss.Mean)], color);
        curve.LineWidth = 2.5f;
        curve.MarkerSize = points.Length == 1 ? 9 : 0;
        curve.LinePattern = Patterns[index % Patterns.Length];
        curve.LegendText = estimator;
    }
}
