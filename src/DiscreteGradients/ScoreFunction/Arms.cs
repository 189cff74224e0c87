namespace DiscreteGradients;

/// <summary>ARMS: any number of Bernoulli samples that repel each other, with a leave-one-out baseline. Unbiased for every f.</summary>
/// <remarks>
/// Approximates ∇E[f(z)] with w/(S − 1) Σₛ (f(zₛ) − f̄)(zₛ − softmax(θ)) per latent. The samples share a Dirichlet copula; w corrects for
/// their coupling: with q the smaller of the two probabilities and ρ = max(2 − q^(−1/(S − 1)), 0)^(S − 1), w = (1 − q)/(1 − ρ), where qρ
/// is the probability that two samples both take the less likely category. Two samples are <see cref="Disarm"/>.
/// Requires K = 2; f need not be differentiable.
/// Reference: Dimitriev, Zhou 2021, "ARMS: antithetic-REINFORCE-multi-sample gradient for binary variables", arXiv 2105.14141.
/// </remarks>
/// <param name="Samples">S ≥ 2 coupled samples per example.</param>
public sealed record Arms(int Samples = 4) : ScoreFunctionEstimator, IBinaryEstimator
{
    /// <inheritdoc cref="Arms"/>
    public int Samples { get; init => field = Check.AtLeast(2, value, nameof(Samples)); } = Check.AtLeast(2, Samples);

    /// <inheritdoc/>
    public override long Evaluations(long latents, long categories) => Samples;

    /// <inheritdoc/>
    protected override Points Draw(Tensor logits, Noise noise)
    {
        var odds = Bernoulli.LogOdds(logits);
        var rare = DirichletCopula.Uniform(Samples, odds, noise) < Bernoulli.Lesser(odds);
        return new(Bernoulli.Points(rare, odds, logits.dtype));
    }

    /// <inheritdoc/>
    protected override Tensor Gradient(Tensor logits, Points points, Tensor values)
    {
        var q = Bernoulli.Lesser(Bernoulli.LogOdds(logits));
        var together = (2 - q.pow(-1.0 / (Samples - 1))).clamp_min(0).pow(Samples - 1);
        var weight = ((1 - q) / (1 - together)).to_type(logits.dtype).unsqueeze(-1);
        return weight * Score.LeaveOneOut(values, points.Z, Categorical.Probabilities(logits));
    }
}
