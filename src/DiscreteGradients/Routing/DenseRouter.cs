namespace DiscreteGradients;

/// <summary>All experts, weighted by their probabilities: the mixture that the sparse routers save the cost of.</summary>
/// <remarks>
/// y = Σ pᵢ Eᵢ(x) over all experts; its gradient is exact for every g. N experts forward, N backward.
/// Reference: Jacobs, Jordan, Nowlan, Hinton 1991, Adaptive Mixtures of Local Experts, equation 1.
/// </remarks>
public sealed record DenseRouter : Router
{
    /// <inheritdoc/>
    public override int Order => GradientEstimator.Unbiased;

    /// <inheritdoc/>
    public override double ForwardExperts(long experts) => experts;

    /// <inheritdoc/>
    public override double BackwardExperts(long experts) => experts;

    /// <inheritdoc/>
    protected override Routing Choose(Tensor scores, Tensor? bias, Noise? noise)
    {
        var p = FusedSoftmax.Of(scores);
        return new(scores.detach() > double.NegativeInfinity, p, p);
    }
}
