using System.Runtime;

namespace DiscreteGradients.Experiments;

/// <summary>Collects garbage between training steps, never during one.</summary>
/// <remarks>
/// TorchSharp 0.107.0 hands the numbers of an operation (the 2 in 2 * x, and the 1 by which x + y scales y) to libtorch in objects with a
/// finaliser, which nobody keeps alive during the call. A collection that another thread starts just then frees the number libtorch is
/// about to read: "Expected false to be true", once in some hundred thousand steps, or every thousand if provoked. So collections are held
/// back while a step runs, and made, finalisers included, when all threads are between two steps.
/// </remarks>
internal sealed class CollectorGate : IDisposable
{
    /// <summary>What the steps may allocate from one collection to the next; a step takes some 50 kB.</summary>
    private const long Budget = 128L << 20;

    private readonly ReaderWriterLockSlim _steps = new();
    private long _collectAt;

    /// <summary>Collects once, before anyone trains.</summary>
    internal CollectorGate() => Collect();

    /// <summary>A thread begins to train.</summary>
    internal void Enter()
    {
        if (GC.GetTotalAllocatedBytes() >= Interlocked.Read(ref _collectAt))
            Collect();
        _steps.EnterReadLock();
    }

    /// <summary>A thread is between two steps.</summary>
    internal void Pass()
    {
        if (_steps.WaitingWriteCount == 0 && GC.GetTotalAllocatedBytes() < Interlocked.Read(ref _collectAt))
            return;
        _steps.ExitReadLock();
        Enter();
    }

    /// <summary>A thread trains no more.</summary>
    internal void Exit() => _steps.ExitReadLock();

    public void Dispose()
    {
        End();
        _steps.Dispose();
    }

    private void Collect()
    {
        _steps.EnterWriteLock();
        try
        {
            if (GC.GetTotalAllocatedBytes() < _collectAt)
                return;  // another thread did it meanwhile
            End();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            if (GCSettings.LatencyMode != GCLatencyMode.NoGCRegion)
                GC.TryStartNoGCRegion(Budget);
            Interlocked.Exchange(ref _collectAt, GC.GetTotalAllocatedBytes() + (Budget * 3 / 4));
        }
        finally
        {
            _steps.ExitWriteLock();
        }
    }

    /// <summary>Lets collections happen again, unless one has because more was allocated than the budget.</summary>
    private static void End()
    {
        if (GCSettings.LatencyMode == GCLatencyMode.NoGCRegion)
            GC.EndNoGCRegion();
    }
}
