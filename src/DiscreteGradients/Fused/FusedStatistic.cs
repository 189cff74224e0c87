using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

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
        var from = Memory.Address<T>(logits);
        var to = Memory.Address<T>(values);
        var state = states.Address<T>();
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
                to[row] = logTotal - mean;
                (state[3L * row], state[(3L * row) + 1], state[(3L * row) + 2]) = (largest, T.One / total, mean);
            }
        });
    }

    private static unsafe void Divergence<T>(Tensor logits, Tensor values, KeptMemory states)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var categories = (int)logits.size(-1);
        var (from, to, state) = ((nint)Memory.Address<T>(logits), (nint)Memory.Address<T>(values), (nint)states.Address<T>());
        Blocks.For((int)(logits.numel() / categories), categories, (first, rows) => UniformDivergence.Of(
            new ReadOnlySpan<T>((T*)from + ((long)first * categories), rows * categories), categories,
            new Span<T>((T*)to + first, rows), new Span<T>((T*)state + (3L * first), 3 * rows), first));
    }

    /// <inheritdoc/>
    protected override unsafe void Backward<T>(object? data, List<Tensor> saved, Tensor upstream, Tensor gradient)
    {
        var (its, categories) = ((Slopes)data!, (int)gradient.size(-1));
        var from = Memory.Address<T>(saved[0]);
        var state = its.States.Address<T>();
        var v = Memory.Address<T>(upstream);
        var to = Memory.Address<T>(gradient);
        Blocks.For((int)(gradient.numel() / categories), categories, (first, rows) =>
        {
            for (var row = first; row < first + rows; row++)
            {
                var of = new ReadOnlySpan<T>(from + ((long)row * categories), categories);
                var result = new Span<T>(to + ((long)row * categories), categories);
                var (largest, inverse, mean) = (state[3L * row], state[(3L * row) + 1], state[(3L * row) + 2]);
                Rows.EntropySlope(of, largest, (its.Of == Statistic.Entropy ? -inverse : inverse) * v[row], mean, result);
            }
        });
    }

    /// <summary>What the way back needs: the largest logit, 1/Σ and the mean of every row.</summary>
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
