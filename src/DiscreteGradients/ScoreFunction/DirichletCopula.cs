namespace DiscreteGradients;

/// <summary>
/// The Dirichlet copula: S uniform numbers that repel each other. With e independent standard exponentials, uₛ = (1 − eₛ/Σe)^(S − 1); two
/// of them are u and 1 − u.
/// </summary>
internal static class DirichletCopula
{
    /// <summary>S coupled uniform numbers in [0, 1) for each place of <paramref name="like"/> [..], float64 [S, ..].</summary>
    internal static Tensor Uniform(int samples, Tensor like, Noise noise)
    {
        var e = noise.Exponential(samples, like.to_type(ScalarType.Float64));
        var total = e.sum([0], keepdim: true);
        return ((total - e) / total).pow(samples - 1).clamp_max(1 - Math.ScaleB(1, -53));
    }

    /// <summary>The probability that one number is below x and another below y, from the (S − 1)th roots of x and y.</summary>
    internal static Tensor Below(Tensor rootOfX, Tensor rootOfY, int samples) => (rootOfX + rootOfY - 1).clamp_min(0).pow(samples - 1);
}
