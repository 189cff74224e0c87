using System.Runtime.InteropServices;

namespace DiscreteGradients.Fused;

/// <summary>Numbers that the way forward leaves for the way back and nobody else sees: cheaper than a tensor.</summary>
/// <remarks>Freed when libtorch deletes the graph, as far as it tells us, or by the collector.</remarks>
internal sealed unsafe class KeptMemory(long bytes) : IDisposable
{
    private void* _start = NativeMemory.AlignedAlloc((nuint)bytes, 64);

    ~KeptMemory() => NativeMemory.AlignedFree(_start);

    /// <summary>Where the numbers begin.</summary>
    internal T* Address<T>() where T : unmanaged => (T*)_start;

    public void Dispose()
    {
        NativeMemory.AlignedFree(_start);
        _start = null;
        GC.SuppressFinalize(this);
    }
}
