namespace DiscreteGradients;

/// <summary>REINFORCE with the leave-one-out baseline, the mean of f at the other samples. Unbiased for every f.</summary>
/// <remarks>
/// Approximates ∇E[f(z)] with 1/(S − 1) Σₛ (f(zₛ) − f̄)(zₛ − softmax(θ)). f need not be differentiable.
/// Reference: Kool, van Hoof, Welling 2019, "Buy 4 REINFORCE samples, get a baseline for free!".
/// </remarks>
/// <param name="Samples">S ≥ 2 independent samples per example.</param>
public sealed record Rloo(int Samples = 2) : ScoreFunctionEstimator
{
    /// <inheritdoc cref="Rloo"/>
    public int Samples { get; init => field = Check.AtLeast(2, value, nameof(Samples)); } = Check.AtLeast(2, Samples);

    /// <inheritdoc/>
    public override long Evaluations(long latents, long categories) => Samples;

    /// <inheritdoc/>
    protected override Points Draw(Tensor logits, Noise noise) => new(Categorical.Sample(logits, Samples, noise));

    /// <inheritdoc/>
    protected override Tensor Gradient(Tensor logits, Points points, Tensor values) =>
        Score.LeaveOneOut(values, points.Z, Categorical.Probabilities(logits));
}
