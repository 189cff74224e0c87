using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DiscreteGradients.Fused;

/// <summary>
/// One number per row of logits on the CPU, float32 or float64: the entropy, or the logarithm of the total Σ exp(logit). One pass forward and
/// one back; two numbers per row are kept.
/// </summary>
/// <remarks>Nothing here throws: an exception that left an autograd function would end the process.</remarks>
internal sealed class FusedStatistic : autograd.SingleTensorFunction<FusedStatistic>
{
    /// <inheritdoc/>
    public override string Name => "DiscreteGradients.FusedStatistic";

    /// <summary>Entropies [..] in nats of logits [.., K].</summary>
    internal static Tensor Entropy(Tensor logits) => Apply(logits, entropy: true);

    /// <summary>log Σ exp [..] of logits [.., K].</summary>
    internal static Tensor LogTotal(Tensor logits) => Apply(logits, entropy: false);

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext context, params object[] inputs)
    {
        var (logits, result) = ((Tensor)inputs[0], (Result)inputs[1]);
        context.set_materialize_grads(false);
        context.save_for_backward([logits, result.States]);
        context.save_data(nameof(Result.IsEntropy), result.IsEntropy);
        return result.Values;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext context, Tensor upstream)
    {
        Memory.ReleaseHandedOver();
        if (upstream.IsInvalid)
            return [null!, null!];

        using (upstream)
        using (NewDisposeScope())
        {
            var entropy = (bool)context.get_data(nameof(Result.IsEntropy));
            var saved = context.get_saved_variables();
            var (logits, states) = (saved[0], saved[1]);
            if (is_grad_enabled())
                return [Memory.HandOver(autograd.grad([Readable(logits, entropy)], [logits], [upstream], retain_graph: true, create_graph: true)[0]), null!];

            var gradient = empty_like(logits);
            if (gradient.numel() > 0)
            {
                if (logits.dtype == ScalarType.Float64)
                    Backward<double>(logits, states, upstream.contiguous(), gradient, entropy);
                else
                    Backward<float>(logits, states, upstream.contiguous(), gradient, entropy);
            }

            return [Memory.HandOver(gradient), null!];
        }
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

        Memory.ReleaseHandedOver();
        return is_grad_enabled() && logits.requires_grad ? apply(rows, new Result(values, states, entropy)) : values;
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
                if (!(total >= T.One))
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

    private sealed record Result(Tensor Values, Tensor States, bool IsEntropy);
}
