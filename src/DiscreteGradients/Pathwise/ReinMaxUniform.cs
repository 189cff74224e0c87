namespace DiscreteGradients;

/// <summary>
/// The second-order estimator with the uniform baseline (1/n) Σ f(Iᵢ) in place of ReinMax's E[f]: the paper's baseline ablation.
/// </summary>
/// <remarks>
/// Approximates ∇E[f(z)] with ½ [⟨∇f(z), z − 1/n⟩ (z − p) + J(p) ∇f(z) / (n p_z)], n the number of categories that are not masked.
/// Exact for quadratic f, but unstable: the weight 1/p_z is unbounded for unlikely samples.
/// Requires f differentiable at one-hot points.
/// Reference: Liu et al. 2023, arXiv 2304.08612, Definition 3.2 with φ = 1/n and Remark 4.1. The released mean-baseline kernel drops
/// the coordinates that were not sampled, and so has another expectation.
/// </remarks>
public sealed record ReinMaxUniform : PathwiseEstimator, IFusedEstimator
{
    /// <inheritdoc/>
    public override int Order => 2;

    /// <inheritdoc/>
    protected override Tensor Soften(Tensor logProbabilities, Tensor hard, Noise noise)
    {
        var allowed = Masking.Allowed(logProbabilities).to_type(logProbabilities.dtype);
        var count = allowed.sum([-1], keepdim: true);
        var logSampled = (logProbabilities * hard).sum([-1], keepdim: true);
        var sampled = logSampled.detach().exp().clamp_min(Precision.Tiny(logProbabilities.dtype));  // 0 for a sample that nobody would draw
        var weight = 1 / (count * sampled);
        return ((hard - (allowed / count)) * logSampled + weight * logProbabilities.exp()) / 2;
    }

    IRowKernel IFusedEstimator.Kernel => new ReinMaxUniformKernel();
}
