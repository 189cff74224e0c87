namespace DiscreteGradients;

/// <summary>
/// GDAS as it is released: an estimator that is told vₖ = c for every operation that did not run, c the sum of the entries of U.
/// </summary>
/// <remarks>
/// The released code adds the entries of z that are zero to y as bare numbers, so that they get a gradient at all. It is not the gradient
/// of an expected loss, and is exact for no loss but a constant: order 0. Runs the chosen operation alone. With straight-through
/// Gumbel-softmax, <c>GumbelRao(1, τ)</c>, it is (1/τ) p_D (v_D − c) (D − p), p the soft sample. With <see cref="ReinMax"/> at
/// temperature 1 the second-order term is lost and ½ (v_D − c) (D − π) is left, half of REINFORCE for a linearised loss.
/// Reference: Dong, Yang 2019, arXiv 1910.04465, and the authors' AutoDL-Projects.
/// </remarks>
/// <param name="Estimator">Any pathwise estimator; <c>new GumbelRao(1, τ)</c> is the authors'.</param>
public sealed record GdasRule(PathwiseEstimator Estimator) : ChoiceRule
{
    /// <inheritdoc cref="GdasRule"/>
    public PathwiseEstimator Estimator { get; init => field = DenseRule.Given(value); } = DenseRule.Given(Estimator);

    /// <inheritdoc/>
    public override int Order => 0;

    /// <inheritdoc/>
    public override bool RunsAll => false;

    internal override double Scale => 1;

    internal override Tensor Sample(Tensor logits, Tensor? hard, Generator? generator) =>
        DenseRule.Estimated(Estimator, logits, hard, generator);

    internal override Tensor Slope(Upstream upstream)
    {
        var sum = upstream.Sum();
        return sum + (upstream.Hard * (upstream.OfChosen() - sum));
    }
}
