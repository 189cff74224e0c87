using System.Runtime.ExceptionServices;

namespace DiscreteGradients.Fused;

/// <summary>Runs a kernel over blocks of rows, the same ones on any number of threads: as many as libtorch may use.</summary>
internal static class Blocks
{
    /// <summary>Elements below which a second thread costs more than it brings.</summary>
    private const int WorthAThread = 1 << 17;

    internal static void For(int rows, int categories, Action<int, int> kernel)
    {
        var size = RowLayout.PerBlock(categories);
        var count = (rows + size - 1) / size;
        var threads = (long)rows * categories < WorthAThread ? 1 : Math.Min(get_num_threads(), count);
        if (threads == 1)
        {
            for (var block = 0; block < count; block++)
                kernel(block * size, Math.Min(size, rows - (block * size)));
            return;
        }

        OnThreads(threads, thread =>
        {
            for (var block = (int)((long)count * thread / threads); block < (int)((long)count * (thread + 1) / threads); block++)
                kernel(block * size, Math.Min(size, rows - (block * size)));
        });
    }

    /// <summary>
    /// Runs the parts 0 … threads − 1 of a piece of work at the same time. If some fail, the exception of the first comes out, as it would
    /// on one thread.
    /// </summary>
    internal static void OnThreads(int threads, Action<int> part)
    {
        var failures = new ExceptionDispatchInfo?[threads];
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, thread =>
        {
            try
            {
                part(thread);
            }
#pragma warning disable CA1031 // It is thrown again below; Parallel.For would wrap it, and leave out parts that have not begun.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failures[thread] = ExceptionDispatchInfo.Capture(e);
            }
        });
        Array.Find(failures, failure => failure is not null)?.Throw();
    }
}
