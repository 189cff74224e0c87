using System.Diagnostics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace DiscreteGradients.Cli.Display;

/// <summary>A table that is redrawn in place, one row per method and current run, at a terminal; it vanishes when the run ends.</summary>
internal sealed class LiveDisplay(RunProgress progress, Terminal terminal) : RunDisplay(progress)
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);

    private readonly Stopwatch _sinceDrawn = new();
    private LiveDisplayContext? _live;

    internal override bool Show(Func<IRunObserver, bool> work) => terminal.Console.Live(Draw()).AutoClear(true).Start(live =>
    {
        _live = live;
        _sinceDrawn.Start();
        return work(this);
    });

    protected override void Changed(MetricsLine? line)
    {
        if (_sinceDrawn.Elapsed >= Refresh)
            Moved();
    }

    protected override void Moved()
    {
        _live!.UpdateTarget(Draw());
        _sinceDrawn.Restart();
    }

    private Rows Draw()
    {
        var bar = Math.Clamp(terminal.Width - 44 - (13 * Progress.Metrics.Count), 0, 40);
        List<(string Name, Func<Row, string> Cell)> columns =
        [
            ("seed", row => $"{row.Seed}"),
            ("epoch", row => row.Epoch is { } epoch ? $"{epoch}/{Progress.Epochs}" : ""),
            .. Progress.Metrics.Select(metric => (metric.Title, (Func<Row, string>)(row => Format.Number(row.Line?[metric.Name])))),
        ];
        columns.Add(("steps/s", row => row.Line is { } line ? Format.Rate(line.Steps / line.Seconds) : ""));
        if (bar >= 6)
            columns.Add(("", row => Bar(Progress.Done(row.Method), bar)));

        var (rows, table) = (CurrentRows().ToList(), new Table());
        foreach (var least in (IEnumerable<string?>)[null, "steps/s", "seed",
            .. Progress.Metrics.Skip(1).Reverse().Select(metric => metric.Title), "epoch"])
        {
            columns.RemoveAll(column => column.Name == least);
            table = Grid(columns, rows);
            if (FittingTable.Fits(terminal, table))
                break;
        }

        var left = Progress.Left is { } seconds ? $", about {Format.Duration(seconds)} left" : "";
        return new Rows(
            new Text($"{Progress.Experiment}: {Format.Count(Progress.Seeds, "seed")} of {Progress.Epochs} epochs"),
            table,
            new Text($"{Progress.Share,4:p0} done, {Format.Duration(Progress.Elapsed)} elapsed{left}. Ctrl-C stops, --resume goes on."));
    }

    /// <summary>What is going on; of a method with which nothing is, its latest line.</summary>
    private IEnumerable<Row> CurrentRows()
    {
        foreach (var name in Progress.Methods)
        {
            var current = Progress.Current(name);
            if (current.Count == 0)
            {
                var last = Progress.Latest(name);
                yield return new Row(name, last?.Seed, last?.Epoch, last, Progress.Done(name) == 1 ? Style.Plain : new Style(Color.Grey));
            }

            foreach (var (seed, epoch) in current)
                yield return new Row(name, seed, epoch, Progress.Latest(name, seed), new Style(Color.Aqua));
        }
    }

    private Table Grid(List<(string Name, Func<Row, string> Cell)> columns, List<Row> rows)
    {
        var table = new Table().Border(TableBorder.None).AddColumn(Text(Progress.MethodWord));
        foreach (var (name, _) in columns)
            table.AddColumn(name.Length == 0 ? Text(name) : Text(name).RightAligned());
        foreach (var row in rows)
            table.AddRow([new Text(row.Method, row.Style), .. columns.Select(column => new Text(column.Cell(row), row.Style))]);
        return table;
    }

    private static TableColumn Text(string header) => new TableColumn(new Text(header)).NoWrap();

    private static string Bar(double done, int width)
    {
        var full = (int)Math.Round(done * width);
        return new string('━', full) + new string('─', width - full);
    }

    private sealed record Row(string Method, long? Seed, int? Epoch, MetricsLine? Line, Style Style);
}
