using System.Diagnostics;
using DiscreteGradients.Experiments;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace DiscreteGradients.Cli.Display;

/// <summary>A table that is redrawn in place, one row per estimator and current run, for a person at a terminal. It vanishes when the run ends.</summary>
internal sealed class LiveDisplay(string experiment, RunProgress progress, Terminal terminal) : RunDisplay(progress)
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);

    private readonly Stopwatch _sinceDrawn = new();
    private LiveDisplayContext? _live;

    internal override bool Show(Func<RunDisplay, bool> work) => terminal.Console.Live(Draw()).AutoClear(true).Start(live =>
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
        var latest = Progress.Estimators.Select(name => Progress.Latest(name)).OfType<MetricsLine>().ToList();
        var (test, expected) = (latest.Exists(l => l.TestLoss is not null), latest.Exists(l => l.ExpectedLoss is not null));
        var table = new Table().Border(TableBorder.None).AddColumn(Text("estimator"));
        foreach (var column in (string[])["seed", "epoch", "loss", .. test ? ["test"] : Array.Empty<string>(), .. expected ? ["expected"] : Array.Empty<string>(), "steps/s"])
            table.AddColumn(Text(column).RightAligned());
        var bar = Math.Clamp(terminal.Width - 54 - (test ? 10 : 0) - (expected ? 10 : 0), 0, 40);
        if (bar >= 6)
            table.AddColumn(Text(""));

        foreach (var name in Progress.Estimators)
        {
            var current = Progress.Current(name);
            if (current.Count == 0)
                AddRow(name, Progress.Latest(name)?.Seed, Progress.Latest(name)?.Epoch, Progress.Done(name) == 1 ? Style.Plain : new Style(Color.Grey));
            foreach (var (seed, epoch) in current)
                AddRow(name, seed, epoch, new Style(Color.Aqua));
        }

        var left = Progress.Left is { } seconds ? $", about {Format.Duration(seconds)} left" : "";
        return new Rows(
            new Text($"{experiment}: {Progress.Seeds} seed{(Progress.Seeds == 1 ? "" : "s")} of {Progress.Epochs} epochs"),
            table,
            new Text($"{Progress.Share,4:p0} done, {Format.Duration(Progress.Elapsed)} elapsed{left}. Ctrl-C stops, --resume goes on."));

        void AddRow(string name, long? seed, int? epoch, Style style)
        {
            var line = Progress.Latest(name, seed);
            var row = new List<string> { name, seed?.ToString() ?? "", epoch is null ? "" : $"{epoch}/{Progress.Epochs}", Format.Loss(line?.TrainLoss) };
            if (test)
                row.Add(Format.Loss(line?.TestLoss));
            if (expected)
                row.Add(Format.Loss(line?.ExpectedLoss));
            row.Add(line is null ? "" : Format.Rate(line.Steps / line.Seconds));
            table.AddRow([.. row.Select(cell => (IRenderable)new Text(cell, style)), .. bar >= 6 ? [new Text(Bar(Progress.Done(name), bar), style)] : Array.Empty<IRenderable>()]);
        }
    }

    private static TableColumn Text(string header) => new TableColumn(new Text(header)).NoWrap();

    private static string Bar(double done, int width)
    {
        var full = (int)Math.Round(done * width);
        return new string('━', full) + new string('─', width - full);
    }
}
