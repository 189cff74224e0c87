namespace DiscreteGradients;

/// <summary>
/// What a model computes next from the logits that it samples from: the log-probability of a sample, the entropy, the divergence from a
/// uniform prior. Differentiable, also twice; on the CPU in float32 and float64 by kernels that make one pass forward and one back.
/// </summary>
/// <remarks>
/// Logits [.., K] of any layout; a logit of −∞ masks its category, which then adds nothing and gets a zero gradient. A row that holds NaN
/// or +∞, or is fully masked, is refused. Results are in the logits' dtype and owned by the caller's dispose scope.
/// </remarks>
public static class Distribution
{
    /// <summary>
    /// log p(z) [S.., ..] of one-hot samples z [S.., .., K], one number a latent: sum over latents for that of an example. Its gradient is
    /// z − p at the logits and, where the sample carries one, log p at the sample, zero for masked categories. −∞, without a gradient,
    /// where a masked category is chosen.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// Wrong shape, dtype or device; a row of logits that is fully masked or holds NaN or +∞; a row of z that is not exactly one-hot.
    /// </exception>
    public static Tensor LogProbability(Tensor logits, Tensor hard)
    {
        Check.Logits(logits, "[..., categories]", minimumRank: 1);
        Check.Samples(hard, logits);
        using var scope = NewDisposeScope();
        var rows = Precision.AtLeastSingle(hard.dim() == logits.dim() ? logits : logits.expand(hard.shape));
        var sample = Precision.AtLeastSingle(hard);
        var log = FusedLogProbability.Of(rows, sample.detach());
        if (sample.requires_grad && is_grad_enabled())
        {
            var logProbabilities = Masking.LogProbabilities(rows);
            var slope = logProbabilities.masked_fill(Masking.Allowed(logProbabilities).logical_not(), 0);
            log += ((sample - sample.detach()) * slope).sum(-1).masked_fill(log.isneginf(), 0);
        }

        return log.to_type(logits.dtype).alias().MoveToOuterDisposeScope();
    }

    /// <summary>The entropy −Σ p log p [..] in nats, from 0 to log K.</summary>
    /// <exception cref="ArgumentException">Wrong shape or dtype; a row that is fully masked or holds NaN or +∞.</exception>
    public static Tensor Entropy(Tensor logits) => Of(Statistic.Entropy, logits);

    /// <summary>
    /// KL(p ‖ uniform over K categories) [..] in nats: log K less the entropy. Accurate also where p is nearly uniform, and never negative.
    /// Masked categories count in K.
    /// </summary>
    /// <exception cref="ArgumentException">Wrong shape or dtype; a row that is fully masked or holds NaN or +∞.</exception>
    public static Tensor DivergenceFromUniform(Tensor logits) => Of(Statistic.DivergenceFromUniform, logits);

    private static Tensor Of(Statistic statistic, Tensor logits)
    {
        Check.Logits(logits, "[..., categories]", minimumRank: 1);
        if (FusedSample.Takes(logits) && logits.is_contiguous())
            return FusedStatistic.Of(statistic, logits);  // makes no tensor but its result
        using var scope = NewDisposeScope();
        return FusedStatistic.Of(statistic, Precision.AtLeastSingle(logits)).to_type(logits.dtype).alias().MoveToOuterDisposeScope();
    }
}
