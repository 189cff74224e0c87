using Spectre.Console;

namespace DiscreteGradients.Cli.Display;

/// <summary>The table at the end of a run: a row for each method, the best first.</summary>
internal static class RunReport
{
    internal static void Write(RunRecord record, IReadOnlyList<MetricsLine> lines, string folder, Terminal terminal)
    {
        var metrics = ExperimentCatalog.Metrics(record, lines);
        var headline = metrics.Headline();
        var summaries = MethodSummary.Of(lines, metrics)
            .OrderBy(s => s[headline] is { Mean: var mean } ? headline.Rank(mean) : double.PositiveInfinity).ToList();
        var all = record.Methods.Select(m => (m.Name, Found: ExperimentCatalog.Published(record.Experiment, record.Options, m))).ToList();
        var source = all.SelectMany(m => m.Found).FirstOrDefault()?.Source;  // there is room for one
        var published = all.ToDictionary(m => m.Name, m => m.Found.FirstOrDefault(result => result.Source.Name == source?.Name));
        var shown = metrics.Results().Where(metric => summaries.Exists(s => s[metric] is not null)).ToList();
        var columns = shown.ConvertAll(metric => new Cells(Stacked(metric.Title), s => Format.Number(s[metric])));
        if (record.Optimum is { } optimum)
            columns.Add(new("gap", s => s[headline] is { Mean: var mean } ? Format.Number(headline.Gap(mean, optimum)) : ""));
        columns.Add(new("time\na step", s => Format.Milliseconds(s.TimePerStep)));
        columns.Add(new("n", s => $"{s.Seeds}"));
        foreach (var metric in shown.Where(metric => published.Values.Any(p => p?[metric] is not null)))
        {
            columns.Add(new(
                Stacked(source!.Name)
                + (shown.Count(other => published.Values.Any(p => p?[other] is not null)) > 1 ? $"\n{metric.Title}" : ""),
                s => Format.Number(published[s.Method]?[metric]?.Value.Mean)));
        }

        var table = FittingTable.Of(
            ExperimentCatalog.Find(record.Experiment)?.MethodWord ?? "method", columns.Select(column => column.Header));
        foreach (var s in summaries)
        {
            var style = summaries.Count > 1 && s[headline]?.Mean == summaries[0][headline]?.Mean ? new Style(Color.Green) : Style.Plain;
            table.AddRow(columns.Select(column => column.Of(s)).Prepend(s.Method).Select(cell => new Text(cell, style)));
        }

        terminal.Write(table);
        foreach (var metric in metrics.Where(metric => metric.IsTabled))
            WriteParts(metric, summaries, lines, terminal);
        if (metrics.Any(metric => metric.IsTabled))
            terminal.Out.WriteLine();
        WriteSketch(summaries, lines, folder, terminal);
        foreach (var note in Notes(record, summaries, headline, source))
            terminal.Out.WriteLine(note);
        terminal.Out.WriteLine($"Files: {folder}");
    }

    /// <summary>The drawings of the best method that has some, as text.</summary>
    private static void WriteSketch(List<MethodSummary> summaries, IReadOnlyList<MetricsLine> lines, string folder, Terminal terminal)
    {
        foreach (var line in summaries.Select(s => lines.First(line => line.Method == s.Method && line.Epoch == s.Epoch)))
        {
            var prefix = RunLauncher.PictureName(line, "");
            var (plots, start) = (Path.Combine(folder, Path.GetDirectoryName(prefix)!), Path.GetFileName(prefix));
            if (!Directory.Exists(plots))
                return;
            if (Directory.GetFiles(plots, $"{start}*.txt").Order(StringComparer.Ordinal).FirstOrDefault() is not { } text)
                continue;
            var name = Path.GetFileNameWithoutExtension(text)[start.Length..];
            terminal.Out.WriteLine($"{Format.Capital(name)} of {line.Method}, seed {line.Seed}:");
            terminal.Out.WriteLine(File.ReadAllText(text));
            return;
        }
    }

    /// <summary>The parts of a metric at the end, side by side: means over seeds.</summary>
    private static void WriteParts(Metric metric, List<MethodSummary> summaries, IReadOnlyList<MetricsLine> lines, Terminal terminal)
    {
        var prefix = metric.Name + "/";
        var numbers = (
            from s in summaries
            from line in lines
            where line.Method == s.Method && line.Epoch == s.Epoch
            from number in line.Numbers
            where number.Key.StartsWith(prefix, StringComparison.Ordinal)
            select (s.Method, Part: number.Key[prefix.Length..], number.Value)).ToLookup(number => (number.Method, number.Part));
        var parts = numbers.Select(number => number.Key.Part).Distinct().ToList();
        if (parts.Count == 0)
            return;
        var table = FittingTable.Of(metric.Title, parts);
        foreach (var method in summaries.Select(s => s.Method).Where(method => parts.Exists(part => numbers.Contains((method, part)))))
        {
            var means = parts.Select(part => numbers[(method, part)].ToList() is { Count: > 0 } values
                ? ReportTable.Short(values.Average(value => value.Value)) : "");
            table.AddRow([method, .. means]);
        }

        terminal.Out.WriteLine();
        terminal.Write(table);
    }

    /// <summary>A header with a word a line.</summary>
    internal static string Stacked(string title) => title.Replace(' ', '\n');

    private static IEnumerable<string> Notes(RunRecord record, List<MethodSummary> summaries, Metric headline, PublishedSource? source)
    {
        yield return $"Values of the last epoch, {(summaries.Exists(s => s.Seeds > 1) ? "mean ± std over n seeds" : "one seed")}.";
        if (summaries.Count > 1)
            yield return $"Sorted by {headline.Title}, the best first.";
        if (record.Optimum is { } optimum)
            yield return $"Known optimum {Format.Number(optimum)}; gap: {headline.GapWords} it.";
        foreach (var note in ExperimentCatalog.Notes(record.Experiment, record.Options))
            yield return note;
        if (source is not null)
            yield return $"{Format.Capital(source.Name)}: {source.Description}.";
        foreach (var s in summaries.Where(s => s.Epoch < record.Epochs))
            yield return $"{s.Method} stopped at epoch {s.Epoch} of {record.Epochs}.";
        yield return $"{(record.Finished ? "Done" : "Stopped")} after {Format.Duration(record.WallSeconds)}"
            + $" on {Format.Count(record.Threads, "thread")}.";
    }

    private sealed record Cells(string Header, Func<MethodSummary, string> Of);
}
