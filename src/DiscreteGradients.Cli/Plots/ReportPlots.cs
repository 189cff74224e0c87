namespace DiscreteGradients.Cli.Plots;

/// <summary>The plots of <c>dgrad report</c>.</summary>
internal static class ReportPlots
{
    /// <summary>More curves than this are not told apart: then each method shows its best settings only.</summary>
    private const int ManyCurves = 10;

    private const string Temperature = "temperature";

    /// <summary>Returns the names of the files, below <c>plots/</c> and without an extension, and what they show.</summary>
    internal static IReadOnlyList<(string File, string Caption)> Write(OutputFolder folder, RunSection section) =>
    [
        .. section.Metrics.Where(metric => metric is { Place: MetricPlace.Result or MetricPlace.Curve, IsReported: true })
            .Select(metric => Curves(folder, section, metric)).OfType<(string, string)>(),
        .. Temperatures(folder, section) is { } map ? [map] : Array.Empty<(string, string)>(),
        .. section.Metrics.Where(metric => metric.IsTabled).Select(metric => Last(folder, section, metric)).OfType<(string, string)>(),
        .. section.Metrics.In(MetricPlace.Parts).Where(metric => metric is { IsReported: true, IsTabled: false })
            .SelectMany(metric => section.Series.Select((series, i) => Parts(folder, section, series, metric, i + 1)))
            .OfType<(string, string)>(),
    ];

    private static (string File, string Caption)? Curves(OutputFolder folder, RunSection section, Metric metric)
    {
        var shown = section.Series.Where(s => Points(s, metric).Count > (metric.IsSparse ? 1 : 0)
            && (metric.IsSparse || IsFinite(s.Last(metric)))).ToList();
        if (shown.Count == 0)
            return null;
        var best = shown.Count > ManyCurves;
        if (best)
            shown = [.. shown.GroupBy(s => s.Method.Name).Select(alike => alike.MinBy(s => (-s.Epoch, Rank(section, s)))!)];
        var caption = $"{section.Title}: {metric.Axis}{Over(shown.ConvertAll(s => s.Furthest.Count))}"
            + $"{(best ? ", best settings of each method" : "")}";
        using var plot = CurvePlot.Create(
            caption, metric.AxisWithUnit,
            [
                .. shown.Select(s => new Curve(
                    section.Label(s), s.Method.Name, Points(s, metric),
                    shown.Where(o => o.Method.Name == s.Method.Name).ToList().IndexOf(s))),
            ],
            metric.IsHeadline ? shown[0].Optimum : null);
        Zoom(plot, shown, metric);
        var file = $"{section.FileName}-{metric.Axis.Replace(' ', '-')}";
        PlotStyle.Save(plot, folder, file);
        return (file, caption);
    }

    /// <summary>The first twentieth of the epochs may leave the picture: a loss that falls far would end as a flat line.</summary>
    private static void Zoom(ScottPlot.Plot plot, List<RunSeries> shown, Metric metric)
    {
        var from = (shown.Max(s => s.Epoch) / 20) + 1;
        var settled = shown.SelectMany(s => Points(s, metric)).Where(p => p.Epoch >= from)
            .SelectMany(p =>
                double.IsNaN(p.Value.Std) ? [p.Value.Mean] : (double[])[p.Value.Mean - p.Value.Std, p.Value.Mean + p.Value.Std])
            .Concat(metric.IsHeadline && shown[0].Optimum is { } optimum ? [optimum] : []).ToList();
        if (from == 1 || settled.Count == 0)
            return;
        var margin = 0.05 * (settled.Max() - settled.Min());
        if (margin > 0)
            plot.Axes.SetLimitsY(settled.Min() - margin, settled.Max() + margin);
    }

    private static (string File, string Caption)? Temperatures(OutputFolder folder, RunSection section)
    {
        var headline = section.Metrics.Headline();
        var runs = section.Series.Where(s => s.Complete && TemperatureOf(s) is not null).ToList();
        var rows = runs.GroupBy(s => (s.Method.Name, Others: string.Join(", ", s.Tuning.Where(t => t.Name != Temperature)))).ToList();
        if (!rows.Exists(row => row.Select(TemperatureOf).Distinct().Count() > 1))
            return null;
        var columns = runs.Select(s => TemperatureOf(s)!.Value).Distinct().Order().ToList();
        var cells = new double?[rows.Count, columns.Count];
        foreach (var (index, row) in rows.Index())
        {
            foreach (var series in row)
                cells[index, columns.IndexOf(TemperatureOf(series)!.Value)] = series.Last(headline)?.Mean;
        }

        var caption = $"{section.Title}: final {headline.Title} by temperature{Over(runs.ConvertAll(s => s.Furthest.Count), "mean")}";
        using var plot = HeatMap.Create(
            caption, Temperature, [.. columns.Select(t => t.ToString(CultureInfo.InvariantCulture))],
            [.. rows.Select(row => rows.Count(r => r.Key.Name == row.Key.Name) == 1 ? row.Key.Name : $"{row.Key.Name}, {row.Key.Others}")],
            cells,
            headline.Better == Direction.Higher);
        PlotStyle.Save(plot, folder, $"{section.FileName}-{Temperature}");
        return ($"{section.FileName}-{Temperature}", caption);
    }

    private static (string File, string Caption)? Last(OutputFolder folder, RunSection section, Metric metric)
    {
        var shown = section.Series.Where(s => s.Epoch > 0).ToList();
        var best = shown.Count > ManyCurves;
        if (best)
            shown = [.. shown.GroupBy(s => s.Method.Name).Select(alike => alike.MinBy(s => (-s.Epoch, Rank(section, s)))!)];
        var parts = shown.SelectMany(s => s.Parts(metric)).Distinct().ToList();
        var caption = $"{section.Title}: {metric.Title}{(best ? ", best settings of each method" : "")}";
        var file = $"{section.FileName}-{metric.Title.Replace(' ', '-')}";
        return PartsPlot.Write(
            folder, file, caption, metric, parts,
            shown.Select(s => (
                section.Label(s), s.Method.Name, shown.Where(o => o.Method.Name == s.Method.Name).ToList().IndexOf(s),
                (Func<string, Spread?>)(part => s.At(s.Epoch, $"{metric.Name}/{part}") is { } value && IsFinite(value) ? value : null))))
            ? (file, caption)
            : null;
    }

    private static (string File, string Caption)? Parts(
        OutputFolder folder, RunSection section, RunSeries series, Metric metric, int number)
    {
        var prefix = metric.Name + "/";
        var names = series.Seeds.SelectMany(s => s.Lines).SelectMany(l => l.Numbers.Keys).Distinct()
            .Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).Select(key => key[prefix.Length..]).ToList();
        var curves = names.Zip(PlotStyle.LooksOf(names), (name, look) => new Curve(name, look, Points(series, prefix + name))).ToList();
        curves.RemoveAll(c => c.Points.Count == 0);
        if (curves.Count == 0)
            return null;
        var caption = $"{section.Title}: {metric.Title}, training with {section.Label(series)}{Over([series.Furthest.Count])}";
        using var plot = CurvePlot.Create(caption, metric.AxisWithUnit, curves);
        var file = $"{section.FileName}-{metric.Name}-{number}";
        PlotStyle.Save(plot, folder, file);
        return (file, caption);
    }

    private static List<(int Epoch, Spread Value)> Points(RunSeries series, Metric metric) =>
        series.Own(metric) is { } own ? Points(series, own.Name, own.Plotted) : [];

    /// <summary>The epochs at which all seeds have a finite value.</summary>
    private static List<(int Epoch, Spread Value)> Points(RunSeries series, string name, Func<double, double>? map = null) =>
    [
        .. Enumerable.Range(1, series.Epoch)
            .Select(epoch => (epoch, series.At(epoch, name, map)))
            .Where(p => IsFinite(p.Item2))
            .Select(p => (p.epoch, p.Item2!.Value)),
    ];

    private static bool IsFinite(Spread? value) => value is { Mean: var mean } && double.IsFinite(mean);

    private static double Rank(RunSection section, RunSeries series) =>
        section.Metrics.Headline() is var headline && series.Last(headline) is { Mean: var mean }
            ? headline.Rank(mean)
            : double.PositiveInfinity;

    private static double? TemperatureOf(RunSeries series) =>
        series.Tuning.FirstOrDefault(t => t.Name == Temperature) is { } setting ? RunSeries.Number(setting.Value) : null;

    private static string Over(List<int> seeds, string what = "mean ± std") => (seeds.Min(), seeds.Max()) switch
    {
        (1, 1) => "",
        var (least, most) when least == most => $", {what} over {most} seeds",
        var (least, most) => $", {what} over {least} to {most} seeds",
    };
}
