using DiscreteGradients.Cli.Display;
using DiscreteGradients.Experiments;

namespace DiscreteGradients.Cli.Reports;

/// <summary>A table of one loss: a row per series, a pair of columns per published source.</summary>
internal sealed record ReportTable(IReadOnlyList<string> Header, IReadOnlyList<ReportTableRow> Rows)
{
    /// <summary>Null if no series has the loss.</summary>
    internal static ReportTable? Of(RunSection section, ReportLoss loss)
    {
        var series = section.Series.Where(s => s.Epoch > 0 && loss.Of(s) is not null).ToList();
        if (series.Count == 0)
            return null;
        var sources = section.Sources.Where(source => series.Exists(s => loss.Published(s, source) is not null)).ToList();
        var optimum = loss.HasGap ? section.Series[0].Optimum : null;
        return new ReportTable(
            [
                "estimator", "n", loss.Name,
                .. optimum is null ? Array.Empty<string>() : ["gap"],
                .. sources.SelectMany(source => Judged(series, loss, source) ? (string[])[source.Name, "verdict"] : [source.Name]),
            ],
            [.. series.Select(s => new ReportTableRow(s, [.. Cells(section, s, loss, optimum, sources.Select(source => (source, Judged(series, loss, source))))]))]);
    }

    private static bool Judged(List<RunSeries> series, ReportLoss loss, PublishedSource source) => series.Exists(s => loss.Verdict(s, source) is not null);

    private static IEnumerable<string> Cells(RunSection section, RunSeries series, ReportLoss loss, double? optimum, IEnumerable<(PublishedSource Source, bool Judged)> sources)
    {
        var ours = loss.Of(series)!.Value;
        yield return section.Label(series);
        yield return ours.N.ToString();
        yield return Format.Loss(ours) + (series.Complete ? "" : $" (epoch {series.Epoch})");
        if (optimum is { } best)
            yield return Format.Loss(ours.Mean - best);
        foreach (var (source, judged) in sources)
        {
            yield return Format.Loss(loss.Published(series, source));
            if (judged)
                yield return loss.Verdict(series, source)?.ToString().ToLowerInvariant() ?? "";
        }
    }
}

/// <summary>A row of <see cref="ReportTable"/>.</summary>
internal sealed record ReportTableRow(RunSeries Series, IReadOnlyList<string> Cells);

/// <summary>A loss that runs may have.</summary>
/// <param name="HasGap">Whether its distance to the known optimum is worth a column.</param>
/// <param name="Sparse">Whether it may exist at one epoch only, which is no curve.</param>
internal sealed record ReportLoss(
    string Name, Func<MetricsLine, double?> InLine, Func<PublishedLoss, Spread?> InSource, bool HasGap = false, bool Sparse = false)
{
    internal static IReadOnlyList<ReportLoss> All { get; } =
    [
        new("train loss", line => line.TrainLoss, published => published.Train),
        new("test loss", line => line.TestLoss, published => published.Test),
        new("test bound", line => line.TestBound, _ => null, Sparse: true),
        new("expected loss", line => line.ExpectedLoss, _ => null, HasGap: true),
    ];

    /// <summary>At the furthest epoch.</summary>
    internal Spread? Of(RunSeries series) => series.Epoch == 0 ? null : series.Loss(series.Epoch, InLine);

    internal Spread? Published(RunSeries series, PublishedSource source) =>
        series.Published.FirstOrDefault(p => p.Source == source) is { } published ? InSource(published) : null;

    /// <summary>Null where there is nothing to compare, or the series has not come to the end.</summary>
    internal Verdict? Verdict(RunSeries series, PublishedSource source) =>
        series.Complete && Of(series) is { } ours && Published(series, source) is { } theirs ? Verdicts.Of(ours, theirs) : null;
}
