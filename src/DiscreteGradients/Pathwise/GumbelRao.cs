namespace DiscreteGradients;

/// <summary>
/// Gumbel-Rao (GR-MCK): straight-through Gumbel-softmax averaged over Gumbel noise that leads to the same sample. One draw is
/// straight-through Gumbel-softmax itself; more draws have the same mean and never a larger mean squared error.
/// </summary>
/// <remarks>
/// Approximates ∇E[f(z)] with the mean over draws of (1/τ) J(softmax((θ + G)/τ)) ∇f(z), G Gumbel noise given argmax(θ + G) = z.
/// Requires f differentiable at one-hot points. Sampling never uses the temperature. Biased even for linear f.
/// Reference: Paulus, Maddison, Krause 2021, arXiv 2010.04838, section 3; Jang, Gu, Poole 2017, arXiv 1611.01144 (one draw).
/// </remarks>
/// <param name="Draws">K ≥ 1, conditional noise draws per sample. Neither the evaluations of f nor the fused memory grow with it.</param>
/// <param name="Temperature">τ > 0: small values lower the bias and raise the variance.</param>
public sealed record GumbelRao(int Draws = 100, double Temperature = 1) : PathwiseEstimator, IFusedEstimator
{
    /// <inheritdoc cref="GumbelRao"/>
    public int Draws { get; init => field = Check.AtLeast(1, value, nameof(Draws)); } = Check.AtLeast(1, Draws);

    /// <inheritdoc cref="GumbelRao"/>
    public double Temperature { get; init => field = Check.Temperature(value); } = Check.Temperature(Temperature);

    /// <inheritdoc/>
    public override int Order => 0;

    /// <inheritdoc/>
    protected override Tensor Soften(Tensor logProbabilities, Tensor hard, Noise noise) =>
        Soften(logProbabilities, hard, noise.Exponential(Draws, logProbabilities), Temperature);

    /// <summary>The soft tensor for given standard exponential noise [draws, .., K].</summary>
    internal static Tensor Soften(Tensor logProbabilities, Tensor hard, Tensor exponential, double temperature)
    {
        Tensor perturbed;
        using (no_grad())
            perturbed = Gumbel.Conditional(logProbabilities, hard, exponential);
        return (Surrogate.Hold(perturbed, logProbabilities) / temperature).softmax(-1).mean([0]);
    }

    /// <summary>The unconditional soft sample softmax((θ + G)/τ) [.., K], differentiable.</summary>
    internal static Tensor SampleSoft(Tensor logits, double temperature, Noise noise) =>
        (Gumbel.Perturbed(Masking.LogProbabilities(logits), noise.Exponential(1, logits).squeeze(0)) / temperature).softmax(-1);

    IRowKernel IFusedEstimator.Kernel => new GumbelRaoKernel(Draws, Temperature);
}
