using System.Numerics;
using System.Numerics.Tensors;
using DiscreteGradients.Fused;

namespace DiscreteGradients;

/// <summary>
/// ReinMax: Heun's method, second order at the cost of straight-through, exact for quadratic f at temperature 1.
/// </summary>
/// <remarks>
/// Approximates ∇E[f(z)] with 2 J((softmax(θ/τ) + z)/2) ∇f(z) − ½ J(softmax(θ)) ∇f(z), J(p) = diag(p) − p pᵀ. At temperature 1 this is
/// ½ [J(p) ∇f + ⟨∇f, z − p⟩ (z − p)], the zero-temperature limit of Gumbel-Rao (ZGR).
/// Requires f differentiable at one-hot points. Sampling never uses the temperature.
/// Reference: Liu et al. 2023, arXiv 2304.08612, equation 7, Algorithm 2 and Theorem 3.2.
/// </remarks>
/// <param name="Temperature">
/// τ > 0. Above 1 it lowers the variance and adds bias; below 1 it does the opposite of what it is for, and the paper advises against it.
/// </param>
public sealed record ReinMax(double Temperature = 1) : PathwiseEstimator, IFusedEstimator
{
    /// <inheritdoc cref="ReinMax"/>
    public double Temperature { get; init => field = Check.Temperature(value); } = Check.Temperature(Temperature);

    /// <inheritdoc/>
    public override int Order => Temperature == 1 ? 2 : 0;

    /// <inheritdoc/>
    protected override Tensor Soften(Tensor logProbabilities, Tensor hard, Noise noise)
    {
        var midpoint = ((logProbabilities / Temperature).softmax(-1) + hard) / 2;
        var atMidpoint = Surrogate.Hold(midpoint.log(), logProbabilities);  // its softmax is the midpoint, the softmax's slope J(midpoint)
        return 2 * atMidpoint.softmax(-1) - logProbabilities.exp() / 2;
    }

    bool IFusedEstimator.NeedsNoise => false;

    void IFusedEstimator.Backward<T>(RowBlock<T> block)
    {
        if (Temperature == 1)
            BackwardAtOne(block);
        else
            BackwardAt(T.CreateTruncating(Temperature), block);
    }

    /// <summary>With v the upstream gradient and D the sample, equation 7 is g_k = ½ p_k (v_k − v_D) for k ≠ D, and the row sums to zero.</summary>
    private static void BackwardAtOne<T>(RowBlock<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>
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
    private static void BackwardAt<T>(T temperature, RowBlock<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>
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
