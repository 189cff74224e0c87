namespace DiscreteGradients;

/// <summary>Decoupled straight-through: straight-through with one temperature for the sample and another for the gradient.</summary>
/// <remarks>
/// The sample comes from softmax(θ/τ_f), so what is estimated is ∇E[f(z)] under that law. Approximates it with (1/τ) J(softmax(θ/τ)) ∇f(z),
/// J(p) = diag(p) − p pᵀ: exact for linear f if the temperatures are equal. At 1 and 1 it is <see cref="StraightThrough"/>; the paper finds
/// its best temperatures far apart.
/// Requires f differentiable at one-hot points.
/// Reference: arXiv 2410.13331, version 2.
/// </remarks>
/// <param name="ForwardTemperature">τ_f > 0 of the law that the sample is drawn from.</param>
/// <param name="Temperature">τ > 0 of the softmax that carries the gradient.</param>
public sealed record DecoupledStraightThrough(double ForwardTemperature = 1, double Temperature = 1) : PathwiseEstimator
{
    private const string Forward = "forwardTemperature";

    /// <inheritdoc cref="DecoupledStraightThrough"/>
    public double ForwardTemperature { get; init => field = Check.Temperature(value, Forward); } =
        Check.Temperature(ForwardTemperature, Forward);

    /// <inheritdoc cref="DecoupledStraightThrough"/>
    public double Temperature { get; init => field = Check.Temperature(value); } = Check.Temperature(Temperature);

    /// <inheritdoc/>
    public override SamplingLaw Law() => new TemperedSoftmax(ForwardTemperature);

    /// <inheritdoc/>
    public override int Order => ForwardTemperature == Temperature ? 1 : 0;

    /// <inheritdoc/>
    protected override Tensor Soften(Tensor logProbabilities, Tensor hard, Noise noise) =>
        (logProbabilities / Temperature).softmax(-1);
}
