namespace DiscreteGradients;

/// <summary>
/// Estimates the gradient of an expectation over discrete latents: ∇ E[f(z)], z ~ Categorical(softmax(logits)) or another <see cref="Law"/>.
/// </summary>
/// <remarks>
/// The letters used throughout: S samples, B batch, L latents per example, K categories. Logits have shape [B.., L, K], a sample is
/// one-hot in the logits' dtype, and a Bernoulli latent is K = 2 (<see cref="OneHot.FromBernoulli"/>).
/// A logit of −∞ masks its category: it is never sampled and its gradient is zero.
/// </remarks>
public abstract record GradientEstimator
{
    /// <summary>The <see cref="Order"/> of an estimator whose expected gradient is exact for every f.</summary>
    public const int Unbiased = int.MaxValue;

    /// <summary>The highest degree of a polynomial f for which the expected gradient is exact; <see cref="Unbiased"/> if for every f.</summary>
    public abstract int Order { get; }

    /// <summary>What the rows of a sample are drawn from, given the logits; expectations are under this law.</summary>
    public virtual SamplingLaw Law() => SamplingLaw.Softmax;

    /// <summary>Rows of f evaluated per example: the price of one estimate, for comparisons at equal cost.</summary>
    public abstract long Evaluations(long latents, long categories);

    /// <summary>
    /// Estimates E[f(z)] for every example. <c>backward()</c> on the result leaves the gradient estimate on whatever made the logits,
    /// and the ordinary gradient on parameters inside <paramref name="f"/>.
    /// </summary>
    /// <param name="logits">Unnormalised log-probabilities [B.., L, K]; float16, bfloat16, float32 or float64. Never disposed.</param>
    /// <param name="f">
    /// The objective, [S.., B.., L, K] → [S.., B..]. It is called once, with any number of leading sample axes, inside a dispose scope:
    /// tensors it keeps for later must be detached from that scope. It may write into its argument.
    /// </param>
    /// <param name="generator">Source of randomness, on the logits' device; null means TorchSharp's default generator. Never disposed.</param>
    /// <returns>One value per example [B..], in the logits' dtype, owned by the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">Logits, generator or the values returned by f have the wrong shape, dtype or device.</exception>
    public Tensor Estimate(Tensor logits, Func<Tensor, Tensor> f, Generator? generator = null)
    {
        Check.Logits(logits, "[..., latents, categories]", minimumRank: 2);
        Check.Categories(this, logits);
        Check.Generator(generator, logits);
        Check.Given(f);

        using var scope = NewDisposeScope();
        var dtype = logits.dtype;
        Tensor Called(Tensor z) => Values(f, z, dtype);
        var single = Precision.AtLeastSingle(logits);
        var values = logits.size(-2) > 0
            ? EstimateCore(single, Called, generator)
            : Called(single.detach()) + Surrogate.Carry(single, single);  // one state, the empty one, with no choice in it
        return values.to_type(dtype).alias().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Calls f with a tensor that it may write into. Autograd keeps count of changes to a point with a graph; any other may be needed again.
    /// </summary>
    private static Tensor Values(Func<Tensor, Tensor> f, Tensor z, ScalarType dtype)
    {
        var (shape, device) = (z.shape, z.device);
        var own = z.dtype != dtype ? z.to_type(dtype) : z.requires_grad && !z.is_leaf ? z : z.clone();
        return Check.Values(f(own), shape, device);
    }

    /// <summary>
    /// The estimator itself. Logits are float32 or float64 and may hold −∞; f is checked; the caller opens the dispose scope.
    /// </summary>
    protected abstract Tensor EstimateCore(Tensor logits, Func<Tensor, Tensor> f, Generator? generator);
}
