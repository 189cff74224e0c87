namespace DiscreteGradients;

/// <summary>Latents of two categories, seen as a less and a more likely one: coupled samples are drawn of the less likely one.</summary>
internal static class Bernoulli
{
    /// <summary>log p₁ − log p₀ [B.., L] in float64, ±∞ where a category is masked.</summary>
    internal static Tensor LogOdds(Tensor logits)
    {
        var log = Categorical.LogProbabilities(logits);
        return log.select(-1, 1) - log.select(-1, 0);
    }

    /// <summary>The probability of the less likely category, at most ½.</summary>
    internal static Tensor Lesser(Tensor logOdds) => (-logOdds.abs()).sigmoid();

    /// <summary>One-hot [S.., B.., L, 2]: the less likely category where <paramref name="rare"/>, else the other.</summary>
    internal static Tensor Points(Tensor rare, Tensor logOdds, ScalarType dtype) =>
        OneHot.Of((rare ^ (logOdds > 0)).to_type(ScalarType.Int64), 2, dtype);
}
