using System.Numerics;

namespace DiscreteGradients.Fused;

/// <summary>
/// log p(z) of one-hot samples z, float32 or float64: on the CPU by a kernel with one pass forward and one back. The largest logit of a row
/// is taken away first, so that nothing depends on a common offset.
/// </summary>
internal sealed class FusedLogProbability : FusedRows<FusedLogProbability>
{
    /// <summary>Log-probabilities [..] of one-hot samples [.., K]; −∞, without a gradient, where a masked category is chosen.</summary>
    internal static Tensor Of(Tensor logits, Tensor hard)
    {
        if (!FusedSample.Takes(logits))
            return Readable(Check.Rows(logits), HardSample.Checked(hard, logits: null).argmax(-1, keepdim: true));

        var (rows, sample) = (Memory.Contiguous(logits), Memory.Contiguous(hard));
        var shape = rows.shape[..^1];
        var (values, chosen) = (empty(shape, rows.dtype), empty([.. shape, 1], ScalarType.Int64));
        var states = new KeptMemory(2 * values.numel() * rows.element_size());
        if (rows.numel() > 0)
        {
            if (rows.dtype == ScalarType.Float64)
                Forward<double>(rows, sample, values, states, chosen);
            else
                Forward<float>(rows, sample, values, states, chosen);
        }

        return Record([rows], [chosen], states, values);
    }

    /// <summary>The definition in tensor operations, for categories [.., 1].</summary>
    internal static Tensor Readable(Tensor logits, Tensor chosen)
    {
        var log = Masking.LogProbabilities(logits).gather(-1, chosen).squeeze(-1);
        return log.masked_fill(log < Precision.Lowest(log.dtype) / 2, double.NegativeInfinity);
    }

    /// <inheritdoc/>
    protected override Tensor Readable(object? data, List<Tensor> saved, Tensor logits) => Readable(logits, saved[1]);

    private static unsafe void Forward<T>(Tensor logits, Tensor hard, Tensor values, KeptMemory states, Tensor chosen)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var categories = (int)logits.size(-1);
        var (from, sample) = ((nint)Memory.Address<T>(logits), (nint)Memory.Address<T>(hard));
        var (to, state, at) = ((nint)Memory.Address<T>(values), (nint)states.Address<T>(), (nint)Memory.Address<long>(chosen));
        var lowest = T.CreateTruncating(Precision.Lowest(logits.dtype) / 2);
        Blocks.For((int)(logits.numel() / categories), categories, (first, rows) =>
        {
            for (long row = first; row < first + rows; row++)
            {
                var of = new ReadOnlySpan<T>((T*)from + (row * categories), categories);
                var category = HardSample.Category(new ReadOnlySpan<T>((T*)sample + (row * categories), categories), [], row);
                var largest = Rows.Largest(of);
                var total = Rows.Moments(of, largest).Total;
                if (!T.IsFinite(total))
                    throw RowSampler<T>.Refused(of, row);
                var log = of[category] - largest - T.Log(total);
                var masked = log < lowest;
                ((T*)to)[row] = masked ? T.NegativeInfinity : log;
                ((T*)state)[2 * row] = largest;
                ((T*)state)[(2 * row) + 1] = masked ? T.Zero : T.One / total;  // no gradient, then
                ((long*)at)[row] = category;
            }
        });
    }

    /// <inheritdoc/>
    protected override unsafe void Backward<T>(object? data, List<Tensor> saved, Tensor upstream, Tensor gradient)
    {
        var categories = (int)gradient.size(-1);
        var (from, state) = ((nint)Memory.Address<T>(saved[0]), (nint)((KeptMemory)data!).Address<T>());
        var at = (nint)Memory.Address<long>(saved[1]);
        var (v, to) = ((nint)Memory.Address<T>(upstream), (nint)Memory.Address<T>(gradient));
        Blocks.For((int)(gradient.numel() / categories), categories, (first, rows) =>
        {
            for (long row = first; row < first + rows; row++)
            {
                var result = new Span<T>((T*)to + (row * categories), categories);
                var (largest, inverse, slope) = (((T*)state)[2 * row], ((T*)state)[(2 * row) + 1], ((T*)v)[row]);
                Rows.Scale(new ReadOnlySpan<T>((T*)from + (row * categories), categories), largest, -inverse * slope, result);
                if (inverse != T.Zero)
                    result[(int)((long*)at)[row]] += slope;
            }
        });
    }
}
