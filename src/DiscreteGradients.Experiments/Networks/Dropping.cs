using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using DiscreteGradients.Fused;

namespace DiscreteGradients.Experiments;

/// <summary>
/// What dropout multiplies numbers by: 0, or 1 / (1 − share). A function of the noise and the number's place, so nothing is stored.
/// </summary>
/// <param name="Noise">One number from a generator.</param>
/// <param name="Share">What is dropped, from 0 to below 1.</param>
internal readonly record struct Dropping(Noise Noise, double Share)
{
    /// <summary>Drops nothing.</summary>
    internal static Dropping None => default;

    /// <summary>Whether something is dropped.</summary>
    internal bool Drops => Share > 0;

    /// <summary>The factors of sixteen places, from that one on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Vector512<float> Factors(long first)
    {
        var (share, scale) = (Vector512.Create(Share), Vector512.Create(1 / (1 - Share)));
        var low = Vector512.GreaterThanOrEqual(Noise.Uniforms(first), share) & scale;
        var high = Vector512.GreaterThanOrEqual(Noise.Uniforms(first + 8), share) & scale;
        return Vector512.Narrow(low, high);
    }

    /// <summary>The factors of the first places, as a tensor.</summary>
    internal unsafe Tensor Factors(long[] shape)
    {
        var factors = empty(shape);
        var numbers = new Span<float>(Memory.Address<float>(factors), (int)factors.numel());
        for (var i = 0; i < numbers.Length; i += Vector512<float>.Count)
            Rows.Store(Factors((long)i), numbers, i);
        return factors;
    }
}

/// <summary>Dropout as one function of autograd, whose mask is drawn again on the way back.</summary>
internal sealed class FusedDropout : FusedFunction<FusedDropout>
{
    /// <summary>Whether the kernel can take this tensor: float32 on the CPU, not empty, addressable by a span.</summary>
    internal static bool Takes(Tensor x) =>
        x.device_type == DeviceType.CPU && x.dtype == ScalarType.Float32 && x.numel() is > 0 and <= int.MaxValue / sizeof(float);

    internal static Tensor Apply(Tensor x, Dropping dropping)
    {
        var rows = Memory.Contiguous(x);
        Tensor result;
        using (no_grad())
            result = Multiply(rows, dropping);
        return Record([rows], [], dropping, result);
    }

    protected override Tensor?[] Gradients(object? data, List<Tensor> saved, Tensor upstream) =>
        [Multiply(Memory.Contiguous(upstream), (Dropping)data!)];

    protected override Tensor?[] DifferentiableGradients(object? data, List<Tensor> saved, Tensor upstream) =>
        [upstream * ((Dropping)data!).Factors(upstream.shape)];

    private static unsafe Tensor Multiply(Tensor x, Dropping dropping)
    {
        var result = empty_like(x, requires_grad: false);
        var from = Memory.Address<float>(x);
        var to = Memory.Address<float>(result);
        var length = (int)x.numel();
        const int row = 1024;
        Blocks.For((length + row - 1) / row, row, (first, rows) =>
        {
            var (start, count) = (first * row, Math.Min(length - (first * row), rows * row));
            var values = new ReadOnlySpan<float>(from + start, count);
            var products = new Span<float>(to + start, count);
            for (var i = 0; i < values.Length; i += Vector512<float>.Count)
                Rows.Store(Rows.Load(values, i) * dropping.Factors((long)start + i), products, i);
        });
        return result;
    }
}
