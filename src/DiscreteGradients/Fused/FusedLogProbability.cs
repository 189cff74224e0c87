using System.Numerics;
using System.Runtime.Intrinsics;

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
        var values = empty(rows.shape[..^1], rows.dtype);
        var states = rows.dtype == ScalarType.Float64 ? Forward<double>(rows, sample, values) : Forward<float>(rows, sample, values);
        return Record([rows], [], states, values);
    }

    /// <summary>The definition in tensor operations, for categories [.., 1].</summary>
    internal static Tensor Readable(Tensor logits, Tensor chosen)
    {
        var log = Masking.LogProbabilities(logits).gather(-1, chosen).squeeze(-1);
        return log.masked_fill(log < Precision.Lowest(log.dtype) / 2, double.NegativeInfinity);
    }

    /// <inheritdoc/>
    protected override Tensor Readable(object? data, List<Tensor> saved, Tensor logits) =>
        Readable(logits, tensor(FusedSample.Categories(logits, (KeptMemory)data!)).view([.. logits.shape[..^1], 1]));

    /// <summary>
    /// Whether rows are so short that tiles are faster: with four vectors a row, the two transpositions cost more than they save.
    /// </summary>
    private static bool InTiles<T>(int categories) where T : unmanaged, IBinaryFloatingPointIeee754<T> => categories < 4 * Tile<T>.Lanes;

    /// <summary>Finds the values, and what the way back needs; 1/Σ is zero where there is no gradient.</summary>
    private static unsafe KeptMemory Forward<T>(Tensor logits, Tensor hard, Tensor values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var categories = (int)logits.size(-1);
        var count = (int)values.numel();
        var memory = new KeptMemory((long)count * RowStates<T>.Size);
        if (count == 0)
            return memory;

        var states = new RowStates<T>(memory.Address<byte>(), count);
        var from = Memory.Address<T>(logits);
        var sample = Memory.Address<T>(hard);
        var to = Memory.Address<T>(values);
        var lowest = T.CreateTruncating(Precision.Lowest(logits.dtype) / 2);
        if (InTiles<T>(categories))
        {
            Tile<T>.For(count, categories, tile =>
            {
                tile.FindSampled(sample, states.Sampled);
                var (largest, total, _) = tile.Moments(from);
                var log = tile.At(0, tile.Numbers(states.Sampled)) - largest - Elementary.Log(total);
                var masked = Vector512.LessThan(log, Vector512.Create(lowest));
                tile.SetNumbers(to, Vector512.ConditionalSelect(masked, Vector512.Create(T.NegativeInfinity), log));
                tile.SetNumbers(states.Largest, largest);
                tile.SetNumbers(states.InverseTotal, Vector512.AndNot(Vector512<T>.One / total, masked));
            });
            return memory;
        }

        Blocks.For(count, categories, (first, rows) =>
        {
            for (var row = first; row < first + rows; row++)
            {
                var of = new ReadOnlySpan<T>(from + ((long)row * categories), categories);
                var category = HardSample.Category(new ReadOnlySpan<T>(sample + ((long)row * categories), categories), [], row);
                var largest = Rows.Largest(of);
                var total = Rows.Moments(of, largest).Total;
                if (!T.IsFinite(total))
                    throw RowSampler<T>.Refused(of, row);
                var log = of[category] - largest - T.Log(total);
                var masked = log < lowest;
                to[row] = masked ? T.NegativeInfinity : log;
                states[row] = new RowState<T>(largest, masked ? T.Zero : T.One / total, category);
            }
        });
        return memory;
    }

    /// <inheritdoc/>
    protected override unsafe void Backward<T>(object? data, List<Tensor> saved, Tensor upstream, Tensor gradient)
    {
        var categories = (int)gradient.size(-1);
        var count = (int)(gradient.numel() / categories);
        var states = new RowStates<T>(((KeptMemory)data!).Address<byte>(), count);
        var from = Memory.Address<T>(saved[0]);
        var v = Memory.Address<T>(upstream);
        var to = Memory.Address<T>(gradient);
        if (InTiles<T>(categories))
        {
            Tile<T>.For(count, categories, tile =>
            {
                tile.Load(0, from);
                var (largest, inverse) = (tile.Numbers(states.Largest), tile.Numbers(states.InverseTotal));
                var sampled = tile.Numbers(states.Sampled);
                var slope = Vector512.AndNot(tile.Numbers(v), Vector512.Equals(inverse, Vector512<T>.Zero));
                var (scale, place) = (-inverse * slope, Vector512<T>.Zero);
                for (var k = 0; k < categories; k++)
                {
                    tile[0, k] = (Elementary.Exp(tile[0, k] - largest) * scale) + (Vector512.Equals(sampled, place) & slope);
                    place += Vector512<T>.One;
                }

                tile.Store(0, to);
            });
            return;
        }

        Blocks.For(count, categories, (first, rows) =>
        {
            for (var row = first; row < first + rows; row++)
            {
                var result = new Span<T>(to + ((long)row * categories), categories);
                var (largest, inverse, sampled) = states[row];
                var slope = inverse == T.Zero ? T.Zero : v[row];
                Rows.Scale(new ReadOnlySpan<T>(from + ((long)row * categories), categories), largest, -inverse * slope, result);
                result[sampled] += slope;
            }
        });
    }
}
