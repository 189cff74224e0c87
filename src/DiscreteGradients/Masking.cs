namespace DiscreteGradients;

/// <summary>A masked category is a logit of −∞. Its probability and its gradient are zero, never NaN.</summary>
internal static class Masking
{
    internal static Tensor Apply(Tensor logits, Tensor? mask) =>
        mask is null ? logits : logits.masked_fill(mask.logical_not(), double.NegativeInfinity);

    /// <summary>−∞ becomes the lowest finite number: the same softmax, no ∞ − ∞, and a zero gradient through the clamp.</summary>
    internal static Tensor Finite(Tensor logits) => logits.clamp_min(Precision.Lowest(logits.dtype));
}
