namespace DiscreteGradients;

/// <summary>Carries a gradient that was computed by hand.</summary>
public static class Surrogate
{
    /// <summary>
    /// A tensor [B..] that is zero and whose derivative with respect to <paramref name="logits"/> [B.., L, K] is
    /// <paramref name="gradient"/> [B.., L, K], taken as a constant.
    /// </summary>
    /// <remarks>Values are not looked at: logits that hold NaN or +∞ give NaN.</remarks>
    /// <exception cref="ArgumentException">Wrong shape, dtype or device.</exception>
    public static Tensor Carry(Tensor logits, Tensor gradient)
    {
        Check.Logits(logits, "[..., latents, categories]", minimumRank: 2);
        Check.Gradient(gradient, logits);
        var finite = logits.clamp_min(Precision.Lowest(logits.dtype));
        return ((finite - finite.detach()) * gradient.detach()).sum([-2, -1]);
    }

    /// <summary>The value of one tensor with the derivative of another, finite one, without taking their difference.</summary>
    internal static Tensor Hold(Tensor value, Tensor derivative) => value.detach() + (derivative - derivative.detach());
}
