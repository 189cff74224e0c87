namespace DiscreteGradients;

/// <summary>One expert drawn from the softmax of the scores, at full weight, with the gradient of a pathwise estimator.</summary>
/// <remarks>
/// Stands for the objective Σ pᵢ g(Eᵢ(x)); y = E_D(x), D ~ p. The gradient at θ is the estimator's, with s = ⟨u, Eᵢ(x)⟩ of all
/// experts as the gradient at its one-hot sample. With <see cref="ReinMax"/> it is ½ [J(p) s + ⟨s, D − p⟩ (D − p)], exact for
/// quadratic g. N experts forward, one of them with a graph; one backward. In evaluation the best expert, at full weight. Reference: Liu et
/// al. 2023, arXiv 2304.08612, equation 7.
/// </remarks>
/// <param name="Estimator">Draws the expert and gives the sample its gradient.</param>
public sealed record SampledRouter(PathwiseEstimator Estimator) : Router
{
    /// <inheritdoc cref="SampledRouter"/>
    public PathwiseEstimator Estimator { get; init => field = Given(value); } = Given(Estimator);

    /// <inheritdoc/>
    public override int Order => Estimator.Order;

    /// <inheritdoc/>
    public override double ForwardExperts(long experts) => experts;

    /// <inheritdoc/>
    public override double BackwardExperts(long experts) => 1;

    /// <inheritdoc/>
    protected override Routing Choose(Tensor scores, Tensor? bias, Noise? noise)
    {
        var p = FusedSoftmax.Of(scores);
        if (noise is not { } source)
        {
            var best = ExpertPicks.OneOf(ExpertPicks.Best(scores), scores);
            return new(best, best.to_type(p.dtype), p);
        }

        var sample = Estimator.Core(scores, hard: null, source);
        return new(sample.detach() > 0, sample, p, IsDense: true);
    }

    private static PathwiseEstimator Given(PathwiseEstimator estimator)
    {
        Check.Given(estimator);
        return estimator;
    }
}
