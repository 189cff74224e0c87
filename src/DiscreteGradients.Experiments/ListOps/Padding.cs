using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using DiscreteGradients.Fused;
using TorchSharp.Modules;

namespace DiscreteGradients.Experiments;

/// <summary>Parameters of size d as the linear form holds them: each gate of whole vectors, and zeros behind its d entries.</summary>
internal static unsafe class Padding<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>d, made whole vectors.</summary>
    internal static int Of(int size)
    {
        var whole = Vector512<T>.Count;
        return (size + whole - 1) / whole * whole;
    }

    /// <summary>Copies a parameter [gates · rows, ..] in blocks of rows.</summary>
    /// <param name="parameter">A matrix or vector.</param>
    /// <param name="first">Its first column that is copied.</param>
    /// <param name="columns">How many are.</param>
    /// <param name="gates">Blocks of rows.</param>
    /// <param name="to">Where the first row goes.</param>
    /// <param name="width">Numbers between two rows there.</param>
    /// <param name="height">Rows of a block there.</param>
    internal static void Load(Parameter parameter, int first, int columns, int gates, T* to, int width, int height) =>
        Each(parameter, first, columns, gates, to, width, height, static (parameter, mine) => parameter.CopyTo(mine));

    /// <summary>The way back: adds to the parameter's gradient what lies where it was copied to.</summary>
    internal static void AddGradient(Parameter parameter, int first, int columns, int gates, T* from, int width, int height)
    {
        Each(Gradient(parameter), first, columns, gates, from, width, height, static (gradient, mine) =>
            TensorPrimitives.Add<T>(gradient, mine, gradient));
    }

    /// <summary>The parameter's gradient, which begins as zeros.</summary>
    internal static Tensor Gradient(Parameter parameter) => parameter.grad ??= zeros_like(parameter);

    private static void Each(
        Tensor matrix, int first, int columns, int gates, T* mine, int width, int height, Action<Span<T>, Span<T>> action)
    {
        var stride = (int)matrix.shape[^1];
        var start = Memory.Address<T>(matrix);
        var rows = (int)(matrix.numel() / stride / gates);
        for (var gate = 0; gate < gates; gate++)
        {
            for (var row = 0; row < rows; row++)
            {
                action(
                    new Span<T>(start + ((((long)gate * rows) + row) * stride) + first, columns),
                    new Span<T>(mine + ((((long)gate * height) + row) * width), columns));
            }
        }
    }
}
