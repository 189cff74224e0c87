using DiscreteGradients.Fused;

namespace DiscreteGradients;

/// <summary>
/// What a model computes next from the logits that it samples from: the log-probability of a sample, the entropy, the divergence from a uniform
/// prior. Differentiable, also twice; on the CPU in float32 and float64 by kernels that make one pass forward and one back.
/// </summary>
/// <remarks>
/// Logits [.., K] of any layout; a logit of −∞ masks its category, which then adds nothing and gets a zero gradient. A row that holds NaN
/// or +∞, or is fully masked, is refused. Results are in the logits' dtype and owned by the caller's dispose scope.
/// </remarks>
public static class Distribution
{
    /// <summary>log p(z) [..] of one-hot samples z [.., K]; its gradient at the logits is z − p.</summary>
    /// <exception cref="ArgumentException">
    /// Wrong shape, dtype or device; a row of logits that is fully masked or holds NaN or +∞; a row of z that is not exactly one-hot.
    /// </exception>
    public static Tensor LogProbability(Tensor logits, Tensor hard)
    {
        Check.Logits(logits, "[..., categories]", minimumRank: 1);
        Check.Hard(hard, logits);
        using var scope = NewDisposeScope();
        var (mine, sample) = (Precision.AtLeastSingle(logits), HardSample.Checked(Precision.AtLeastSingle(hard.detach()), logits: null));
        var total = FusedSample.Takes(mine) ? FusedStatistic.LogTotal(mine) : FusedStatistic.Readable(Check.Rows(mine), entropy: false);
        return ((Masking.Finite(mine) * sample).sum(-1) - total).to_type(logits.dtype).alias().MoveToOuterDisposeScope();
    }

    /// <summary>The entropy −Σ p log p [..] in nats, from 0 to log K.</summary>
    /// <exception cref="ArgumentException">Wrong shape or dtype; a row that is fully masked or holds NaN or +∞.</exception>
    public static Tensor Entropy(Tensor logits)
    {
        Check.Logits(logits, "[..., categories]", minimumRank: 1);
        using var scope = NewDisposeScope();
        var mine = Precision.AtLeastSingle(logits);
        var entropy = FusedSample.Takes(mine) ? FusedStatistic.Entropy(mine) : FusedStatistic.Readable(Check.Rows(mine), entropy: true);
        return entropy.to_type(logits.dtype).alias().MoveToOuterDisposeScope();
    }

    /// <summary>KL(p ‖ uniform over K categories) [..] in nats: log K less the entropy.</summary>
    /// <exception cref="ArgumentException">Wrong shape or dtype; a row that is fully masked or holds NaN or +∞.</exception>
    public static Tensor DivergenceFromUniform(Tensor logits)
    {
        Check.Given(logits);
        using var scope = NewDisposeScope();
        var entropy = Entropy(logits);  // checks them first
        return (Math.Log(logits.size(-1)) - entropy).MoveToOuterDisposeScope();
    }
}
