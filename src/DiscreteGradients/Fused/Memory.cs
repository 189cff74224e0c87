using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DiscreteGradients.Fused;

/// <summary>Tensors' memory as kernels and autograd functions need it.</summary>
internal static class Memory
{
    /// <summary>
    /// The gradients last handed to autograd on this thread. Nobody says when the native side has read them, but it has by the next call,
    /// which disposes of them.
    /// </summary>
    [ThreadStatic]
    private static List<Tensor>? _handedOver;

    /// <summary>Where the numbers of a contiguous tensor on the CPU begin.</summary>
    internal static unsafe T* Address<T>(Tensor tensor) where T : unmanaged
    {
        if (tensor.numel() * tensor.element_size() <= int.MaxValue)
            return (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
        using var start = tensor.view(-1).narrow(0, 0, 1);  // a span cannot hold all of it
        return (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(start.bytes));
    }

    /// <summary>A row of a matrix of that width.</summary>
    internal static unsafe Span<T> Row<T>(T* start, long row, int width) where T : unmanaged => new(start + (row * width), width);

    /// <summary>The tensor itself if it is contiguous: even another handle of it costs as much as a short row.</summary>
    internal static Tensor Contiguous(Tensor tensor) => tensor.is_contiguous() ? tensor : tensor.contiguous();

    /// <summary>Keeps a gradient that is returned to autograd alive until it has been read.</summary>
    internal static void HandOver(Tensor? gradient)
    {
        if (gradient is not null)
            (_handedOver ??= []).Add(gradient.DetachFromDisposeScope());
    }

    /// <summary>Disposes of the gradients that autograd has read by now: all that were handed over before this call.</summary>
    internal static void ReleaseHandedOver()
    {
        _handedOver?.ForEach(gradient => gradient.Dispose());
        _handedOver?.Clear();
    }
}
