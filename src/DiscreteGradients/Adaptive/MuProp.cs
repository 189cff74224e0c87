namespace DiscreteGradients;

/// <summary>MuProp: REINFORCE on f less its first-order expansion at the mean. Unbiased for every differentiable f.</summary>
/// <remarks>
/// With f₀ and d₀ the value and gradient of f at the mean field point π, approximates ∇E[f(z)] with
/// (f(z) − s₁ f₀ − s₂ ⟨d₀, z − π⟩)(z − π) + s₂ J(π) d₀, J(π) = diag(π) − ππᵀ, averaged over samples. The scales s₁ and s₂ are learnt and
/// start at 1, the estimator of the paper; it is unbiased at any.
/// Requires f differentiable at soft inputs; the mean field point is one more row of the one call of f.
/// Reference: Gu, Levine, Sutskever, Mnih 2016, arXiv 1511.05176, equation 4; the scales are those of arXiv 1703.07370's code.
/// </remarks>
/// <param name="Samples">S ≥ 1 independent samples per example.</param>
public sealed record MuProp(int Samples = 1) : AdaptiveEstimator, IRelaxingEstimator
{
    /// <inheritdoc cref="MuProp"/>
    public override int Samples { get; init => field = Check.AtLeast(1, value, nameof(Samples)); } = Check.AtLeast(1, Samples);

    /// <inheritdoc/>
    public override long Evaluations(long latents, long categories) => Samples + 1L;

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, Tensor Value)> Initial(long latents, long categories, Generator generator) =>
        from name in (string[])["value_scale", "slope_scale"] select (name, (Tensor)nn.Parameter(ones([], device: generator.device)));

    /// <inheritdoc/>
    protected override (Tensor Values, Tensor Gradient) Evaluate(
        Tensor logits, Tensor hard, Func<Tensor, Tensor> f, Noise noise, IReadOnlyDictionary<string, Tensor> state)
    {
        var p = Categorical.Probabilities(logits);
        var mean = p.unsqueeze(0).requires_grad_(true);
        var all = f(cat([hard, mean], 0));
        var slope = Slope(all[Samples], mean).squeeze(0);
        var values = all.narrow(0, 0, Samples);

        var (known, scale) = (all.detach().to_type(logits.dtype), state["slope_scale"]);
        var linear = scale * (slope * (hard - p)).sum([-2, -1]);
        var signal = known.narrow(0, 0, Samples) - (state["value_scale"] * known[Samples]) - linear;
        return (values, Score.Weighted(signal, hard, p).mean([0]) + (scale * Score.Jacobian(p, slope)));
    }
}
