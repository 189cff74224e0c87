using System.Numerics;
using System.Runtime.InteropServices;
using DiscreteGradients.Fused;

namespace DiscreteGradients.Experiments;

/// <summary>The binary cross-entropy of logits, summed over the last axis, in one function of autograd: value and slope come from one exponential.</summary>
/// <remarks>Nothing here throws: an exception that left an autograd function would end the process.</remarks>
internal sealed class FusedCrossEntropy : autograd.SingleTensorFunction<FusedCrossEntropy>
{
    /// <inheritdoc/>
    public override string Name => "DiscreteGradients.FusedCrossEntropy";

    /// <summary>−Σ t log σ(x) + (1 − t) log(1 − σ(x)) [S.., B] of logits x [S.., B, N] and targets t [B, N] from 0 to 1.</summary>
    internal static Tensor Apply(Tensor logits, Tensor targets)
    {
        if (logits.device_type != DeviceType.CPU || logits.dtype != ScalarType.Float32 || targets.dtype != ScalarType.Float32
            || logits.numel() == 0 || logits.numel() > int.MaxValue / sizeof(float))
            return Readable(logits, targets);

        Memory.ReleaseHandedOver();
        var (rows, pictures) = (logits.contiguous(), targets.contiguous());
        var recorded = is_grad_enabled() && logits.requires_grad;
        Result result;
        using (no_grad())
            result = Forward(rows, pictures, recorded);
        return recorded ? apply(rows, pictures, result) : result.Values;
    }

    /// <summary>The definition in tensor operations.</summary>
    internal static Tensor Readable(Tensor logits, Tensor targets) => nn.functional.binary_cross_entropy_with_logits(
        logits, targets.expand_as(logits), reduction: nn.Reduction.None).sum([-1]);

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext context, params object[] inputs)
    {
        var (logits, targets, result) = ((Tensor)inputs[0], (Tensor)inputs[1], (Result)inputs[2]);
        context.set_materialize_grads(false);
        context.save_for_backward([logits, targets, result.Slopes!]);
        return result.Values;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext context, Tensor upstream)
    {
        Memory.ReleaseHandedOver();
        if (upstream.IsInvalid)
            return [null!, null!, null!];

        using (upstream)
        using (NewDisposeScope())
        {
            var saved = context.get_saved_variables();
            var (logits, targets, slopes) = (saved[0], saved[1], saved[2]);
            return [Memory.HandOver(is_grad_enabled()
                ? autograd.grad([Readable(logits, targets)], [logits], [upstream], retain_graph: true, create_graph: true)[0]
                : slopes * upstream.unsqueeze(-1)), null!, null!];
        }
    }

    private static unsafe Result Forward(Tensor logits, Tensor targets, bool withSlopes)
    {
        var (length, pictures) = ((int)logits.size(-1), targets.shape[0]);
        var values = empty(logits.shape[..^1]);
        var slopes = withSlopes ? empty_like(logits) : null;
        var from = Memory.Address<float>(logits);
        var target = Memory.Address<float>(targets);
        var to = Memory.Address<float>(values);
        var slope = slopes is null ? null : Memory.Address<float>(slopes);
        Blocks.For((int)(logits.numel() / length), length, (first, rows) =>
        {
            for (var row = first; row < first + rows; row++)
            {
                to[row] = Row(
                    new ReadOnlySpan<float>(from + ((long)row * length), length), new ReadOnlySpan<float>(target + (row % pictures * length), length),
                    slope is null ? default : new Span<float>(slope + ((long)row * length), length));
            }
        });
        return new Result(values, slopes);
    }

    /// <summary>The sum of max(x, 0) − x t + log(1 + e^−|x|); the slopes σ(x) − t, unless there is no room for them.</summary>
    private static float Row(ReadOnlySpan<float> x, ReadOnlySpan<float> t, Span<float> slopes)
    {
        var logits = MemoryMarshal.Cast<float, Vector<float>>(x);
        var targets = MemoryMarshal.Cast<float, Vector<float>>(t);
        var to = MemoryMarshal.Cast<float, Vector<float>>(slopes);
        var sum = Vector<float>.Zero;
        for (var i = 0; i < logits.Length; i++)
        {
            var small = Elementary.Exp(-Vector.Abs(logits[i]));
            var total = Vector<float>.One + small;
            sum += Vector.Max(logits[i], Vector<float>.Zero) - (logits[i] * targets[i]) + Elementary.Log(total);
            if (to.Length > 0)
                to[i] = (Vector.ConditionalSelect(Vector.LessThan(logits[i], Vector<float>.Zero), small, Vector<float>.One) / total) - targets[i];
        }

        var rest = Vector.Sum(sum);
        for (var i = logits.Length * Vector<float>.Count; i < x.Length; i++)
        {
            var small = MathF.Exp(-MathF.Abs(x[i]));
            rest += MathF.Max(x[i], 0) - (x[i] * t[i]) + MathF.Log(1 + small);
            if (slopes.Length > 0)
                slopes[i] = ((x[i] < 0 ? small : 1) / (1 + small)) - t[i];
        }

        return rest;
    }

    /// <summary>What forward hands to autograd.</summary>
    private sealed record Result(Tensor Values, Tensor? Slopes);
}
