namespace DiscreteGradients;

/// <summary>REINFORCE, the score-function estimator without a baseline: unbiased for every f, with a large variance.</summary>
/// <remarks>
/// Approximates ∇E[f(z)] with the mean over samples of f(z) (z − softmax(θ)). f need not be differentiable.
/// Reference: Williams 1992, Machine Learning 8, equation 4.
/// </remarks>
/// <param name="Samples">S ≥ 1 independent samples per example.</param>
public sealed record Reinforce(int Samples = 1) : ScoreFunctionEstimator
{
    /// <inheritdoc cref="Reinforce"/>
    public int Samples { get; init => field = Check.AtLeast(1, value, nameof(Samples)); } = Check.AtLeast(1, Samples);

    /// <inheritdoc/>
    public override long Evaluations(long latents, long categories) => Samples;

    /// <inheritdoc/>
    protected override Points Draw(Tensor logits, Noise noise) => new(Categorical.Sample(logits, Samples, noise));

    /// <inheritdoc/>
    protected override Tensor Gradient(Tensor logits, Points points, Tensor values) =>
        Score.Weighted(values, points.Z, Categorical.Probabilities(logits)).mean([0]);
}
