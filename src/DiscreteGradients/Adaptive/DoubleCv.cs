namespace DiscreteGradients;

/// <summary>Leave-one-out REINFORCE with a second control variate, f linearised. Unbiased for every differentiable f.</summary>
/// <remarks>
/// With dₖ the mean of ∇f at the other samples and cₖ = a ⟨dₖ, zₖ − π⟩, approximates ∇E[f(z)] with
/// 1/(S − 1) Σₖ (fₖ + cₖ − mean(f + c))(zₖ − π) − a J(π) mean(∇f), J(π) = diag(π) − ππᵀ. cₖ serves twice: added to the value, its mean
/// subtracted exactly, and in the others' baseline. The factor a is learnt and starts at 0, where this is RLOO. Published for binary
/// latents, where J(π) is π(1 − π); nothing in it needs them.
/// Requires f differentiable at one-hot points; its gradient costs a backward pass and no evaluation.
/// Reference: Titsias, Shi 2022, "Double Control Variates for Gradient Estimation in Discrete Latent Variable Models", arXiv 2111.05300.
/// </remarks>
/// <param name="Samples">S ≥ 2 independent samples per example.</param>
public sealed record DoubleCv(int Samples = 2) : AdaptiveEstimator
{
    /// <inheritdoc cref="DoubleCv"/>
    public override int Samples { get; init => field = Check.AtLeast(2, value, nameof(Samples)); } = Check.AtLeast(2, Samples);

    /// <inheritdoc/>
    public override long Evaluations(long latents, long categories) => Samples;

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, Tensor Value)> Initial(long latents, long categories, Generator generator) =>
        [("a", nn.Parameter(zeros([], device: generator.device)))];

    /// <inheritdoc/>
    protected override (Tensor Values, Tensor Gradient) Evaluate(
        Tensor logits, Tensor hard, Func<Tensor, Tensor> f, Noise noise, IReadOnlyDictionary<string, Tensor> state)
    {
        var values = f(hard.requires_grad_(true));
        var slope = Slope(values, hard);
        var (z, p, a) = (hard.detach(), Categorical.Probabilities(logits), state["a"]);

        var others = (slope.sum([0], keepdim: true) - slope) / (Samples - 1);
        var signal = values.detach().to_type(logits.dtype) + (a * (others * (z - p)).sum([-2, -1]));
        return (values, Score.LeaveOneOut(signal, z, p) - (a * Score.Jacobian(p, slope.mean([0]))));
    }
}
