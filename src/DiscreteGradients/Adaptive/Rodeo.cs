namespace DiscreteGradients;

/// <summary>REINFORCE with a discrete Stein operator: control variates learnt from what the samples already tell. Unbiased for every differentiable f.</summary>
/// <remarks>
/// A Gibbs step resamples one latent; (A h)(z) = 1/L Σₗ Σⱼ πₗⱼ (h(z with latent l at j) − h(z)) has zero mean under π for every h.
/// Approximates ∇E[f(z)] with 1/S Σₖ (fₖ − mean_{l≠k}(fₗ + a (A h₁)(zₗ))) (zₖ − π) + b A[h₂(z)(z − π)](zₖ). The surrogates h₁, h₂ of
/// sample k are the two outputs of a network, averaged over the other samples l, of fₗ and the linear term ⟨∇fₗ, z − zₗ⟩; so they
/// evaluate f nowhere else. a and b are learnt and start at 0, where this is RLOO. Published for binary latents; A is stated here for any K.
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
        var (here, there) = Surrogates(z, known, slope, neighbours, state);
        var weight = neighbours.Of(p.expand_as(z)) / z.shape[^2];

        // The sums over neighbours of π (h(neighbour) − h(here)), for both surrogates [2, S, B..].
        var steps = (weight * (there - Wide(here))).sum([-2, -1]);
        var baseline = known + (state["a"] * steps[0]);
        var others = (baseline.sum([0], keepdim: true) - baseline) / (Samples - 1);

        // A neighbour differs from z in one latent only, so (z − π) changes there alone.
        var second = state["b"] * ((Wide(steps[1]) * (z - p)) + neighbours.Moves(weight * there[1]));
        return (values, ((Wide(known - others) * (z - p)) + second).mean([0]));
    }

    /// <summary>Both surrogates at the samples [2, S, B..] and at their neighbours [2, S, B.., L, K − 1].</summary>
    private (Tensor Here, Tensor There) Surrogates(
        Tensor z, Tensor values, Tensor slope, Neighbours neighbours, IReadOnlyDictionary<string, Tensor> state)
    {
        // What the other samples know of f, [S, S − 1, ..]; one flip changes the linear term by the difference of two of its coefficients.
        var others = (arange(Samples, device: z.device).unsqueeze(-1) + arange(1, Samples, device: z.device)).remainder(Samples).flatten();
        Tensor Others(Tensor x) => x.index_select(0, others).unflatten(0, [Samples, Samples - 1]);
        var (known, coefficient) = (Others(values), Others(slope));
        var chosen = neighbours.Own(coefficient);
        var linear = chosen.sum([-2, -1]) - Others(neighbours.Own(slope).sum([-2, -1]));
        var flipped = Wide(linear) + neighbours.Of(coefficient) - chosen;

        var at = cat([linear.unsqueeze(-1), flipped.flatten(-2)], -1);
        var both = HiddenLayer.Along(at, known, state).mean([2]);
        return (both.select(-1, 0), both.narrow(-1, 1, at.shape[^1] - 1).reshape([2, .. z.shape[..^1], z.shape[^1] - 1]));
    }

    private static Tensor Wide(Tensor x) => x.unsqueeze(-1).unsqueeze(-1);

    /// <summary>Where each latent of samples [S, B.., L, K] can go: the K − 1 other categories.</summary>
    private sealed class Neighbours
    {
        private readonly Tensor _own;
        private readonly Tensor _others;

        internal Neighbours(Tensor z)
        {
            var categories = arange(z.shape[^1], device: z.device);
            _own = z.matmul(categories.to_type(z.dtype)).to_type(ScalarType.Int64).unsqueeze(-1);
            _others = (_own + categories[1..]).remainder(z.shape[^1]);
        }

        /// <summary>The entries of x [S, .., L, K] at the samples' own categories [S, .., L, 1].</summary>
        internal Tensor Own(Tensor x) => Take(x, _own);

        /// <summary>The entries of x [S, .., L, K] at the other categories [S, .., L, K − 1].</summary>
        internal Tensor Of(Tensor x) => Take(x, _others);

        /// <summary>Σ of x [S, B.., L, K − 1] times the step z′ − z to each neighbour [S, B.., L, K].</summary>
        internal Tensor Moves(Tensor x) =>
            zeros([.. x.shape[..^1], x.shape[^1] + 1], x.dtype, x.device)
                .scatter(-1, cat([_own, _others], -1), cat([-x.sum([-1], keepdim: true), x], -1));

        private static Tensor Take(Tensor x, Tensor index)
        {
            index = x.dim() > index.dim() ? index.unsqueeze(1) : index;
            return x.gather(-1, index.expand([.. x.shape[..^1], index.shape[^1]]));
        }
    }
}
