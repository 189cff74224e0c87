using System.Numerics;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Fused;

/// <summary>One number per row of float32 or float64 logits: one pass forward and one back, three numbers per row kept.</summary>
internal sealed class FusedStatistic : FusedRows<FusedStatistic>
{
    /// <summary>The statistic [..] of logits [.., K], by a kernel where there is one.</summary>
    internal static Tensor Of(Statistic statistic, Tensor logits) =>
        FusedSample.Takes(logits) ? Apply(statistic, logits) : Readable(statistic, Check.Rows(logits));

    /// <inheritdoc/>
    protected override Tensor Readable(object? data, List<Tensor> saved, Tensor logits) => Readable(((Slopes)data!).Of, logits);

    /// <summary>The definition.</summary>
    internal static Tensor Readable(Statistic statistic, Tensor logits)
    {
        if (statistic == Statistic.DivergenceFromUniform)
            return ReadableDivergence(logits.to_type(ScalarType.Float64)).to_type(logits.dtype);
        var logProbabilities = Masking.LogProbabilities(logits);
        var p = logProbabilities.exp();
        return -(p * logProbabilities.masked_fill(p == 0, 0)).sum(-1);
    }

    /// <summary>The formula of <see cref="UniformDivergence"/>.</summary>
    private static Tensor ReadableDivergence(Tensor logits)
    {
        var below = (logits - logits.detach().amax([-1], keepdim: true)).clamp_min(-1e30);  // not −∞, times a probability of zero
        var t = below - below.expm1().mean([-1], keepdim: true).log1p();
        var small = t.clamp(-UniformDivergence.Small, UniformDivergence.Small);
        var series = UniformDivergence.Excess.Reverse().Aggregate(zeros_like(t), (sum, coefficient) => (sum * small) + coefficient);
        return where(t.abs() < UniformDivergence.Small, series * small * small, 1 + ((t - 1) * t.exp())).mean([-1]);
    }

    private static Tensor Apply(Statistic statistic, Tensor logits)
    {
        var rows = Memory.Contiguous(logits);
        var values = empty(rows.shape[..^1], rows.dtype);
        var states = new KeptMemory(3 * values.numel() * rows.element_size());
        try
        {
            if (rows.numel() > 0)
            {
                Action<Tensor, Tensor, KeptMemory> forward = (statistic, rows.dtype) switch
                {
                    (Statistic.Entropy, ScalarType.Float64) => Entropy<double>,
                    (Statistic.Entropy, _) => Entropy<float>,
                    (_, ScalarType.Float64) => Divergence<double>,
                    _ => Divergence<float>,
                };
                forward(rows, values, states);
            }

            return Record([rows], [], new Slopes(statistic, states), values);
        }
        catch
        {
            values.Dispose();
            throw;
        }
    }

    private static unsafe void Entropy<T>(Tensor logits, Tensor values, KeptMemory states)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var categories = (int)logits.size(-1);
        var count = (int)(logits.numel() / categories);
        var from = Memory.Address<T>(logits);
        var to = Memory.Address<T>(values);
        var state = new Numbers<T>(states, count);
        if (categories <= RowLayout.ShortRow)
        {
            Tile<T>.For(count, categories, tile =>
            {
                var (largest, total, moment) = tile.Moments(from);
                var mean = moment / total;
                tile.SetNumbers(to, Elementary.Log(total) - mean);
                state.Set(tile, largest, Vector512<T>.One / total, mean);
            });
            return;
        }

        Blocks.For(count, categories, (first, rows) =>
        {
            for (var row = first; row < first + rows; row++)
            {
                var of = new ReadOnlySpan<T>(from + ((long)row * categories), categories);
                var largest = Rows.Largest(of);
                var (total, moment) = Rows.Moments(of, largest);
                if (!(total >= T.One))
                    throw RowSampler<T>.Refused(of, row);
                var (logTotal, mean) = (T.Log(total), moment / total);
                to[row] = logTotal - mean;
                state[row] = (largest, T.One / total, mean);
            }
        });
    }

    private static unsafe void Divergence<T>(Tensor logits, Tensor values, KeptMemory states)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var categories = (int)logits.size(-1);
        var count = (int)(logits.numel() / categories);
        UniformDivergence.Of(Memory.Address<T>(logits), count, categories, Memory.Address<T>(values), new Numbers<T>(states, count));
    }

    /// <inheritdoc/>
    protected override unsafe void Backward<T>(object? data, List<Tensor> saved, Tensor upstream, Tensor gradient)
    {
        var (its, categories) = ((Slopes)data!, (int)gradient.size(-1));
        var count = (int)(gradient.numel() / categories);
        var from = Memory.Address<T>(saved[0]);
        var state = new Numbers<T>(its.States, count);
        var v = Memory.Address<T>(upstream);
        var to = Memory.Address<T>(gradient);
        var sign = its.Of == Statistic.Entropy ? -T.One : T.One;
        if (categories <= RowLayout.ShortRow)
        {
            Tile<T>.For(count, categories, tile =>
            {
                tile.Load(0, from);
                var (largest, inverse, mean) = state.Of(tile);
                var scale = inverse * tile.Numbers(v) * Vector512.Create(sign);
                for (var k = 0; k < categories; k++)
                {
                    var below = Rows.Finite(tile[0, k] - largest);
                    tile[0, k] = Elementary.Exp(below) * (below - mean) * scale;
                }

                tile.Store(0, to);
            });
            return;
        }

        Blocks.For(count, categories, (first, rows) =>
        {
            for (var row = first; row < first + rows; row++)
            {
                var of = new ReadOnlySpan<T>(from + ((long)row * categories), categories);
                var result = new Span<T>(to + ((long)row * categories), categories);
                var (largest, inverse, mean) = state[row];
                Rows.EntropySlope(of, largest, sign * inverse * v[row], mean, result);
            }
        });
    }

    /// <summary>The largest logit, 1/Σ and the mean of every row, each of the three for all rows before the next.</summary>
    internal readonly unsafe struct Numbers<T>(KeptMemory memory, int rows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly T* _largest = memory.Address<T>();

        private T* Inverse => _largest + rows;

        private T* Mean => Inverse + rows;

        internal (T Largest, T InverseTotal, T Mean) this[int row]
        {
            get => (_largest[row], Inverse[row], Mean[row]);
            set => (_largest[row], Inverse[row], Mean[row]) = value;
        }

        internal (Vector512<T> Largest, Vector512<T> InverseTotal, Vector512<T> Mean) Of(Tile<T> tile) =>
            (tile.Numbers(_largest), tile.Numbers(Inverse), tile.Numbers(Mean));

        internal void Set(Tile<T> tile, Vector512<T> largest, Vector512<T> inverseTotal, Vector512<T> mean)
        {
            tile.SetNumbers(_largest, largest);
            tile.SetNumbers(Inverse, inverseTotal);
            tile.SetNumbers(Mean, mean);
        }
    }

    /// <summary>What the way back needs.</summary>
    private sealed record Slopes(Statistic Of, KeptMemory States) : IDisposable
    {
        public void Dispose() => States.Dispose();
    }
}

/// <summary>What is computed of a row of logits.</summary>
internal enum Statistic
{
    /// <summary>−Σ p log p.</summary>
    Entropy,

    /// <summary>KL(p ‖ uniform).</summary>
    DivergenceFromUniform,
}
