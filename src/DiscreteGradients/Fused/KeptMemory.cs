using System.Runtime.InteropServices;

namespace DiscreteGradients.Fused;

/// <summary>Numbers that the way forward leaves for the way back and nobody else sees: cheaper than a tensor.</summary>
/// <remarks>Freed when libtorch deletes the graph. TorchSharp's public functions do not say when that is; then by the collector.</remarks>
internal sealed unsafe class KeptMemory : IDisposable
{
    private readonly long _pressure;
    private void* _start;

    internal KeptMemory(long bytes)
    {
        _start = NativeMemory.AlignedAlloc((nuint)bytes, 64);
        if (FusedFunction.IsDirect || bytes == 0)
            return;
        _pressure = bytes;
        GC.AddMemoryPressure(bytes);
    }

    ~KeptMemory() => Free();

    /// <summary>Where the numbers begin.</summary>
    internal T* Address<T>() where T : unmanaged => (T*)_start;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_start);
        _start = null;
        if (_pressure > 0)
            GC.RemoveMemoryPressure(_pressure);
    }
}
