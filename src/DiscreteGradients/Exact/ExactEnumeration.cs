namespace DiscreteGradients;

/// <summary>The exact expectation and gradient, by evaluating f at every joint state of the latents.</summary>
/// <remarks>∇E[f(z)] = Σ_z f(z) ∇p(z) over all joint states, K^L of them for one-hot latents. f need not be differentiable.</remarks>
/// <param name="MaximumStates">The most states that are enumerated; f is called on [states, B.., L, K] at once.</param>
public sealed record ExactEnumeration(long MaximumStates = 65_536) : GradientEstimator
{
    private SamplingLaw _law = SamplingLaw.Softmax;

    /// <inheritdoc cref="ExactEnumeration"/>
    public long MaximumStates { get; init => field = Check.AtLeast(1, value, nameof(MaximumStates)); } = Check.AtLeast(1, MaximumStates);

    /// <inheritdoc/>
    public override SamplingLaw Law() => _law;

    /// <summary>The same for the expectation under another law than softmax(logits).</summary>
    public ExactEnumeration Under(SamplingLaw law)
    {
        Check.Given(law);
        return this with { _law = law };
    }

    /// <inheritdoc/>
    public override int Order => Unbiased;

    /// <inheritdoc/>
    public override long Evaluations(long latents, long categories) => CountStates(latents, categories);

    private protected override bool IsRandom => false;

    /// <summary>K^L, or <see cref="long.MaxValue"/> where that does not fit.</summary>
    internal static long CountStates(long latents, long categories)
    {
        var states = Math.Pow(categories, latents);
        return states < 9e18 ? (long)states : long.MaxValue;
    }

    /// <inheritdoc/>
    protected override Tensor EstimateCore(Tensor logits, Func<Tensor, Tensor> f, Noise noise)
    {
        var (latents, categories) = (logits.shape[^2], logits.shape[^1]);
        var support = Law().Support(categories, logits.dtype, logits.device);
        var (count, batch) = (CountStates(latents, support.shape[0]), logits.shape[..^2]);
        if (count > MaximumStates)
        {
            throw new ArgumentException(
                $"exact enumeration is limited to {MaximumStates} states; {latents} latents of {categories} categories have "
                + $"{(count == long.MaxValue ? "more than 9e18" : count)}. Use fewer latents or raise MaximumStates.", nameof(logits));
        }

        var choices = OneHot.States((int)latents, (int)support.shape[0], logits.dtype, logits.device);
        var states = choices.matmul(support)
            .view([count, .. batch.Select(_ => 1L), latents, categories])
            .expand([count, .. logits.shape]);
        var chosen = choices.view([count, .. batch.Select(_ => 1L), .. choices.shape[1..]]);
        var probabilities = (Law().LogProbabilities(logits) * chosen).sum([-2, -1]).exp();
        var values = f(states);
        return (probabilities * where(probabilities > 0, values, zeros_like(values))).sum([0]);
    }
}
