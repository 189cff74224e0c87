namespace DiscreteGradients;

/// <summary>The gradient of an estimator of one-hot samples, whole: vₖ = ⟨U, oₖ(x)⟩ for every operation.</summary>
/// <remarks>
/// Approximates the gradient as the estimator does for f = L, whose argument is the row z. Requires all outputs at the same input: on the
/// way back the operations that were not chosen run once each, without a graph. An <c>Identity</c> and a <see cref="ZeroOperation"/> are
/// not run, for their products are known. The order is the estimator's: with <see cref="ReinMax"/> the expected gradient is exact for a
/// loss that is quadratic in y. Of many choices drawn together each has its gradient at what the others drew.
/// Reference: Liu et al. 2023, arXiv 2304.08612.
/// </remarks>
/// <param name="Estimator">Any pathwise estimator.</param>
public sealed record DenseRule(PathwiseEstimator Estimator) : ChoiceRule
{
    /// <inheritdoc cref="DenseRule"/>
    public PathwiseEstimator Estimator { get; init => field = Given(value); } = Given(Estimator);

    /// <inheritdoc/>
    public override int Order => Estimator.Order;

    /// <inheritdoc/>
    public override bool RunsAll => true;

    internal override double Scale => 1;

    internal override Tensor Sample(Tensor logits, Tensor? hard, Generator? generator) =>
        Estimated(Estimator, logits, hard, generator);

    internal override Tensor Slope(Upstream upstream) => stack([.. upstream.Products()], 0);

    internal static PathwiseEstimator Given(PathwiseEstimator estimator)
    {
        Check.Given(estimator);
        return estimator;
    }

    internal static Tensor Estimated(PathwiseEstimator estimator, Tensor logits, Tensor? hard, Generator? generator) =>
        hard is null ? estimator.Sample(logits, generator: generator) : estimator.Attach(logits, hard, generator: generator);
}
