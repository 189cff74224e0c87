using System.Runtime.ExceptionServices;

namespace DiscreteGradients.Fused;

/// <summary>Runs a kernel over blocks of rows, the same ones on any number of threads: as many as libtorch may use.</summary>
internal static class Blocks
{
    /// <summary>Elements below which a second thread costs more than it brings.</summary>
    private const int WorthAThread = 1 << 17;

    /// <summary>Shares of the work for each thread.</summary>
    private const int Shares = 8;

    /// <param name="rows">Rows.</param>
    /// <param name="categories">K.</param>
    /// <param name="kernel">What is done with that number of rows from that row on.</param>
    /// <param name="passes">How often the kernel goes over them.</param>
    internal static void For(int rows, int categories, Action<int, int> kernel, int passes = 1)
    {
        var size = RowLayout.PerBlock(categories);
        var count = (rows + size - 1) / size;
        var threads = (long)rows * categories * passes < WorthAThread ? 1 : Math.Min(get_num_threads(), count);
        if (threads == 1)
        {
            for (var block = 0; block < count; block++)
                kernel(block * size, Math.Min(size, rows - (block * size)));
            return;
        }

        // A thread that the system takes away for a while leaves its share to the others.
        var shares = Math.Min(count, threads * Shares);
        var (next, failures) = (0, new ExceptionDispatchInfo?[shares]);
        OnThreads(threads, _ =>
        {
            for (int share; (share = Interlocked.Increment(ref next) - 1) < shares;)
            {
                Try(share, failures, its =>
                {
                    for (var block = (int)((long)count * its / shares); block < (int)((long)count * (its + 1) / shares); block++)
                        kernel(block * size, Math.Min(size, rows - (block * size)));
                });
            }
        });
        Throw(failures);
    }

    /// <summary>
    /// Runs the parts 0 … threads − 1 of a piece of work at the same time. If some fail, the exception of the first comes out, as it would
    /// on one thread.
    /// </summary>
    internal static void OnThreads(int threads, Action<int> part)
    {
        var failures = new ExceptionDispatchInfo?[threads];
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, thread => Try(thread, failures, part));
        Throw(failures);
    }

    private static void Try(int part, ExceptionDispatchInfo?[] failures, Action<int> work)
    {
        try
        {
            work(part);
        }
#pragma warning disable CA1031 // It is thrown again by Throw; Parallel.For would wrap it, and leave out parts that have not begun.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failures[part] = ExceptionDispatchInfo.Capture(e);
        }
    }

    private static void Throw(ExceptionDispatchInfo?[] failures) => Array.Find(failures, failure => failure is not null)?.Throw();
}
