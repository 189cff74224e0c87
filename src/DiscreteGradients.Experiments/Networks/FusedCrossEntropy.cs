using System.Runtime.Intrinsics;
using DiscreteGradients.Fused;

namespace DiscreteGradients.Experiments;

/// <summary>Binary cross-entropy of logits, summed over the last axis, as one function: one exponential for value and slope.</summary>
internal sealed class FusedCrossEntropy : FusedFunction<FusedCrossEntropy>
{
    /// <summary>−Σ t log σ(x) + (1 − t) log(1 − σ(x)) [S.., B] of logits x [S.., B, N] and targets t [B, N] from 0 to 1.</summary>
    internal static Tensor Apply(Tensor logits, Tensor targets)
    {
        if (logits.device_type != DeviceType.CPU || logits.dtype != ScalarType.Float32 || targets.dtype != ScalarType.Float32
            || logits.numel() == 0 || logits.numel() > int.MaxValue / sizeof(float))
            return Readable(logits, targets);

        var (rows, pictures) = (logits.contiguous(), targets.contiguous());
        var recorded = IsRecorded(logits);
        Tensor values;
        Tensor? slopes;
        using (no_grad())
            (values, slopes) = Forward(rows, pictures, recorded);
        return Record([rows], [pictures, slopes], null, values);
    }

    /// <summary>The definition in tensor operations.</summary>
    internal static Tensor Readable(Tensor logits, Tensor targets) => nn.functional.binary_cross_entropy_with_logits(
        logits, targets.expand_as(logits), reduction: nn.Reduction.None).sum([-1]);

    protected override Tensor?[] Gradients(object? data, List<Tensor> saved, Tensor upstream) => [saved[2] * upstream.unsqueeze(-1)];

    protected override Tensor?[] DifferentiableGradients(object? data, List<Tensor> saved, Tensor upstream)
    {
        var logits = saved[0].alias();
        return Derivatives.Differentiable(Readable(logits, saved[1]), [logits], upstream);
    }

    private static unsafe (Tensor Values, Tensor? Slopes) Forward(Tensor logits, Tensor targets, bool withSlopes)
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
                    new ReadOnlySpan<float>(from + ((long)row * length), length),
                    new ReadOnlySpan<float>(target + (row % pictures * length), length),
                    slope is null ? default : new Span<float>(slope + ((long)row * length), length));
            }
        });
        return (values, slopes);
    }

    /// <summary>The sum of max(x, 0) − x t + log(1 + e^−|x|); the slopes σ(x) − t, unless there is no room for them.</summary>
    private static float Row(ReadOnlySpan<float> x, ReadOnlySpan<float> t, Span<float> slopes)
    {
        const float Sure = -1e30f;  // with a target of 0 it adds nothing
        var sum = Vector512<float>.Zero;
        for (var i = 0; i < x.Length; i += Vector512<float>.Count)
        {
            var (logits, targets) = (Rows.Load(x, i, Sure), Rows.Load(t, i));
            var small = Elementary.Exp(-Vector512.Abs(logits));
            var total = Vector512<float>.One + small;
            sum += Vector512.Max(logits, Vector512<float>.Zero) - (logits * targets) + Elementary.Log(total);
            if (slopes.Length > 0)
            {
                var likely = Vector512.ConditionalSelect(Vector512.LessThan(logits, Vector512<float>.Zero), small, Vector512<float>.One);
                Rows.Store((likely / total) - targets, slopes, i);
            }
        }

        return Vector512.Sum(sum);
    }
}
