using System.Diagnostics;
using DiscreteGradients.Experiments;

namespace DiscreteGradients.Cli.Display;

/// <summary>Where a run is: estimators one after the other, each with every seed, each with every epoch.</summary>
internal sealed class RunProgress(IReadOnlyList<string> estimators, IReadOnlyList<long> seeds, int epochs)
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly Dictionary<string, MetricsLine> _latest = [];
    private readonly Dictionary<string, double> _began = [];
    private readonly Dictionary<string, double> _ended = [];
    private double _fraction;

    internal IReadOnlyList<string> Estimators => estimators;

    internal int Seeds => seeds.Count;

    internal int Epochs => epochs;

    internal string? Estimator { get; private set; }

    internal double Elapsed => _watch.Elapsed.TotalSeconds;

    internal void Begin(string estimator, long seed)
    {
        if (Estimator is { } previous && previous != estimator)
            _ended[previous] = Elapsed;
        _began.TryAdd(estimator, Elapsed);
        (Estimator, Seed, _fraction) = (estimator, seed, 0);
        Epoch = 0;
    }

    internal long Seed { get; private set; }

    /// <summary>Epochs of the current seed that are done.</summary>
    internal int Epoch { get; private set; }

    internal void Step(double fraction) => _fraction = fraction;

    internal void Finish(MetricsLine line)
    {
        _latest[line.Estimator] = line;
        (Epoch, _fraction) = (line.Epoch, 0);
    }

    internal MetricsLine? Latest(string estimator) => _latest.GetValueOrDefault(estimator);

    /// <summary>Share of an estimator's work that is done, 0 to 1.</summary>
    internal double Done(string estimator)
    {
        if (_ended.ContainsKey(estimator))
            return 1;
        if (estimator != Estimator)
            return 0;
        var seed = Enumerable.Range(0, seeds.Count).First(i => seeds[i] == Seed);
        return (seed + ((Epoch + Math.Min(_fraction, 1)) / epochs)) / seeds.Count;
    }

    /// <summary>Share of all work that is done, counting every estimator alike.</summary>
    internal double Share => estimators.Average(Done);

    /// <summary>Seconds left, or null before anything is known: what is ahead is taken to be as slow as the mean of what was seen.</summary>
    internal double? Left
    {
        get
        {
            if (Estimator is null || Done(Estimator) * seeds.Count * epochs < 0.1)
                return null;
            var whole = _began.ToDictionary(b => b.Key, b => _ended.TryGetValue(b.Key, out var end) ? end - b.Value : (Elapsed - b.Value) / Done(b.Key));
            return (whole[Estimator] * (1 - Done(Estimator))) + (whole.Values.Average() * (estimators.Count - whole.Count));
        }
    }
}
