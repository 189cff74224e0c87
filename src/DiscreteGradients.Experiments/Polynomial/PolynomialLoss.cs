using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DiscreteGradients.Fused;

namespace DiscreteGradients.Experiments;

/// <summary>(1/L) Σᵢ |zᵢ − cᵢ|^p of L bits. A bit that is 0 or 1 costs one of two numbers, and so does its slope: those are kept.</summary>
internal sealed class PolynomialLoss
{
    private readonly Tensor _target;
    private readonly double _p;
    private readonly float[][] _costs;  // of a 0 and of a 1
    private readonly float[][] _slopes;  // the same, each as a pair with the slope 0 of the component that the loss does not use

    /// <param name="target">c [L], float32 on the CPU; the caller's.</param>
    /// <param name="p">The exponent p &gt; 0.</param>
    internal PolynomialLoss(Tensor target, double p)
    {
        (_target, _p) = (target, p);
        using var scope = NewDisposeScope();
        var corners = arange(2, dtype: ScalarType.Float32).view(2, 1, 1).repeat(1, target.shape[0], 2).requires_grad_();
        var costs = Costs(corners);
        costs.sum().backward();
        _costs = [costs[0].data<float>().ToArray(), costs[1].data<float>().ToArray()];
        _slopes = [corners.grad![0].data<float>().ToArray(), corners.grad[1].data<float>().ToArray()];
    }

    /// <summary>The loss [..] of one-hot bits z [.., L, 2]; a bit is the first component of its pair.</summary>
    internal Tensor Of(Tensor z)
    {
        if (z.dtype != ScalarType.Float32 || z.device_type != DeviceType.CPU || z.numel() == 0 || z.numel() > int.MaxValue / sizeof(float))
            return Readable(z);
        var bits = Memory.Contiguous(z);
        return Looked(bits) is { } costs ? Operation.Apply(this, bits, costs) : Readable(z);
    }

    /// <summary>The definition in tensor operations, for bits of any value.</summary>
    internal Tensor Readable(Tensor z) => Costs(z).mean([-1]);

    private Tensor Costs(Tensor z) => (z.select(-1, 0) - _target).abs().pow(_p);

    /// <summary>What each bit costs [.., L], or null if one is neither 0 nor 1.</summary>
    private Tensor? Looked(Tensor z)
    {
        var costs = empty(z.shape[..^1]);
        var pairs = MemoryMarshal.Cast<byte, ulong>(z.bytes);
        var to = MemoryMarshal.Cast<byte, float>(costs.bytes);
        var latents = _costs[0].Length;
        for (var at = 0; at < to.Length; at += latents)
        {
            if (Look(pairs.Slice(at, latents), to.Slice(at, latents)))
                continue;
            costs.Dispose();
            return null;
        }

        return costs;
    }

    private bool Look(ReadOnlySpan<ulong> pairs, Span<float> to)
    {
        ReadOnlySpan<float> zeros = _costs[0];
        ReadOnlySpan<float> ones = _costs[1];
        var all = Vector512<float>.AllBitsSet;
        var i = 0;
        for (; i <= to.Length - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var half = i + Vector512<ulong>.Count;
            var bits = Vector512.Narrow(Vector512.Create(pairs[i..]), Vector512.Create(pairs[half..])).AsSingle();
            var isOne = Vector512.Equals(bits, Vector512<float>.One);
            all &= isOne | Vector512.Equals(bits, Vector512<float>.Zero);
            Vector512.ConditionalSelect(isOne, Vector512.Create(ones[i..]), Vector512.Create(zeros[i..])).CopyTo(to[i..]);
        }

        var known = all.AsUInt32() == Vector512<uint>.AllBitsSet;
        for (; i < to.Length; i++)
        {
            var bit = BitConverter.UInt32BitsToSingle((uint)pairs[i]);
            known &= bit is 0 or 1;
            to[i] = bit == 1 ? ones[i] : zeros[i];
        }

        return known;
    }

    /// <summary>The slope of each pair's first component, times the upstream gradient of its loss.</summary>
    private void Slopes(ReadOnlySpan<ulong> pairs, float upstream, Span<ulong> to)
    {
        var zeros = MemoryMarshal.Cast<float, ulong>(_slopes[0]);
        var ones = MemoryMarshal.Cast<float, ulong>(_slopes[1]);
        var one = Vector512.Create((ulong)BitConverter.SingleToUInt32Bits(1));
        var first = Vector512.Create((ulong)uint.MaxValue);
        var i = 0;
        for (; i <= to.Length - Vector512<ulong>.Count; i += Vector512<ulong>.Count)
        {
            var isOne = Vector512.Equals(Vector512.Create(pairs[i..]) & first, one);
            var slopes = Vector512.ConditionalSelect(isOne, Vector512.Create(ones[i..]), Vector512.Create(zeros[i..])).AsSingle();
            (slopes * upstream).AsUInt64().CopyTo(to[i..]);
        }

        for (; i < to.Length; i++)
        {
            var slope = BitConverter.UInt32BitsToSingle((uint)((uint)pairs[i] == (uint)one[0] ? ones[i] : zeros[i]));
            to[i] = BitConverter.SingleToUInt32Bits(slope * upstream);
        }
    }

    private sealed class Operation : FusedFunction<Operation>
    {
        internal static Tensor Apply(PolynomialLoss loss, Tensor z, Tensor costs)
        {
            Tensor mean;
            using (no_grad())
                mean = costs.mean([-1]);
            costs.Dispose();
            return Record([z], [], loss, mean);
        }

        protected override Tensor?[] Gradients(object? data, List<Tensor> saved, Tensor upstream)
        {
            var (loss, z) = ((PolynomialLoss)data!, saved[0]);
            var gradient = empty_like(z);
            var shares = MemoryMarshal.Cast<byte, float>((upstream / z.shape[^2]).contiguous().bytes);
            var from = MemoryMarshal.Cast<byte, ulong>(z.bytes);
            var to = MemoryMarshal.Cast<byte, ulong>(gradient.bytes);
            var latents = (int)z.shape[^2];
            for (var example = 0; example < shares.Length; example++)
                loss.Slopes(from.Slice(example * latents, latents), shares[example], to.Slice(example * latents, latents));
            return [gradient];
        }

        protected override Tensor?[] DifferentiableGradients(object? data, List<Tensor> saved, Tensor upstream)
        {
            var z = saved[0].alias();
            return Derivatives.Differentiable(((PolynomialLoss)data!).Readable(z), [z], upstream);
        }
    }
}
