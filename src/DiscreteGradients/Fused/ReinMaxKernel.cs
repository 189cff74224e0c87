using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Fused;

/// <summary>The gradient of <see cref="ReinMax"/>, at temperature 1 without a second softmax.</summary>
internal sealed class ReinMaxKernel(double temperature) : IRowKernel
{
    /// <inheritdoc/>
    public void Backward<T>(RowBlock<T> block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        switch (block.IsShort, temperature)
        {
            case (true, 1):
                ShortAtOne(block);
                break;
            case (true, _):
                ShortAt(T.CreateTruncating(temperature), block);
                break;
            case (false, 1):
                LongAtOne(block);
                break;
            default:
                LongAt(T.CreateTruncating(temperature), block);
                break;
        }
    }

    /// <summary>Equation 7 with v the upstream gradient: g_k = ½ p_k (v_k − v_D) for all but the sample D; the row sums to zero.</summary>
    private static void ShortAtOne<T>(RowBlock<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var pairs = block.Categories == 2 && Transposition.HasPairs ? PairsAtOne(block) : 0;
        foreach (var tile in block.TilesFrom(pairs))
        {
            var (scale, shift) = (tile.InverseTotal * Vector512.Create(T.CreateTruncating(0.5)), tile.UpstreamAtSample());
            var sum = Vector512<T>.Zero;
            for (var k = 0; k < tile.Categories; k++)
            {
                var g = Elementary.Exp(tile.Below(k)) * scale * (tile.Upstream(k) - shift);
                sum += g;
                tile.SetGradient(k, g);
            }

            for (var k = 0; k < tile.Categories; k++)
                tile.SetGradient(k, Vector512.ConditionalSelect(tile.IsSampled(k), -sum, tile.Gradient(k)));
        }
    }

    /// <summary>
    /// The same for two categories, of which the one that was not drawn has the only exponential: g_1 = ½ p (v_1 − v_0) = −g_0. As many
    /// rows as make whole vectors; returns how many that is.
    /// </summary>
    private static unsafe int PairsAtOne<T>(RowBlock<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (row, half) = (0, Vector512.Create(T.CreateTruncating(0.5)));
        fixed (T* logits = block.Logits, upstream = block.Upstream, gradient = block.Gradient)
        {
            for (; row <= block.Count - RowTile<T>.Lanes; row += RowTile<T>.Lanes)
            {
                var (l, v) = (Transposition.LoadPairs(logits + (2 * row)), Transposition.LoadPairs(upstream + (2 * row)));
                var sampled = Rows.LoadIntegers<T>(new ReadOnlySpan<int>(block.States.Sampled + row, RowTile<T>.Lanes));
                var isFirst = Vector512.Equals(sampled, Vector512<T>.Zero);
                var other = Vector512.ConditionalSelect(isFirst, l.Second, l.First) - Vector512.Load(block.States.Largest + row);
                var g = Elementary.Exp(other) * Vector512.Load(block.States.InverseTotal + row) * half * (v.Second - v.First);
                Transposition.StorePairs(-g, g, gradient + (2 * row));
            }
        }

        return row;
    }

    /// <inheritdoc cref="ShortAtOne"/>
    private static void LongAtOne<T>(RowBlock<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (var row = 0; row < block.Count; row++)
        {
            var gradient = block.GradientOf(row);
            var upstream = block.UpstreamOf(row);
            var state = block.States[row];
            var scale = state.InverseTotal * T.CreateTruncating(0.5);
            gradient[state.Sampled] =
                -Rows.WeighExponential(block.LogitsOf(row), state.Largest, scale, upstream, upstream[state.Sampled], gradient);
        }
    }

    /// <summary>
    /// 2 J(m) v − ½ J(p) v, where 2 J(m) v = q (v − ⟨m, v⟩) + D (v_D − ⟨m, v⟩), q the tempered softmax and m = (q + D)/2 the midpoint.
    /// </summary>
    private static void ShortAt<T>(T temperature, RowBlock<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Tempered = 3;
        var (half, inverse) = (Vector512.Create(T.CreateTruncating(0.5)), Vector512.Create(T.One / temperature));
        foreach (var tile in block.Tiles)
        {
            var (total, mean, midpoint) = (Vector512<T>.Zero, Vector512<T>.Zero, Vector512<T>.Zero);
            for (var k = 0; k < tile.Categories; k++)
            {
                var (p, q) = (Elementary.Exp(tile.Below(k)) * tile.InverseTotal, Elementary.Exp(tile.Below(k) * inverse));
                mean += p * tile.Upstream(k);
                midpoint += q * tile.Upstream(k);
                total += q;
                tile.SetGradient(k, p);
                tile[Tempered, k] = q;
            }

            var ofTotal = Vector512<T>.One / total;
            var sampled = tile.UpstreamAtSample();
            midpoint = half * ((midpoint * ofTotal) + sampled);
            for (var k = 0; k < tile.Categories; k++)
            {
                var hard = tile.IsSampled(k) & (sampled - midpoint);
                var tempered = tile[Tempered, k] * ofTotal * (tile.Upstream(k) - midpoint);
                var plain = half * tile.Gradient(k) * (tile.Upstream(k) - mean);
                tile.SetGradient(k, (tempered - plain) + hard);
            }
        }
    }

    /// <inheritdoc cref="ShortAt"/>
    private static void LongAt<T>(T temperature, RowBlock<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var half = T.CreateTruncating(0.5);
        var tempered = block.Scratch[..block.Gradient.Length];
        block.Exponentiate(T.One, block.Gradient);
        block.Exponentiate(temperature, tempered);
        for (var row = 0; row < block.Count; row++)
        {
            var gradient = block.GradientOf(row);
            var upstream = block.UpstreamOf(row);
            var state = block.States[row];
            var q = tempered.Slice(row * block.Categories, block.Categories);
            var inverse = T.One / Rows.Sum<T>(q);
            var mean = half * ((Rows.Dot<T>(q, upstream) * inverse) + upstream[state.Sampled]);
            block.Jacobian(row, gradient, state.InverseTotal, half);
            Rows.Weigh(q, inverse, upstream, mean);
            TensorPrimitives.Subtract<T>(q, gradient, gradient);
            gradient[state.Sampled] += upstream[state.Sampled] - mean;
        }
    }
}
