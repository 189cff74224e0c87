using System.Globalization;
using DiscreteGradients.Cli.Reports;
using DiscreteGradients.Experiments;

namespace DiscreteGradients.Cli.Plots;

/// <summary>The plots of <c>dgrad report</c>.</summary>
internal static class ReportPlots
{
    /// <summary>More curves than this are not told apart: then each estimator shows its best settings only.</summary>
    private const int ManyCurves = 10;

    private const string Cosine = "cosine/";

    private static readonly ReportLoss Variance = new(LossPlots.Variance, LossPlots.LogVariance, _ => null, Sparse: true);

    /// <summary>Returns the names of the files, below <c>plots/</c> and without an extension, and what they show.</summary>
    internal static IReadOnlyList<(string File, string Caption)> Write(OutputFolder folder, RunSection section) =>
    [
        .. ReportLoss.All.Select(loss => Losses(folder, section, loss)).OfType<(string, string)>(),
        .. Losses(folder, section, Variance) is { } variance ? [variance] : Array.Empty<(string, string)>(),
        .. Temperatures(folder, section) is { } map ? [map] : Array.Empty<(string, string)>(),
        .. section.Series.Select((series, i) => Cosines(folder, section, series, i + 1)).OfType<(string, string)>(),
    ];

    private static (string File, string Caption)? Losses(OutputFolder folder, RunSection section, ReportLoss loss)
    {
        var shown = section.Series.Where(s => loss.Sparse ? Points(s, loss.InLine).Count > 1 : loss.Of(s) is { Mean: var mean } && double.IsFinite(mean)).ToList();
        if (shown.Count == 0)
            return null;
        var best = shown.Count > ManyCurves;
        if (best)
            shown = [.. shown.GroupBy(s => s.Estimator.Name).Select(alike => alike.MaxBy(s => (s.Epoch, -(loss.Sparse ? ReportLoss.All[0] : loss).Of(s)!.Value.Mean))!)];
        var seeds = shown.ConvertAll(s => s.Furthest.Count);
        var caption = $"{section.Title}: {loss.Name}{Over(seeds)}{(best ? ", best settings of each estimator" : "")}";
        using var plot = CurvePlot.Create(
            caption, loss.Name,
            [.. shown.Select(s => new Curve(section.Label(s), s.Estimator.Name, Points(s, loss.InLine), shown.Where(o => o.Estimator.Name == s.Estimator.Name).ToList().IndexOf(s)))],
            shown[0].Optimum);
        Zoom(plot, shown, loss);
        var file = $"{section.FileName}-{loss.Name.Replace(' ', '-')}";
        PlotStyle.Save(plot, folder, file);
        return (file, caption);
    }

    /// <summary>The first twentieth of the epochs may leave the picture, where a loss falls so far that its end would be a flat line.</summary>
    private static void Zoom(ScottPlot.Plot plot, List<RunSeries> shown, ReportLoss loss)
    {
        var from = (shown.Max(s => s.Epoch) / 20) + 1;
        var settled = shown.SelectMany(s => Points(s, loss.InLine)).Where(p => p.Epoch >= from)
            .SelectMany(p => double.IsNaN(p.Value.Std) ? [p.Value.Mean] : (double[])[p.Value.Mean - p.Value.Std, p.Value.Mean + p.Value.Std])
            .Concat(shown[0].Optimum is { } optimum ? [optimum] : []).ToList();
        if (from == 1 || settled.Count == 0)
            return;
        var margin = 0.05 * (settled.Max() - settled.Min());
        if (margin > 0)
            plot.Axes.SetLimitsY(settled.Min() - margin, settled.Max() + margin);
    }

    private static (string File, string Caption)? Temperatures(OutputFolder folder, RunSection section)
    {
        const string temperature = "temperature";
        var runs = section.Series.Where(s => s.Complete && Temperature(s) is not null).ToList();
        var rows = runs.GroupBy(s => (s.Estimator.Name, Others: string.Join(", ", s.Tuning.Where(t => t.Name != temperature)))).ToList();
        if (!rows.Exists(row => row.Select(Temperature).Distinct().Count() > 1))
            return null;
        var columns = runs.Select(s => Temperature(s)!.Value).Distinct().Order().ToList();
        var cells = new double?[rows.Count, columns.Count];
        foreach (var (index, row) in rows.Index())
        {
            foreach (var series in row)
                cells[index, columns.IndexOf(Temperature(series)!.Value)] = ReportLoss.All[0].Of(series)!.Value.Mean;
        }

        var caption = $"{section.Title}: final train loss by temperature{Over(runs.ConvertAll(s => s.Furthest.Count), "mean")}";
        using var plot = HeatMap.Create(
            caption, temperature, [.. columns.Select(t => t.ToString(CultureInfo.InvariantCulture))],
            [.. rows.Select(row => rows.Count(r => r.Key.Name == row.Key.Name) == 1 ? row.Key.Name : $"{row.Key.Name}, {row.Key.Others}")], cells);
        PlotStyle.Save(plot, folder, $"{section.FileName}-{temperature}");
        return ($"{section.FileName}-{temperature}", caption);
    }

    private static (string File, string Caption)? Cosines(OutputFolder folder, RunSection section, RunSeries series, int number)
    {
        var names = series.Seeds.SelectMany(s => s.Lines).SelectMany(l => l.Values?.Keys ?? []).Distinct()
            .Where(key => key.StartsWith(Cosine, StringComparison.Ordinal)).ToList();
        var curves = names.ConvertAll(key => new Curve(
            key[Cosine.Length..], key[Cosine.Length..], Points(series, line => line.Values is { } values && values.TryGetValue(key, out var value) ? value : null)));
        curves.RemoveAll(c => c.Points.Count == 0);
        if (curves.Count == 0)
            return null;
        var caption = $"{section.Title}: cosine to the exact gradient, training with {section.Label(series)}{Over([series.Furthest.Count])}";
        using var plot = CurvePlot.Create(caption, "cosine", curves);
        PlotStyle.Save(plot, folder, $"{section.FileName}-cosine-{number}");
        return ($"{section.FileName}-cosine-{number}", caption);
    }

    /// <summary>The epochs at which all seeds have a finite value.</summary>
    private static List<(int Epoch, Spread Value)> Points(RunSeries series, Func<MetricsLine, double?> value) =>
    [
        .. Enumerable.Range(1, series.Epoch)
            .Select(epoch => (epoch, series.Loss(epoch, value)))
            .Where(p => p.Item2 is { Mean: var mean } && double.IsFinite(mean))
            .Select(p => (p.epoch, p.Item2!.Value)),
    ];

    private static double? Temperature(RunSeries series) =>
        series.Tuning.FirstOrDefault(t => t.Name == "temperature") is { } setting
        && double.TryParse(setting.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static string Over(List<int> seeds, string what = "mean ± std") => (seeds.Min(), seeds.Max()) switch
    {
        (1, 1) => "",
        var (least, most) when least == most => $", {what} over {most} seeds",
        var (least, most) => $", {what} over {least} to {most} seeds",
    };
}
