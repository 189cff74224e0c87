namespace DiscreteGradients;

/// <summary>A masked category is a logit of −∞. Its probability and its gradient are zero, never NaN.</summary>
internal static class Masking
{
    internal static Tensor Apply(Tensor logits, Tensor? mask) =>
        mask is null ? logits : logits.masked_fill(mask.logical_not(), double.NegativeInfinity);

    /// <summary>
    /// log p [.., K], differentiable and finite: a masked category holds the lowest finite number, and the clamp cuts its gradient. A row
    /// that is fully masked, or holds NaN or +∞, is NaN.
    /// </summary>
    internal static Tensor LogProbabilities(Tensor logits) => logits.log_softmax(-1).clamp_min(Precision.Lowest(logits.dtype));

    /// <summary>
    /// True where a category may be chosen, from finite log-probabilities. One that is half as far below the largest as numbers go counts
    /// as masked: the lowest finite number often stands in for −∞.
    /// </summary>
    internal static Tensor Allowed(Tensor logProbabilities) => logProbabilities >= Precision.Lowest(logProbabilities.dtype) / 2;
}
