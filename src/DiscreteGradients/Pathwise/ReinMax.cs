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

    IRowKernel IFusedEstimator.Kernel => new ReinMaxKernel(Temperature);
}
