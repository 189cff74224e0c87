using System.Collections.Concurrent;
using System.Diagnostics;

namespace DiscreteGradients.Experiments.Bench;

/// <summary>One cell to measure.</summary>
/// <param name="Estimator">Null for empty functions of autograd.</param>
internal sealed record BenchCell(string Name, PathwiseEstimator? Estimator, BenchShape Shape, BenchPass Pass, int Threads)
{
    /// <summary>What a call costs that computes nothing: the part of the floor that all cells of the pass and the threads share.</summary>
    public static BenchCell CallFloor(BenchPass pass, int threads) => new(BenchRow.CallFloor, null, new BenchShape(1, 1), pass, threads);
}

/// <summary>
/// Times the library's samples and the composed ones in turn, in this process: whatever else the machine does falls on both, so that
/// their ratio means something where the times alone do not.
/// </summary>
/// <param name="secondsPerCell">Time for the pairs of one cell; a composed form that is slower gets a few calls all the same.</param>
/// <param name="machine">Written into every row.</param>
internal sealed class KernelBench(double secondsPerCell, string machine)
{
    private const int LeastPairs = 5;

    /// <summary>Budgets after which a cell ends with fewer pairs than <see cref="LeastPairs"/>.</summary>
    private const int Patience = 10;

    /// <summary>One timing takes at least this long, by repeating short calls.</summary>
    private const double TimingSeconds = 1e-3;

    /// <summary>Calls of the library of which the one that takes most memory counts: pages that are there already hide some.</summary>
    private const int MemoryCalls = 3;

    /// <summary>Tensors of the size [draws, N, K] that the composed Gumbel-Rao holds at once, found by measuring.</summary>
    private const int ComposedTensors = 6;

    /// <summary>Of this machine by threads: measured once in a process.</summary>
    private static readonly ConcurrentDictionary<int, (MachineLimits Limits, double Fresh)> KnownLimits = new();

    private readonly HashSet<(string, BenchPass)> _loaded = [];

    /// <summary>What was measured of empty functions.</summary>
    private readonly Dictionary<(BenchPass, int), (double LibraryUs, double TorchSharpUs)> _calls = [];

    /// <summary>
    /// Measures one cell. Its floor contains the call if that was measured before. libtorch is left with that cell's number of threads.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled between two timings.</exception>
    public BenchRow Measure(BenchCell cell, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        set_num_threads(cell.Threads);
        var (limits, fresh) = Limits(cell.Threads);
        if (_loaded.Add((cell.Name, cell.Pass)))
        {
            // Loads and compiles what every shape shares, so that the first shape's memory is its own.
            using var small = Case(cell, new BenchShape(64, 8));
            small.Library();
            small.Published();
        }

        using var work = Case(cell, cell.Shape);
        var libraryCalls = Calls(Steady.WarmUp(work.Library, cancellation));
        var libraryMemory = Enumerable.Range(0, MemoryCalls).Select(_ => ProcessMemory.Of(work.Library))
            .MaxBy(memory => memory.PeakBytes ?? 0)!;
        ProcessMemory? composedMemory = null;
        var firstComposed = 0.0;
        if (FitsComposed(cell))
        {
            var start = Stopwatch.GetTimestamp();
            composedMemory = ProcessMemory.Of(work.Published);
            firstComposed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        var (library, composed) = composedMemory is null
            ? (Alone(work.Library, libraryCalls, cancellation), null)
            : Pairs(work, libraryCalls, Calls(firstComposed), cancellation);
        var floor = KernelFloor.Of(cell.Estimator, cell.Shape, cell.Pass, limits);
        var (median, slow) = (Quantile(library, 0.5), QuantileOrNull(composed, 0.5));
        if (cell.Estimator is null)
            _calls[(cell.Pass, cell.Threads)] = (median * 1e6, slow!.Value * 1e6);
        (double LibraryUs, double TorchSharpUs)? call = _calls.TryGetValue((cell.Pass, cell.Threads), out var known) ? known : null;
        var ratios = composed?.Select((time, i) => time / library[i]).ToArray();
        return new BenchRow(
            cell.Name, cell.Shape.Rows, cell.Shape.Categories, cell.Pass, cell.Threads, library.Length,
            median * 1e6, slow * 1e6, slow / median, QuantileOrNull(ratios, 0.25), QuantileOrNull(ratios, 0.75),
            floor.Bytes / median / 1e9, limits.Copy(KernelFloor.CopySize(cell.Shape, cell.Pass)) / 1e9,
            limits.Copy(MachineLimits.LargeCopy) / 1e9, fresh / 1e9,
            limits.Exponential * 1e9, limits.Logarithm * 1e9, floor.Lower * 1e6, floor.Upper * 1e6,
            libraryMemory.PeakBytes / 1048576.0, composedMemory?.PeakBytes / 1048576.0, libraryMemory.Tensors, composedMemory?.Tensors,
            libraryMemory.Left, libraryMemory.ManagedBytes, machine, call?.LibraryUs, call?.TorchSharpUs);
    }

    internal static (MachineLimits Limits, double Fresh) Limits(int threads) => KnownLimits.GetOrAdd(threads, count =>
    {
        var measured = new MachineLimits(count);
        return (measured, measured.FreshCopy());
    });

    private static KernelCase Case(BenchCell cell, BenchShape shape) => cell.Estimator is { } estimator
        ? new KernelCase(estimator, shape, cell.Pass)
        : KernelCase.Empty(shape, cell.Pass);

    /// <summary>Whether the composed form leaves memory to others.</summary>
    private static bool FitsComposed(BenchCell cell)
    {
        var draws = cell.Estimator is GumbelRao e ? e.Draws : 1;
        return (double)ComposedTensors * draws * cell.Shape.Count * sizeof(float) < 0.6 * ProcessMemory.Available;
    }

    /// <summary>Calls that make one timing.</summary>
    private static int Calls(double seconds) => (int)Math.Clamp(Math.Ceiling(TimingSeconds / Math.Max(seconds, 1e-9)), 1, 10_000);

    private (double[] Library, double[]? Composed) Pairs(
        KernelCase work, int libraryCalls, int composedCalls, CancellationToken cancellation)
    {
        var (library, composed) = (new List<double>(), new List<double>());
        var start = Stopwatch.GetTimestamp();
        do
        {
            cancellation.ThrowIfCancellationRequested();
            library.Add(Time(work.Library, libraryCalls));
            composed.Add(Time(work.Published, composedCalls));
        }
        while (!Enough(library.Count, start));
        return ([.. library], [.. composed]);
    }

    private double[] Alone(Action work, int calls, CancellationToken cancellation)
    {
        var times = new List<double>();
        var start = Stopwatch.GetTimestamp();
        do
        {
            cancellation.ThrowIfCancellationRequested();
            times.Add(Time(work, calls));
        }
        while (!Enough(times.Count, start));
        return [.. times];
    }

    private bool Enough(int pairs, long start)
    {
        var elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return elapsed >= secondsPerCell && (pairs >= LeastPairs || elapsed >= Patience * secondsPerCell);
    }

    private static double Time(Action work, int calls)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < calls; i++)
            work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds / calls;
    }

    private static double? QuantileOrNull(double[]? values, double part) => values is null ? null : Quantile(values, part);

    private static double Quantile(double[] values, double part)
    {
        var sorted = values.Order().ToArray();
        var place = part * (sorted.Length - 1);
        var low = (int)place;
        var high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + ((place - low) * (sorted[high] - sorted[low]));
    }
}
