namespace DiscreteGradients.Cli.Plots;

/// <summary>The plots of a run, as its metrics declare them: mean and one standard deviation over seeds, by epoch.</summary>
internal static class MetricPlots
{
    /// <summary>Writes <c>plots/TITLE</c> for each metric that there is something to show of, as PNG and SVG.</summary>
    internal static void Write(OutputFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines)
    {
        foreach (var metric in ExperimentCatalog.Metrics(record, lines))
        {
            if (metric.Place is MetricPlace.Result or MetricPlace.Curve)
                WriteCurves(folder, record, lines, metric);
            else if (metric.IsTabled)
                WriteLast(folder, record, lines, metric);
            else if (metric.Place == MetricPlace.Parts)
                WriteParts(folder, record, lines, metric);
        }
    }

    private static void WriteCurves(OutputFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines, Metric metric)
    {
        var points = lines.Where(line => line[metric.Name] is not null)
            .Select(line => new CurvePoint(line.Method, line.Seed, line.Epoch, metric.Plotted(line[metric.Name]!.Value))).ToList();
        if (points.Select(point => point.Epoch).Distinct().Count() >= (metric.IsSparse ? 2 : 1))
        {
            var optimum = metric.IsHeadline ? record.Optimum : null;
            Write(folder, $"{record.Experiment}: {metric.Axis}", metric, FileName(metric), optimum, points);
        }
    }

    /// <summary>The parts at the end, side by side.</summary>
    private static void WriteLast(OutputFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines, Metric metric)
    {
        var prefix = metric.Name + "/";
        var parts = lines.SelectMany(line => line.Numbers.Keys).Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Distinct()
            .Select(name => name[prefix.Length..]).ToList();
        PartsPlot.Write(
            folder, FileName(metric), $"{record.Experiment}: {metric.Title}", metric, parts,
            lines.GroupBy(line => line.Method).Select(group => (group.Key, group.Key, 0, (Func<string, Spread?>)Last(group.ToList()))));

        Func<string, Spread?> Last(List<MetricsLine> own) => part =>
            own.FindAll(line => line.Epoch == own.Max(l => l.Epoch)).ConvertAll(line => line[prefix + part]) is var values
                && values.TrueForAll(value => value is { } number && double.IsFinite(number))
                ? Spread.Of([.. values.Select(value => value!.Value)])
                : null;
    }

    /// <summary>A curve for each part; a plot for each method, if several were trained.</summary>
    private static void WriteParts(OutputFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines, Metric metric)
    {
        var points = (
            from line in lines
            from number in line.Numbers
            where number.Key.StartsWith(metric.Name + "/", StringComparison.Ordinal)
            select (Trained: line.Method,
                    Point: new CurvePoint(number.Key[(metric.Name.Length + 1)..], line.Seed, line.Epoch, metric.Plotted(number.Value))))
            .ToList();
        var several = points.Select(p => p.Trained).Distinct().Count() > 1;
        foreach (var plot in points.GroupBy(p => p.Trained))
        {
            Write(
                folder, $"{record.Experiment} trained with {plot.Key}: {metric.Axis} of {metric.Of}", metric,
                FileName(metric) + (several ? "-" + plot.Key : ""), null, [.. plot.Select(p => p.Point)]);
        }
    }

    /// <summary>Writes one plot, if there is anything to show.</summary>
    private static void Write(
        OutputFolder folder, string title, Metric metric, string file, double? optimum, IReadOnlyList<CurvePoint> points)
    {
        var known = points.Where(point => double.IsFinite(point.Value)).ToList();
        if (known.Count == 0)
            return;

        var curves = known.GroupBy(point => point.Name).ToList();
        var looks = PlotStyle.LooksOf(curves.ConvertAll(curve => curve.Key));
        var seeds = known.Select(point => point.Seed).Distinct().Count();
        using var plot = CurvePlot.Create(
            $"{title}{(seeds > 1 ? $", mean ± std over {seeds} seeds" : "")}", metric.AxisWithUnit,
            [
                .. curves.Select((group, i) => new Curve(group.Key, looks[i],
                    [.. group.GroupBy(p => p.Epoch).OrderBy(e => e.Key).Select(e => (e.Key, Spread.Of([.. e.Select(p => p.Value)])))])),
            ],
            optimum);
        PlotStyle.Save(plot, folder, file);
    }

    private static string FileName(Metric metric) => metric.Axis.Replace(' ', '-');

    /// <summary>A number of one method, or one part, and seed after one epoch.</summary>
    private readonly record struct CurvePoint(string Name, long Seed, int Epoch, double Value);
}
