using System.Diagnostics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using DiscreteGradients.Fused;

namespace DiscreteGradients.Experiments.Bench;

/// <summary>
/// How fast this machine copies memory and computes exponentials and logarithms, measured when first asked for: the best of many timings,
/// since other work on the machine can only make them longer.
/// </summary>
/// <param name="threads">Threads that work at once.</param>
internal sealed class MachineLimits(int threads)
{
    /// <summary>Bytes far beyond a core's caches, and more than glibc keeps for the next call when freed; fewer in tests.</summary>
    internal static long LargeCopy { get; set; } = 128L << 20;

    /// <summary>Bytes below which a second thread is not worth waking.</summary>
    private const long WorthThreads = 1 << 20;

    private const int Block = 4096;

    /// <summary>Timings and seconds of one measurement, at least; tests are content with fewer.</summary>
    internal static (int Repeats, double Seconds) Enough { get; set; } = (9, 0.15);

    private readonly Dictionary<long, double> _copies = [];

    /// <summary>Threads that work at once.</summary>
    public int Threads => threads;

    /// <summary>Seconds for one exponential of a float32, all threads at work: .NET's or the kernels' own, whichever is faster.</summary>
    public double Exponential => field == 0
        ? field = Math.Min(Elementwise(TensorPrimitives.Exp, -8, 0), Elementwise(InPlace(Elementary.Exp), -8, 0))
        : field;

    /// <summary>The same for a logarithm.</summary>
    public double Logarithm => field == 0
        ? field = Math.Min(Elementwise(TensorPrimitives.Log, 1e-6f, 1), Elementwise(InPlace(Elementary.NegativeLog), 1e-6f, 1))
        : field;

    /// <summary>Bytes read and written in a second by a copy of that many bytes, to memory that is there already.</summary>
    public double Copy(long bytes)
    {
        if (!_copies.TryGetValue(bytes, out var bandwidth))
            _copies[bytes] = bandwidth = MeasureCopy(bytes);
        return bandwidth;
    }

    /// <summary>The same for <see cref="LargeCopy"/> bytes to memory fresh from the allocator, whose pages come in by faults.</summary>
    public unsafe double FreshCopy()
    {
        var from = Filled(LargeCopy);
        try
        {
            return 2 * LargeCopy / Best(() =>
            {
                var to = (byte*)NativeMemory.Alloc((nuint)LargeCopy);
                InParts(LargeCopy, threads, (first, count) => Buffer.MemoryCopy((byte*)from + first, to + first, count, count));
                NativeMemory.Free(to);
            });
        }
        finally
        {
            NativeMemory.AlignedFree((void*)from);
        }
    }

    private unsafe double MeasureCopy(long bytes)
    {
        var (from, to) = (Filled(bytes), Filled(bytes));
        try
        {
            var workers = bytes < WorthThreads ? 1 : threads;
            var calls = (int)Math.Clamp((16L << 20) / bytes, 1, 10_000);
            return 2.0 * bytes * calls / Best(() => InParts(bytes, workers, (first, count) =>
            {
                for (var i = 0; i < calls; i++)
                    Buffer.MemoryCopy((byte*)from + first, (byte*)to + first, count, count);
            }));
        }
        finally
        {
            NativeMemory.AlignedFree((void*)from);
            NativeMemory.AlignedFree((void*)to);
        }
    }

    private static unsafe nint Filled(long bytes)
    {
        var memory = NativeMemory.AlignedAlloc((nuint)bytes, 64);
        NativeMemory.Fill(memory, (nuint)bytes, 1);
        return (nint)memory;
    }

    private static void InParts(long bytes, int workers, Action<long, long> part)
    {
        if (workers == 1)
        {
            part(0, bytes);
            return;
        }

        Blocks.OnThreads(workers, worker =>
        {
            var (first, end) = (bytes * worker / workers, bytes * (worker + 1) / workers);
            part(first, end - first);
        });
    }

    /// <summary>A block that stays in the first-level cache, over and over.</summary>
    private double Elementwise(ElementwiseFunction function, float low, float high)
    {
        const int Calls = 500;
        var from = Enumerable.Range(0, Block).Select(i => low + ((high - low) * (i + 0.5f) / Block)).ToArray();
        var to = Enumerable.Range(0, threads).Select(_ => new float[Block]).ToArray();
        Steady.WarmUp(Work);
        return Best(Work) / ((double)Calls * Block * threads);

        void Work() => InParts(threads, threads, (thread, _) =>
        {
            for (var i = 0; i < Calls; i++)
                function(from, to[thread]);
        });
    }

    private static double Best(Action work)
    {
        work();
        var (begin, best) = (Stopwatch.GetTimestamp(), double.PositiveInfinity);
        for (var i = 0; i < Enough.Repeats || Stopwatch.GetElapsedTime(begin).TotalSeconds < Enough.Seconds; i++)
        {
            var start = Stopwatch.GetTimestamp();
            work();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    private static ElementwiseFunction InPlace(Action<Span<float>> function) => (from, to) =>
    {
        from.CopyTo(to);
        function(to);
    };

    private delegate void ElementwiseFunction(ReadOnlySpan<float> from, Span<float> to);
}
