using DiscreteGradients.Experiments;
using Spectre.Console;

namespace DiscreteGradients.Cli.Display;

/// <summary>The table at the end of a run.</summary>
internal static class RunReport
{
    internal static void Write(
        RunRecord record, IReadOnlyList<EstimatorSummary> summaries, string folder, Terminal terminal)
    {
        var published = record.Estimators.ToDictionary(e => e.Name, e => ExperimentCatalog.Published(record.Experiment, record.Options, e));
        var source = published.Values.SelectMany(losses => losses).FirstOrDefault()?.Source;
        var (test, expected) = (summaries.Any(s => s.TestLoss is not null), summaries.Any(s => s.ExpectedLoss is not null));
        var bound = summaries.Any(s => s.TestBound is not null);
        var table = new Table().Border(TableBorder.None).AddColumn(Column("estimator"));
        table.AddColumn(Column("train\nloss").RightAligned());
        if (test)
            table.AddColumn(Column("test\nloss").RightAligned());
        if (bound)
            table.AddColumn(Column("test\nbound").RightAligned());
        if (expected)
            table.AddColumn(Column("expected\nloss").RightAligned());
        if (record.Optimum is not null)
            table.AddColumn(Column("gap").RightAligned());
        table.AddColumn(Column("time\na step").RightAligned());
        table.AddColumn(Column("n").RightAligned());
        if (source is not null)
            table.AddColumn(Column(source.Name.Replace(' ', '\n') + (test ? "\ntrain" : "")).RightAligned());
        if (source is not null && test)
            table.AddColumn(Column($"{source.Name}\ntest").RightAligned());

        var best = summaries.Min(Final);
        foreach (var s in summaries)
        {
            List<string> row = [s.Estimator, Format.Loss(s.TrainLoss)];
            if (test)
                row.Add(Format.Loss(s.TestLoss));
            if (bound)
                row.Add(Format.Loss(s.TestBound));
            if (expected)
                row.Add(Format.Loss(s.ExpectedLoss));
            if (record.Optimum is { } optimum)
                row.Add(Format.Loss(Final(s) - optimum));
            row.AddRange([Format.Milliseconds(s.TimePerStep), s.TrainLoss.N.ToString()]);
            var theirs = published[s.Estimator] is [var first, ..] ? first : null;
            if (source is not null)
                row.Add(Format.Loss(theirs?.Train));
            if (source is not null && test)
                row.Add(Format.Loss(theirs?.Test));
            var style = Final(s) == best && summaries.Count > 1 ? new Style(Color.Green) : Style.Plain;
            table.AddRow(row.Select(cell => new Text(cell, style)));
        }

        terminal.Write(table);
        foreach (var note in Notes(record, summaries, expected, source))
            terminal.Out.WriteLine(note);
        terminal.Out.WriteLine($"Files: {folder}");
    }

    private static IEnumerable<string> Notes(RunRecord record, IReadOnlyList<EstimatorSummary> summaries, bool expected, PublishedSource? source)
    {
        yield return $"Losses of the last epoch, {(summaries.Any(s => s.TrainLoss.N > 1) ? "mean ± std over n seeds" : "one seed")}.";
        if (record.Optimum is { } optimum)
            yield return $"Known optimum {Format.Loss(optimum)}; gap: {(expected ? "expected" : "train")} loss above it.";
        if (source is not null)
            yield return $"{char.ToUpperInvariant(source.Name[0])}{source.Name[1..]}: {source.Description}.";
        foreach (var s in summaries.Where(s => s.Epoch < record.Epochs))
            yield return $"{s.Estimator} stopped at epoch {s.Epoch} of {record.Epochs}.";
        yield return $"{(record.Finished ? "Done" : "Stopped")} after {Format.Duration(record.WallSeconds)} on {record.Threads} thread{(record.Threads == 1 ? "" : "s")}.";
    }

    private static double Final(EstimatorSummary s) => (s.ExpectedLoss ?? s.TestLoss ?? s.TrainLoss).Mean;

    private static TableColumn Column(string header) => new TableColumn(new Text(header)).NoWrap();
}
