namespace DiscreteGradients;

/// <summary>REINFORCE with control variates learnt through a discrete Stein operator. Unbiased for every differentiable f.</summary>
/// <remarks>
/// A Gibbs step resamples one latent; (A h)(z) = 1/L Σₗ Σⱼ πₗⱼ (h(z with latent l at j) − h(z)) has zero mean under π for every h.
/// Approximates ∇E[f(z)] with 1/S Σₖ (fₖ − mean_{l≠k}(fₗ + a (A h₁)(zₗ))) (zₖ − π) + b A[h₂(z)(z − π)](zₖ). The surrogates h₁, h₂ of sample
/// k are the two outputs of a network, averaged over the other samples l, of fₗ and the linear term ⟨∇fₗ, z − zₗ⟩; so they evaluate f
/// nowhere else. a and b are learnt and start at 0, where this is RLOO. Published for binary latents; A is stated here for any K.
/// Requires f differentiable at one-hot points; its gradient costs a backward pass and no evaluation.
/// Reference: Shi, Zhou, Hwang, Titsias, Mackey 2022, "Gradient Estimation with Discrete Stein Operators", arXiv 2202.09497.
/// </remarks>
/// <param name="Samples">S ≥ 2 independent samples per example.</param>
public sealed record Rodeo(int Samples = 2) : AdaptiveEstimator
{
    private const int Hidden = 100;

    /// <inheritdoc cref="Rodeo"/>
    public override int Samples { get; init => field = Check.AtLeast(2, value, nameof(Samples)); } = Check.AtLeast(2, Samples);

    /// <inheritdoc/>
    public override long Evaluations(long latents, long categories) => Samples;

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, Tensor Value)> Initial(long latents, long categories, Generator generator) =>
    [
        ("a", nn.Parameter(zeros([], device: generator.device))),
        ("b", nn.Parameter(zeros([], device: generator.device))),
        .. HiddenLayer.Initial(inputs: 2, Hidden, outputs: 2, generator),
    ];

    /// <inheritdoc/>
    protected override (Tensor Values, Tensor Gradient) Evaluate(
        Tensor logits, Tensor hard, Func<Tensor, Tensor> f, Noise noise, IReadOnlyDictionary<string, Tensor> state)
    {
        var values = f(hard.requires_grad_(true));
        var slope = Slope(values, hard);
        var (z, p, known) = (hard.detach(), Categorical.Probabilities(logits), values.detach().to_type(logits.dtype));

        var neighbours = new Neighbours(z);
        var (here, there) = Surrogates.Of(z, known, slope, neighbours, state);
        var weight = neighbours.AtOthers(p.expand_as(z)) / z.shape[^2];

        // The sums over neighbours of π (h(neighbour) − h(here)), for both surrogates [2, S, B..].
        var steps = (weight * (there - Score.Spread(here))).sum([-2, -1]);
        var baseline = known + (state["a"] * steps[0]);
        var others = (baseline.sum([0], keepdim: true) - baseline) / (Samples - 1);

        // A neighbour differs from z in one latent only, so (z − π) changes there alone.
        var second = state["b"] * (Score.Weighted(steps[1], z, p) + neighbours.Moves(weight * there[1]));
        return (values, (Score.Weighted(known - others, z, p) + second).mean([0]));
    }
}
