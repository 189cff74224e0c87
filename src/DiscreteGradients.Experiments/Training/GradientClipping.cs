using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using TorchSharp.Modules;

namespace DiscreteGradients.Experiments;

/// <summary>Keeps gradients short.</summary>
internal static class GradientClipping
{
    /// <summary>Scales all gradients together so that their norm is at most <paramref name="largest"/>; returns what it was.</summary>
    /// <remarks>
    /// Reference: Pascanu, Mikolov, Bengio 2013, arXiv 1211.5063, algorithm 1. A norm that is not finite is returned and changes nothing:
    /// the caller sees that training diverged.
    /// </remarks>
    internal static double ByNorm(IEnumerable<Parameter> parameters, double largest)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var gradients = parameters.Select(p => p.grad).OfType<Tensor>().ToList();
        var norm = Math.Sqrt(gradients.Sum(SquaredNorm));
        if (norm > largest && double.IsFinite(norm))
            gradients.ForEach(gradient => gradient.mul_((float)(largest / norm)));
        return norm;
    }

    private static double SquaredNorm(Tensor gradient) =>
        gradient.device_type == DeviceType.CPU && gradient.dtype == ScalarType.Float32 && gradient.is_contiguous()
            ? Blocks(MemoryMarshal.Cast<byte, float>(gradient.bytes))
            : gradient.to_type(ScalarType.Float64).square().sum().item<double>();

    /// <summary>Sums of a few thousand squares in single precision, added up in double.</summary>
    private static double Blocks(ReadOnlySpan<float> values)
    {
        const int block = 4096;
        var sum = 0.0;
        for (var at = 0; at < values.Length; at += block)
            sum += TensorPrimitives.SumOfSquares(values.Slice(at, Math.Min(block, values.Length - at)));
        return sum;
    }
}
