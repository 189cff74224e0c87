namespace DiscreteGradients;

/// <summary>
/// The straight-through estimator: the sample carries the gradient of the softmax. It is Euler's method, exact for linear f.
/// </summary>
/// <remarks>
/// Approximates ∇E[f(z)] with (1/τ) J(softmax(θ/τ)) ∇f(z), J(p) = diag(p) − p pᵀ.
/// Requires f differentiable at one-hot points. Sampling never uses the temperature.
/// Reference: Bengio, Léonard, Courville 2013, arXiv 1308.3432; Liu et al. 2023, arXiv 2304.08612, Algorithm 1 and Theorem 3.1.
/// </remarks>
/// <param name="Temperature">τ > 0 of the softmax that carries the gradient. Order 1 at temperature 1 only.</param>
public sealed record StraightThrough(double Temperature = 1) : PathwiseEstimator, IFusedEstimator
{
    /// <inheritdoc cref="StraightThrough"/>
    public double Temperature { get; init => field = Check.Temperature(value); } = Check.Temperature(Temperature);

    /// <inheritdoc/>
    public override int Order => Temperature == 1 ? 1 : 0;

    /// <inheritdoc/>
    protected override Tensor Soften(Tensor logProbabilities, Tensor hard, Noise noise) =>
        (logProbabilities / Temperature).softmax(-1);

    IRowKernel IFusedEstimator.Kernel => new StraightThroughKernel(Temperature);
}
