using System.Diagnostics;
using DiscreteGradients.Experiments;

namespace DiscreteGradients.Cli.Display;

/// <summary>Where a run is: each estimator with every seed, each with every epoch, some of them side by side.</summary>
internal sealed class RunProgress(IReadOnlyList<string> estimators, IReadOnlyList<long> seeds, int epochs, int jobs)
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly Dictionary<(string Estimator, long Seed), Training> _runs = [];
    private readonly Dictionary<(string Estimator, long? Seed), MetricsLine> _latest = [];

    internal IReadOnlyList<string> Estimators => estimators;

    internal int Seeds => seeds.Count;

    internal int Epochs => epochs;

    internal double Elapsed => _watch.Elapsed.TotalSeconds;

    internal void Begin(string estimator, long seed, int epoch) => _runs[(estimator, seed)] = new Training(epoch, Elapsed) { Epoch = epoch };

    internal void Step(string estimator, long seed, double fraction) => _runs[(estimator, seed)].Fraction = Math.Min(fraction, 1);

    /// <summary>A line of this run, or of what there was before it was resumed.</summary>
    internal void Remember(MetricsLine line) => _latest[(line.Estimator, line.Seed)] = _latest[(line.Estimator, null)] = line;

    internal void Finish(MetricsLine line)
    {
        Remember(line);
        (_runs[(line.Estimator, line.Seed)].Epoch, _runs[(line.Estimator, line.Seed)].Fraction) = (line.Epoch, 0);
    }

    internal void End(string estimator, long seed) => _runs[(estimator, seed)].Ended = Elapsed;

    /// <summary>The runs of an estimator that are going on: seed, and epochs that are done.</summary>
    internal IReadOnlyList<(long Seed, int Epoch)> Current(string estimator) =>
        [.. seeds.Where(seed => _runs.TryGetValue((estimator, seed), out var run) && run.Ended is null).Select(seed => (seed, _runs[(estimator, seed)].Epoch))];

    /// <summary>The latest line of an estimator, of that seed if there is one.</summary>
    internal MetricsLine? Latest(string estimator, long? seed = null) =>
        _latest.GetValueOrDefault((estimator, seed)) ?? _latest.GetValueOrDefault((estimator, null));

    /// <summary>Share of an estimator's work that is done, 0 to 1.</summary>
    internal double Done(string estimator) => seeds.Average(seed => (_runs.TryGetValue((estimator, seed), out var run)
        ? run.Done
        : _latest.GetValueOrDefault((estimator, (long?)seed))?.Epoch ?? 0) / epochs);

    /// <summary>Share of all work that is done, counting every estimator alike.</summary>
    internal double Share => estimators.Average(Done);

    /// <summary>Seconds left, or null before anything is known: an estimator of which nothing was seen is taken to be as slow as the mean of the others.</summary>
    internal double? Left
    {
        get
        {
            var paces = estimators.Select(Pace).ToList();
            if (paces.OfType<double>().ToList() is not { Count: > 0 } known)
                return null;
            var work = estimators.Zip(paces, (name, pace) => (1 - Done(name)) * seeds.Count * epochs * (pace ?? known.Average())).Sum();
            return work / Math.Clamp((estimators.Count * seeds.Count) - _runs.Values.Count(run => run.Ended is not null), 1, jobs);
        }
    }

    /// <summary>Seconds an epoch of an estimator, or null before a tenth of one is done.</summary>
    private double? Pace(string estimator)
    {
        var epochsSeen = Runs(estimator).Sum(run => run.Done - run.First);
        return epochsSeen < 0.1 ? null : Runs(estimator).Sum(run => (run.Ended ?? Elapsed) - run.Began) / epochsSeen;
    }

    private IEnumerable<Training> Runs(string estimator) => _runs.Where(run => run.Key.Estimator == estimator).Select(run => run.Value);

    private sealed class Training(int first, double began)
    {
        internal int First => first;

        internal double Began => began;

        internal int Epoch { get; set; }

        internal double Fraction { get; set; }

        internal double? Ended { get; set; }

        internal double Done => Epoch + Fraction;
    }
}
