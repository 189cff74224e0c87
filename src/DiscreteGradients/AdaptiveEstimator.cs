namespace DiscreteGradients;

/// <summary>An unbiased estimator with a control variate whose parameters are learnt, to make the gradient's variance smaller.</summary>
/// <remarks>
/// <c>backward()</c> on the value also leaves on the parameters the gradient of ‖g‖², the squared norm of the gradient estimate g [L, K],
/// as a mean over the batch if the mean of the values is taken and as a sum if the sum is. Since E[g] does not depend on them, that is the
/// gradient of the variance. Under <c>no_grad</c> nothing is learnt. An adaptive estimator is not for several threads at once.
/// </remarks>
public abstract record AdaptiveEstimator : GradientEstimator
{
    private Learnt? _learnt;

    /// <summary>S, the independent samples per example.</summary>
    public abstract int Samples { get; init; }

    /// <inheritdoc/>
    public sealed override int Order => Unbiased;

    /// <summary>Makes what is to be learnt, anew at every call; this estimator and copies made of it later use it from then on.</summary>
    /// <remarks>Initial weights come from the generator and live on its device; null means TorchSharp's default generator.</remarks>
    /// <returns>A module for an optimiser and for the model to own: it is saved, moved and disposed of with that.</returns>
    public nn.Module Prepare(long latents, long categories, Generator? generator = null) =>
        _learnt = Learnt.Create(GetType().Name, latents, categories, generator, Initial);

    /// <summary>What is learnt at the start: an optimiser trains a parameter, the estimator itself keeps up another tensor.</summary>
    protected abstract IEnumerable<(string Name, Tensor Value)> Initial(long latents, long categories, Generator generator);

    /// <summary>
    /// The values [S, B..] of f, called once, and the gradient [B.., L, K] as a differentiable function of the parameters, which the state
    /// holds as leaves in the logits' dtype. Logits [B.., L, K] and samples [S, B.., L, K] have no graph; the noise is independent of them.
    /// </summary>
    protected abstract (Tensor Values, Tensor Gradient) Evaluate(
        Tensor logits, Tensor hard, Func<Tensor, Tensor> f, Noise noise, IReadOnlyDictionary<string, Tensor> state);

    /// <summary>What <see cref="Prepare"/> made.</summary>
    internal Learnt Learnt => Learnt.Required(_learnt, GetType().Name);

    /// <inheritdoc/>
    protected sealed override Tensor EstimateCore(Tensor logits, Func<Tensor, Tensor> f, Noise noise) =>
        EstimateAt(logits, Categorical.Sample(logits, Samples, noise), f, noise.ForGradient());

    /// <summary>The estimate [B..] for given samples [S, B.., L, K].</summary>
    internal Tensor EstimateAt(Tensor logits, Tensor hard, Func<Tensor, Tensor> f, Noise noise)
    {
        var state = Learnt.Leaves(logits);
        if (!is_grad_enabled())
            return f(hard).mean([0]);
        var (values, gradient) = Evaluate(logits.detach(), hard, f, noise, state);
        return values.mean([0]) + Surrogate.Carry(logits, gradient) + Learnt.Signal(state, gradient);
    }

    /// <summary>∂(Σ values)/∂points, of the points' shape, without a graph.</summary>
    protected Tensor Slope(Tensor values, Tensor points) => Check.Differentiable(Derivatives.Of(values, [points])[0], GetType().Name);
}
