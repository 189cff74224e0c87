namespace DiscreteGradients;

/// <summary>Estimates ∇ E[f(z)], an expectation over discrete latents z ~ softmax(logits) or another <see cref="Law"/>.</summary>
/// <remarks>
/// The letters used throughout: S samples, B batch, L latents per example, K categories. Logits have shape [B.., L, K], a sample is
/// one-hot in the logits' dtype, and a Bernoulli latent is K = 2 (<see cref="OneHot.FromBernoulli"/>).
/// A logit of −∞ masks its category: it is never sampled and its gradient is zero.
/// </remarks>
public abstract record GradientEstimator
{
    /// <summary>The <see cref="Order"/> of an estimator whose expected gradient is exact for every f.</summary>
    public const int Unbiased = int.MaxValue;

    /// <summary>The highest degree of a polynomial f for which the expected gradient is exact, or <see cref="Unbiased"/>.</summary>
    public abstract int Order { get; }

    /// <summary>What the rows of a sample are drawn from, given the logits; expectations are under this law.</summary>
    public virtual SamplingLaw Law() => SamplingLaw.Softmax;

    /// <summary>Rows of f evaluated per example: the price of one estimate, for comparisons at equal cost.</summary>
    public abstract long Evaluations(long latents, long categories);

    /// <summary>Estimates E[f(z)] for every example. <c>backward()</c> leaves the gradient estimate on what made the logits.</summary>
    /// <param name="logits">Unnormalised log-probabilities [B.., L, K]; float16, bfloat16, float32 or float64. Never disposed.</param>
    /// <param name="f">[S.., B.., L, K] → [S.., B..], called once in a dispose scope. Its parameters get their gradient too.</param>
    /// <param name="generator">Source of randomness on the logits' device; null means TorchSharp's default one. Never disposed.</param>
    /// <returns>One value per example [B..], in the logits' dtype, owned by the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">Logits, generator or the values of f have the wrong shape, dtype or device.</exception>
    public Tensor Estimate(Tensor logits, Func<Tensor, Tensor> f, Generator? generator = null)
    {
        Check.Logits(logits, "[..., latents, categories]", minimumRank: 2);
        Check.Categories(this, logits);
        Check.Generator(generator, logits);
        Check.Given(f);

        using var scope = NewDisposeScope();
        var (single, objective) = (Precision.AtLeastSingle(logits), Objective.Checked(f, logits.dtype));
        var values = logits.size(-2) > 0
            ? EstimateCore(single, objective, IsRandom ? Noise.Draw(generator) : default)
            : objective(single.detach()) + Surrogate.Carry(single, single);  // one state, the empty one, with no choice in it
        return values.to_type(logits.dtype).alias().MoveToOuterDisposeScope();
    }

    /// <summary>Whether an estimate takes a number from the generator. Enumeration alone does not.</summary>
    private protected virtual bool IsRandom => true;

    /// <summary>The estimate [B..] of float32 or float64 logits, which may hold −∞. f is checked; the caller opens the scope.</summary>
    protected abstract Tensor EstimateCore(Tensor logits, Func<Tensor, Tensor> f, Noise noise);
}
