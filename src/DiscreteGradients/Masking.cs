namespace DiscreteGradients;

/// <summary>A masked category is a logit of −∞. Its probability and its gradient are zero, never NaN.</summary>
internal static class Masking
{
    internal static Tensor Apply(Tensor logits, Tensor? mask) =>
        mask is null ? logits : logits.masked_fill(mask.logical_not(), double.NegativeInfinity);

    /// <summary>−∞ becomes the lowest finite number: the same softmax, no ∞ − ∞, and a zero gradient through the clamp.</summary>
    internal static Tensor Finite(Tensor logits) => logits.clamp_min(Precision.Lowest(logits.dtype));

    /// <summary>One where a category may be chosen and zero where it is masked, from finite logits or log-probabilities.</summary>
    internal static Tensor Allowed(Tensor finite) => (finite > Precision.Lowest(finite.dtype) / 2).to_type(finite.dtype);
}
