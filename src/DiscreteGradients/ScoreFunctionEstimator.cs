namespace DiscreteGradients;

/// <summary>An estimator that weighs the score z − softmax(logits) with values of f, which need not be differentiable.</summary>
public abstract record ScoreFunctionEstimator : GradientEstimator
{
    /// <inheritdoc/>
    public override int Order => Unbiased;

    /// <summary>The points of one estimate. No gradient is recorded.</summary>
    protected abstract Points Draw(Tensor logits, Noise noise);

    /// <summary>The gradient estimate [B.., L, K] from the points and the values [S, B..] of f there. No gradient is recorded.</summary>
    protected abstract Tensor Gradient(Tensor logits, Points points, Tensor values);

    /// <inheritdoc/>
    protected sealed override Tensor EstimateCore(Tensor logits, Func<Tensor, Tensor> f, Noise noise)
    {
        Points points;
        using (no_grad())
            points = Draw(logits, noise);
        var values = f(points.Z);
        Tensor gradient;
        using (no_grad())
            gradient = Gradient(logits, points, values.to_type(logits.dtype));
        var expectation = points.Weights is { } weights ? (weights * values).sum([0]) : values.mean([0]);
        return expectation + Surrogate.Carry(logits, gradient);
    }
}
