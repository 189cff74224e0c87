using System.Diagnostics;

namespace DiscreteGradients.Cli.Display;

/// <summary>Where a run is: each method with every seed, each with every epoch, some of them side by side.</summary>
internal sealed class RunProgress(RunRecord record)
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly Dictionary<(string Method, long Seed), Training> _runs = [];
    private readonly Dictionary<(string Method, long? Seed), MetricsLine> _latest = [];

    internal string Experiment => record.Experiment;

    /// <summary>The columns: what every epoch has.</summary>
    internal IReadOnlyList<Metric> Metrics { get; } =
        [.. ExperimentCatalog.Metrics(record, []).Results().Where(metric => !metric.IsSparse)];

    /// <summary>What a method is called.</summary>
    internal string MethodWord { get; } = ExperimentCatalog.Find(record.Experiment)?.MethodWord ?? "method";

    internal IReadOnlyList<string> Methods { get; } = [.. record.Methods.Select(method => method.Name)];

    internal int Seeds => record.Seeds.Count;

    internal int Epochs => record.Epochs;

    internal double Elapsed => _watch.Elapsed.TotalSeconds;

    /// <summary>A run begins, or goes on after so many epochs and a part of the next.</summary>
    internal void Begin(string method, long seed, double done) =>
        _runs[(method, seed)] = new Training(done, Elapsed) { Epoch = (int)done, Fraction = done - (int)done };

    internal void Step(string method, long seed, double fraction) => _runs[(method, seed)].Fraction = Math.Min(fraction, 1);

    /// <summary>A line of this run, or of what there was before it was resumed.</summary>
    internal void Remember(MetricsLine line) => _latest[(line.Method, line.Seed)] = _latest[(line.Method, null)] = line;

    internal void Finish(MetricsLine line)
    {
        Remember(line);
        (_runs[(line.Method, line.Seed)].Epoch, _runs[(line.Method, line.Seed)].Fraction) = (line.Epoch, 0);
    }

    internal void End(string method, long seed) => _runs[(method, seed)].Ended = Elapsed;

    /// <summary>The runs of a method that are going on: seed, and epochs that are done.</summary>
    internal IReadOnlyList<(long Seed, int Epoch)> Current(string method) =>
        [.. record.Seeds.Where(seed => _runs.TryGetValue((method, seed), out var run) && run.Ended is null)
            .Select(seed => (seed, _runs[(method, seed)].Epoch))];

    /// <summary>The latest line of a method, of that seed if there is one.</summary>
    internal MetricsLine? Latest(string method, long? seed = null) =>
        _latest.GetValueOrDefault((method, seed)) ?? _latest.GetValueOrDefault((method, null));

    /// <summary>Share of a method's work that is done, 0 to 1.</summary>
    internal double Done(string method) => record.Seeds.Average(seed => (_runs.TryGetValue((method, seed), out var run)
        ? run.Done
        : _latest.GetValueOrDefault((method, (long?)seed))?.Epoch ?? 0) / Epochs);

    /// <summary>Share of all work that is done, counting every method alike.</summary>
    internal double Share => Methods.Average(Done);

    /// <summary>Seconds left, null before anything is known; a method not seen yet is taken to be as slow as the others' mean.</summary>
    internal double? Left
    {
        get
        {
            var paces = Methods.Select(Pace).ToList();
            if (paces.OfType<double>().ToList() is not { Count: > 0 } known)
                return null;
            var work = Methods.Zip(paces, (name, pace) => (1 - Done(name)) * Seeds * Epochs * (pace ?? known.Average())).Sum();
            return work / Math.Clamp((Methods.Count * Seeds) - _runs.Values.Count(run => run.Ended is not null), 1, record.Jobs);
        }
    }

    /// <summary>Seconds an epoch of a method, or null before a tenth of one is done.</summary>
    private double? Pace(string method)
    {
        var epochsSeen = Runs(method).Sum(run => run.Done - run.First);
        return epochsSeen < 0.1 ? null : Runs(method).Sum(run => (run.Ended ?? Elapsed) - run.Began) / epochsSeen;
    }

    private IEnumerable<Training> Runs(string method) => _runs.Where(run => run.Key.Method == method).Select(run => run.Value);

    private sealed record Training(double First, double Began)
    {
        internal int Epoch { get; set; }

        internal double Fraction { get; set; }

        internal double? Ended { get; set; }

        internal double Done => Epoch + Fraction;
    }
}
