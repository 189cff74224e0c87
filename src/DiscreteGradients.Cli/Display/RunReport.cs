using DiscreteGradients.Experiments;
using Spectre.Console;

namespace DiscreteGradients.Cli.Display;

/// <summary>The table at the end of a run.</summary>
internal static class RunReport
{
    internal static void Write(
        RunRecord record, IReadOnlyList<EstimatorSummary> summaries, Func<string, double?> published, string folder, Terminal terminal)
    {
        var (test, expected) = (summaries.Any(s => s.TestLoss is not null), summaries.Any(s => s.ExpectedLoss is not null));
        var official = summaries.Any(s => published(s.Estimator) is not null);
        var table = new Table().Border(TableBorder.None).AddColumn(Column("estimator"));
        table.AddColumn(Column("train\nloss").RightAligned());
        if (test)
            table.AddColumn(Column("test\nloss").RightAligned());
        if (expected)
            table.AddColumn(Column("expected\nloss").RightAligned());
        if (record.Optimum is not null)
            table.AddColumn(Column("gap").RightAligned());
        table.AddColumn(Column("time\na step").RightAligned());
        table.AddColumn(Column("n").RightAligned());
        if (official)
            table.AddColumn(Column("official\ncode").RightAligned());

        var best = summaries.Min(Final);
        foreach (var s in summaries)
        {
            List<string> row = [s.Estimator, Format.Loss(s.TrainLoss)];
            if (test)
                row.Add(Format.Loss(s.TestLoss));
            if (expected)
                row.Add(Format.Loss(s.ExpectedLoss));
            if (record.Optimum is { } optimum)
                row.Add(Format.Loss(Final(s) - optimum));
            row.AddRange([Format.Milliseconds(s.TimePerStep), s.TrainLoss.N.ToString()]);
            if (official)
                row.Add(Format.Loss(published(s.Estimator)));
            var style = Final(s) == best && summaries.Count > 1 ? new Style(Color.Green) : Style.Plain;
            table.AddRow(row.Select(cell => new Text(cell, style)));
        }

        terminal.Console.Write(table);
        foreach (var note in Notes(record, summaries, expected, official))
            terminal.Out.WriteLine(note);
        terminal.Out.WriteLine($"Files: {folder}");
    }

    private static IEnumerable<string> Notes(RunRecord record, IReadOnlyList<EstimatorSummary> summaries, bool expected, bool official)
    {
        yield return $"Losses of the last epoch, {(summaries.Any(s => s.TrainLoss.N > 1) ? "mean ± std over n seeds" : "one seed")}.";
        if (record.Optimum is { } optimum)
            yield return $"Known optimum {Format.Loss(optimum)}; gap: {(expected ? "expected" : "train")} loss above it.";
        if (official)
            yield return "Official code: its train loss with these settings, seed 0.";
        foreach (var s in summaries.Where(s => s.Epoch < record.Epochs))
            yield return $"{s.Estimator} stopped at epoch {s.Epoch} of {record.Epochs}.";
        yield return $"{(record.Finished ? "Done" : "Stopped")} after {Format.Duration(record.WallSeconds)} on {record.Threads} thread{(record.Threads == 1 ? "" : "s")}.";
    }

    private static double Final(EstimatorSummary s) => (s.ExpectedLoss ?? s.TestLoss ?? s.TrainLoss).Mean;

    private static TableColumn Column(string header) => new TableColumn(new Text(header)).NoWrap();
}
