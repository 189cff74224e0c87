using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DiscreteGradients.Fused;

/// <summary>Tensors' memory as kernels and autograd functions need it.</summary>
internal static class Memory
{
    /// <summary>
    /// The gradients last handed to autograd on this thread. TorchSharp keeps no reference to what backward returns until the native side
    /// has read it, and disposes of it never; so they are kept until the next call of an autograd function, which disposes of them.
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

    /// <summary>Keeps a gradient that backward returns alive until autograd has read it.</summary>
    internal static Tensor HandOver(Tensor gradient)
    {
        (_handedOver ??= []).Add(gradient.DetachFromDisposeScope());
        return gradient;
    }

    /// <summary>Disposes of the gradients that autograd has read by now: all that were handed over before this call.</summary>
    internal static void ReleaseHandedOver()
    {
        _handedOver?.ForEach(gradient => gradient.Dispose());
        _handedOver?.Clear();
    }
}
