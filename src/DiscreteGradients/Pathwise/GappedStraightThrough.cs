namespace DiscreteGradients;

/// <summary>
/// Gapped straight-through: the softmax of logits moved just enough for the sample to win by a gap, without resampling noise.
/// </summary>
/// <remarks>
/// Approximates ∇E[f(z)] with (1/τ) J(softmax(θ′/τ)) ∇f(z), where θ′ raises the sampled logit to the largest and lowers the others
/// to at most that less the gap. Requires f differentiable at one-hot points. Biased even for linear f.
/// Reference: Fan, Chi, Rudnicky, Ramadge 2022, arXiv 2206.07235.
/// </remarks>
/// <param name="Gap">The gap ≥ 0 (GST-1.0: 1); null for the gap −log(1 − p)/p that follows the sample's probability p (GST-p).</param>
/// <param name="Temperature">τ > 0.</param>
public sealed record GappedStraightThrough(double? Gap = 1, double Temperature = 1) : PathwiseEstimator, IFusedEstimator
{
    /// <inheritdoc cref="GappedStraightThrough"/>
    public double? Gap { get; init => field = CheckGap(value); } = CheckGap(Gap);

    /// <inheritdoc cref="GappedStraightThrough"/>
    public double Temperature { get; init => field = Check.Temperature(value); } = Check.Temperature(Temperature);

    /// <inheritdoc/>
    public override int Order => 0;

    /// <inheritdoc/>
    protected override Tensor Soften(Tensor logProbabilities, Tensor hard, Noise noise)
    {
        Tensor moved;
        using (no_grad())
        {
            var largest = logProbabilities.amax([-1], keepdim: true);
            var gap = Gap is { } given
                ? full_like(largest, Math.Min(given, -Precision.Lowest(largest.dtype))) : ProbabilityGap(logProbabilities, hard);
            moved = where(hard > 0, 0, (logProbabilities - largest).minimum(-gap));
        }

        return (Surrogate.Hold(moved, logProbabilities) / Temperature).softmax(-1);
    }

    private static Tensor ProbabilityGap(Tensor logProbabilities, Tensor hard)
    {
        var p = (logProbabilities.exp() * hard).sum([-1], keepdim: true) * (1 - 1e-5);  // keeps log(1 − p) finite at p = 1, as released
        p = p.clamp_min(Precision.Tiny(logProbabilities.dtype));
        return (-p).log1p().neg() / p;
    }

    IRowKernel IFusedEstimator.Kernel => new GappedStraightThroughKernel(Gap, Temperature);

    private static double? CheckGap(double? gap) =>
        gap is null or >= 0 and < double.PositiveInfinity
            ? gap
            : throw new ArgumentException(
                $"gap must be a finite number of at least 0, or null for the probability-dependent gap; got {gap}.", nameof(gap));
}
