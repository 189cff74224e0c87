namespace DiscreteGradients;

/// <summary>REINFORCE with a moving average of f as its baseline: unbiased for every f, from one evaluation.</summary>
/// <remarks>
/// Approximates ∇E[f(z)] with the mean over samples of (f(z) − b)(z − softmax(θ)), b the exponential moving average of the mean values of
/// earlier calls. b holds nothing of the call it is used in, so it is independent of the samples; before the first call it is zero, and
/// later it is divided by the weight it has seen, as in Adam. f need not be differentiable.
/// Reference: Williams 1992, Machine Learning 8, section 6 (reinforcement comparison).
/// </remarks>
/// <param name="Samples">S ≥ 1 independent samples per example.</param>
/// <param name="Decay">Weight of the past in the average, in [0, 1).</param>
public sealed record ReinforceBaseline(int Samples = 1, double Decay = 0.99) : AdaptiveEstimator
{
    /// <inheritdoc cref="ReinforceBaseline"/>
    public override int Samples { get; init => field = Check.AtLeast(1, value, nameof(Samples)); } = Check.AtLeast(1, Samples);

    /// <inheritdoc cref="ReinforceBaseline"/>
    public double Decay { get; init => field = Check.Decay(value); } = Check.Decay(Decay);

    /// <inheritdoc/>
    public override long Evaluations(long latents, long categories) => Samples;

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, Tensor Value)> Initial(long latents, long categories, Generator generator) =>
        [("average", zeros([], ScalarType.Float64, generator.device)), ("weight", zeros([], ScalarType.Float64, generator.device))];

    /// <inheritdoc/>
    protected override (Tensor Values, Tensor Gradient) Evaluate(
        Tensor logits, Tensor hard, Func<Tensor, Tensor> f, Noise noise, IReadOnlyDictionary<string, Tensor> state)
    {
        var values = f(hard);
        using var _ = no_grad();
        var (average, weight) = (state["average"], state["weight"]);
        var baseline = (average / weight.clamp_min(Precision.Tiny(ScalarType.Float64))).to(logits.dtype, logits.device);
        var gradient = Score.Weighted(values.to_type(logits.dtype) - baseline, hard, Categorical.Probabilities(logits)).mean([0]);

        if (values.numel() > 0)
        {
            using var mean = values.mean().to(average.dtype, average.device);
            average.mul_(Decay).add_(mean * (1 - Decay));
            weight.mul_(Decay).add_(1 - Decay);
        }

        return (values, gradient);
    }
}
