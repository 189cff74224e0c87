using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DiscreteGradients.Fused;

/// <summary>
/// One number per row of logits on the CPU, float32 or float64: the entropy, or the logarithm of the total Σ exp(logit). One pass forward and
/// one back; two numbers per row are kept.
/// </summary>
internal sealed class FusedStatistic : FusedFunction<FusedStatistic>
{
    /// <summary>Entropies [..] in nats of logits [.., K].</summary>
    internal static Tensor Entropy(Tensor logits) => Apply(logits, entropy: true);

    /// <summary>log Σ exp [..] of logits [.., K].</summary>
    internal static Tensor LogTotal(Tensor logits) => Apply(logits, entropy: false);

    /// <inheritdoc/>
    protected override Tensor?[] Gradients(object? data, List<Tensor> saved, Tensor upstream)
    {
        var (logits, states, entropy) = (saved[0], saved[1], (bool)data!);
        var gradient = empty_like(logits);
        if (gradient.numel() == 0)
            return [gradient];
        if (logits.dtype == ScalarType.Float64)
            Backward<double>(logits, states, upstream.contiguous(), gradient, entropy);
        else
            Backward<float>(logits, states, upstream.contiguous(), gradient, entropy);
        return [gradient];
    }

    /// <inheritdoc/>
    protected override Tensor?[] DifferentiableGradients(object? data, List<Tensor> saved, Tensor upstream)
    {
        var logits = saved[0].alias();
        return Derivatives.Differentiable(Readable(logits, (bool)data!), [logits], upstream);
    }

    /// <summary>The definition in tensor operations.</summary>
    internal static Tensor Readable(Tensor logits, bool entropy)
    {
        var finite = Masking.Finite(logits);
        if (!entropy)
            return finite.logsumexp(-1);
        var logProbabilities = finite.log_softmax(-1).clamp_min(-1e30);  // of a masked category; times its probability, zero
        return -(logProbabilities.exp() * logProbabilities).sum(-1);
    }

    private static Tensor Apply(Tensor logits, bool entropy)
    {
        var rows = logits.contiguous();
        Tensor values, states;
        using (no_grad())
        {
            values = empty(rows.shape[..^1], rows.dtype);
            states = empty([.. rows.shape[..^1], 3], rows.dtype);
            if (rows.numel() > 0)
            {
                if (rows.dtype == ScalarType.Float64)
                    Forward<double>(rows, values, states, entropy);
                else
                    Forward<float>(rows, values, states, entropy);
            }
        }

        return Record([rows], [states], entropy, values);
    }

    private static unsafe void Forward<T>(Tensor logits, Tensor values, Tensor states, bool entropy)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var categories = (int)logits.size(-1);
        var from = Memory.Address<T>(logits);
        var to = Memory.Address<T>(values);
        var state = Memory.Address<T>(states);
        Blocks.For((int)(logits.numel() / categories), categories, (first, rows) =>
        {
            for (var row = first; row < first + rows; row++)
            {
                var of = new ReadOnlySpan<T>(from + ((long)row * categories), categories);
                var largest = Rows.Largest(of);
                var (total, moment) = Rows.Moments(of, largest);
                if (!T.IsFinite(total))
                    throw RowSampler<T>.Refused(of, row);
                var (logTotal, mean) = (T.Log(total), moment / total);
                to[row] = entropy ? logTotal - mean : largest + logTotal;
                (state[3L * row], state[(3L * row) + 1], state[(3L * row) + 2]) = (largest, T.One / total, mean);
            }
        });
    }

    private static unsafe void Backward<T>(Tensor logits, Tensor states, Tensor upstream, Tensor gradient, bool entropy)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var categories = (int)logits.size(-1);
        var from = Memory.Address<T>(logits);
        var state = Memory.Address<T>(states);
        var v = Memory.Address<T>(upstream);
        var to = Memory.Address<T>(gradient);
        Blocks.For((int)(logits.numel() / categories), categories, (first, rows) =>
        {
            for (var row = first; row < first + rows; row++)
            {
                var of = new ReadOnlySpan<T>(from + ((long)row * categories), categories);
                var result = new Span<T>(to + ((long)row * categories), categories);
                var (largest, inverse, mean) = (state[3L * row], state[(3L * row) + 1], state[(3L * row) + 2]);
                if (entropy)
                    Rows.EntropySlope(of, largest, -inverse * v[row], mean, result);
                else
                    Rows.Scale(of, largest, inverse * v[row], result);
            }
        });
    }
}
