namespace DiscreteGradients;

/// <summary>What the rows of a sample are drawn from, given the logits: a distribution over finitely many points of K entries.</summary>
/// <remarks>
/// Most estimators draw one-hot rows from softmax(logits). One that draws otherwise owns another law, and what is measured of it, its
/// order, its bias, its value, is measured against the expectation under that law.
/// </remarks>
public abstract record SamplingLaw
{
    /// <summary>One-hot rows from softmax(logits).</summary>
    public static SamplingLaw Softmax { get; } = new TemperedSoftmax(1);

    /// <summary>Draws a sample [.., K] for float32 or float64 logits [.., K], which may hold −∞. No gradient is recorded.</summary>
    /// <exception cref="ArgumentException">A row is fully masked, or holds NaN or +∞.</exception>
    public abstract Tensor Sample(Tensor logits, Noise noise);

    /// <summary>Every point that a row can be, [N, K].</summary>
    public abstract Tensor Support(long categories, ScalarType dtype, Device device);

    /// <summary>The log-probabilities [.., N] of these points for logits [.., K], as a differentiable function of them.</summary>
    public abstract Tensor LogProbabilities(Tensor logits);
}

/// <summary>One-hot rows from softmax(logits / τ).</summary>
/// <param name="Temperature">τ > 0.</param>
public sealed record TemperedSoftmax(double Temperature) : SamplingLaw
{
    /// <inheritdoc cref="TemperedSoftmax"/>
    public double Temperature { get; init => field = Check.Temperature(value); } = Check.Temperature(Temperature);

    /// <inheritdoc/>
    public override Tensor Sample(Tensor logits, Noise noise) => Categorical.Sample(Tempered(logits), samples: 1, noise).squeeze(0);

    /// <inheritdoc/>
    public override Tensor Support(long categories, ScalarType dtype, Device device) => eye(categories, dtype: dtype, device: device);

    /// <inheritdoc/>
    public override Tensor LogProbabilities(Tensor logits) => Masking.LogProbabilities(Tempered(Check.Rows(logits)));

    /// <summary>Less the largest first: then no temperature makes a logit infinite that was not.</summary>
    private Tensor Tempered(Tensor logits) => Temperature == 1 ? logits : (logits - Check.Largest(logits)) / Temperature;
}
