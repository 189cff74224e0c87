namespace DiscreteGradients.Experiments;

/// <summary>What is said of one task.</summary>
/// <param name="Plots">Names of its plots, below <c>plots/</c> and without an extension, and what they show.</param>
internal sealed record SectionReport(RunSection Section, IReadOnlyList<(string File, string Caption)> Plots)
{
    internal IReadOnlyList<ReportTable> Tables { get; } =
    [
        .. Section.Metrics.Results().Select(metric => ReportTable.Of(Section, metric)).OfType<ReportTable>(),
        .. Section.Metrics.Where(metric => metric.IsTabled).Select(metric => ReportTable.OfParts(Section, metric)).OfType<ReportTable>(),
    ];

    /// <summary>Whole sentences.</summary>
    internal IEnumerable<string> Notes
    {
        get
        {
            var complete = Section.Series.Where(s => s.Complete).ToList();
            yield return "Values of the last epoch, "
                + $"{(complete.Exists(s => s.Furthest.Count > 1) ? "mean ± std over n seeds" : "one seed each")}.";
            foreach (var note in Section.Series.SelectMany(s => s.Notes).Distinct())
                yield return note;
            if (Section.Series.Select(s => s.Optimum).FirstOrDefault(o => o is not null) is { } optimum)
                yield return $"Known optimum {Format.Number(optimum)}; gap: {Section.Metrics.Headline().GapWords} it.";
            foreach (var source in Section.Sources)
                yield return $"{Format.Capital(source.Name)}: {source.Description}.";
            var compared = complete.FindAll(s => s.Published.Any(p => p.Numbers.Any(number => number.Value.N > 1)));
            if (compared.Count > 0)
            {
                yield return "Within: at most 2 √(s² + t²) off, with the standard deviations over seeds s of ours and t of theirs; "
                    + "below, above: further off.";
            }

            if (Labels(compared.Where(s => s.Furthest.Count == 1)) is { Length: > 0 } single)
                yield return $"One seed only, so t stands for both deviations: {single}.";
            foreach (var series in Section.Series)
            {
                foreach (var published in series.Published)
                {
                    foreach (var alike in published.Numbers.Where(number => number.Caveat is not null).GroupBy(number => number.Caveat))
                    {
                        var titles = alike.Select(number => Section.Metrics.First(metric => metric.Name == number.Metric).Title);
                        yield return $"{Section.Label(series)}, {published.Source.Name}, {string.Join(" and ", titles)}: {alike.Key}.";
                    }
                }
            }

            foreach (var series in Section.Series)
            {
                foreach (var seed in series.Seeds.Where(s => s.Epoch < series.Epochs))
                {
                    yield return $"Unfinished: {Section.Label(series)}, seed {seed.Seed}, stands at epoch {seed.Epoch} of {series.Epochs} "
                        + $"({seed.Folder}).";
                }
            }
        }
    }

    private string Labels(IEnumerable<RunSeries> series) => string.Join("; ", series.Select(Section.Label));
}
