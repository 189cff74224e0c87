namespace DiscreteGradients;

/// <summary>
/// An estimator whose control variate c is a function of a continuous relaxation of the sample, differentiated by reparameterisation.
/// </summary>
/// <remarks>
/// z = log π + Gumbel noise has its largest entry at the sample D; z̃ is another such z given the same D. Then
/// (f(D) − c(z̃))(D − π) + ∇c(z) − ∇c(z̃), derivatives with respect to the logits, is unbiased for every c.
/// </remarks>
public abstract record RelaxedControl : AdaptiveEstimator, IRelaxingEstimator
{
    /// <summary>τ at the start, finite and above 0; it is learnt.</summary>
    public abstract double Temperature { get; init; }

    /// <inheritdoc/>
    public sealed override long Evaluations(long latents, long categories) => 3L * Samples;

    /// <summary>What c(z) holds besides f at the relaxed sample, [S, B..] of z [S, B.., L, K], or zero.</summary>
    private protected abstract Tensor Free(Tensor z, IReadOnlyDictionary<string, Tensor> state);

    /// <summary>The scale of f in c, and τ.</summary>
    private protected IEnumerable<(string Name, Tensor Value)> Scales(Generator generator) =>
    [
        ("scale", nn.Parameter(ones([], device: generator.device))),
        ("log_temperature", nn.Parameter(full([], (float)Math.Log(Temperature), device: generator.device))),
    ];

    /// <inheritdoc/>
    protected sealed override (Tensor Values, Tensor Gradient) Evaluate(
        Tensor logits, Tensor hard, Func<Tensor, Tensor> f, Noise noise, IReadOnlyDictionary<string, Tensor> state)
    {
        var theta = logits.detach().requires_grad_(true);
        var logProbabilities = Masking.LogProbabilities(theta);
        var p = Categorical.Probabilities(logits);
        var masked = p == 0;  // by −∞, or so unlikely that it is never drawn: then z would be as far below as its logit
        var exponential = noise.Exponential(2 * Samples, logits);

        // z given the sample: with the sample drawn first this is a draw of both. Its noise z − log π is held; z̃ moves with its condition.
        var drawn = Gumbel.Conditional(logProbabilities, hard, exponential.narrow(0, 0, Samples));
        var z = Surrogate.Hold(drawn, logProbabilities).masked_fill(masked, 0);
        var conditional = Gumbel.Conditional(logProbabilities, hard, exponential.narrow(0, Samples, Samples)).masked_fill(masked, 0);
        var both = cat([z, conditional], 0);
        var logTemperature = state["log_temperature"].clamp(Math.Log(Precision.LeastTemperature), Math.Log(Precision.LargestTemperature));
        var soft = (both * (-logTemperature).exp()).masked_fill(masked, double.NegativeInfinity).softmax(-1);

        var all = f(cat([hard, soft], 0));
        var values = all.narrow(0, 0, Samples);
        var control = (state["scale"] * all.narrow(0, Samples, 2 * Samples).to_type(logits.dtype)) + Free(both, state);
        var (free, given) = (control.narrow(0, 0, Samples), control.narrow(0, Samples, Samples));

        // The gradient at the soft points is asked for only to see that f has one: a step function would leave a silent bias.
        var slopes = Derivatives.Differentiable(free - given, [theta, soft]);
        _ = Check.Differentiable(slopes[1], GetType().Name);
        var signal = values.detach().to_type(logits.dtype) - given;
        return (values, Score.Weighted(signal, hard, p).mean([0]) + (slopes[0]! / Samples));
    }
}
