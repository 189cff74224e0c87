namespace DiscreteGradients.Experiments;

/// <summary>A table of one metric: a row per series, a pair of columns per published source.</summary>
internal sealed record ReportTable(IReadOnlyList<string> Header, IReadOnlyList<ReportTableRow> Rows)
{
    /// <summary>Null if no series has the metric.</summary>
    internal static ReportTable? Of(RunSection section, Metric metric)
    {
        var series = section.Series.Where(s => s.Last(metric) is not null).ToList();
        if (series.Count == 0)
            return null;
        var sources = section.Sources.Where(source => series.Exists(s => s.Theirs(metric, source) is not null))
            .Select(source => (Source: source, IsJudged: series.Exists(s => s.VerdictOf(metric, source) is not null))).ToList();
        var optimum = metric.IsHeadline ? section.Series[0].Optimum : null;
        return new ReportTable(
            [
                ExperimentCatalog.Find(section.Series[0].Experiment)?.MethodWord ?? "method", "n", metric.Title,
                .. optimum is null ? Array.Empty<string>() : ["gap"],
                .. sources.SelectMany(s => s.IsJudged ? (string[])[s.Source.Name, "verdict"] : [s.Source.Name]),
            ],
            [.. series.Select(s => new ReportTableRow(s, [.. Cells(section, s, metric, optimum, sources)]))]);
    }

    /// <summary>The parts of a metric, side by side; null if no series has any.</summary>
    internal static ReportTable? OfParts(RunSection section, Metric metric)
    {
        var series = section.Series.Where(s => s.Epoch > 0 && s.Parts(metric).Count > 0).ToList();
        var parts = series.SelectMany(s => s.Parts(metric)).Distinct().ToList();
        return series.Count == 0 ? null : new ReportTable(
            [metric.Title, "n", .. parts],
            [
                .. series.Select(s => new ReportTableRow(s,
                    [
                        section.Label(s), $"{s.Furthest.Count}",
                        .. parts.Select(part => s.At(s.Epoch, $"{metric.Name}/{part}") is { Mean: var mean } ? Short(mean) : ""),
                    ])),
            ]);
    }

    /// <summary>A part's number, of which many stand side by side.</summary>
    internal static string Short(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    private static IEnumerable<string> Cells(
        RunSection section, RunSeries series, Metric metric, double? optimum, IEnumerable<(PublishedSource Source, bool IsJudged)> sources)
    {
        var ours = series.Last(metric)!.Value;
        yield return section.Label(series);
        yield return $"{ours.N}";
        yield return Format.Number(ours) + (series.Complete ? "" : $" (epoch {series.Epoch})");
        if (optimum is { } best)
            yield return Format.Number(metric.Gap(ours.Mean, best));
        foreach (var (source, isJudged) in sources)
        {
            yield return Format.Number(series.Theirs(metric, source)?.Value);
            if (isJudged)
                yield return series.VerdictOf(metric, source)?.ToString().ToLowerInvariant() ?? "";
        }
    }
}

/// <summary>A row of <see cref="ReportTable"/>.</summary>
internal sealed record ReportTableRow(RunSeries Series, IReadOnlyList<string> Cells);
