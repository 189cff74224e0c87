using System.Numerics;
using System.Numerics.Tensors;

namespace DiscreteGradients.Fused;

/// <summary>The gradient of <see cref="ReinMax"/>, at temperature 1 without a second softmax.</summary>
internal sealed class ReinMaxKernel(double temperature) : IRowKernel
{
    /// <inheritdoc/>
    public void Backward<T>(RowBlock<T> block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (temperature == 1)
            AtOne(block);
        else
            At(T.CreateTruncating(temperature), block);
    }

    /// <summary>Equation 7 with v the upstream gradient: g_k = ½ p_k (v_k − v_D) for all but the sample D; the row sums to zero.</summary>
    private static void AtOne<T>(RowBlock<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var half = T.CreateTruncating(0.5);
        var wide = block.Categories >= Rows.Wide;
        if (!wide)
            block.Exponentiate(T.One, block.Gradient);
        for (var row = 0; row < block.Count; row++)
        {
            var gradient = block.GradientOf(row);
            var upstream = block.UpstreamOf(row);
            var state = block.States[row];
            var (scale, shift) = (state.InverseTotal * half, upstream[state.Sampled]);
            gradient[state.Sampled] = wide
                ? -Rows.WeighExponential(block.LogitsOf(row), state.Largest, scale, upstream, shift, gradient)
                : -Rows.Weigh(gradient, scale, upstream, shift);
        }
    }

    /// <summary>2 J(m) v = q (v − ⟨m, v⟩) + D (v_D − ⟨m, v⟩), q the tempered softmax and m = (q + D)/2 the midpoint.</summary>
    private static void At<T>(T temperature, RowBlock<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>
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
