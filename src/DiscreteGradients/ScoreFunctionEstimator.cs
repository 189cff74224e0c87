namespace DiscreteGradients;

/// <summary>An estimator that weighs the score ∇ log p(z) = z − softmax(logits) with values of f; f need not be differentiable.</summary>
public abstract record ScoreFunctionEstimator : GradientEstimator
{
    /// <summary>The sample points of one estimate [S, B.., L, K].</summary>
    protected abstract Tensor Draw(Tensor logits, Generator? generator);

    /// <summary>
    /// The gradient estimate [B.., L, K] from the points <paramref name="z"/> [S, B.., L, K] and the
    /// <paramref name="values"/> [S, B..] of f there. No gradient is recorded.
    /// </summary>
    protected abstract Tensor Gradient(Tensor logits, Tensor z, Tensor values);

    /// <inheritdoc/>
    protected sealed override Tensor EstimateCore(Tensor logits, Func<Tensor, Tensor> f, Generator? generator)
    {
        var z = Draw(logits, generator);
        var values = f(z);

        Tensor gradient;
        using (no_grad())
            gradient = Gradient(logits, z, values.to_type(logits.dtype));
        return values.mean([0]) + Surrogate.Carry(logits, gradient);
    }
}
