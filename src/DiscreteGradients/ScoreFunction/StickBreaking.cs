namespace DiscreteGradients;

/// <summary>
/// A categorical as a stick that is broken: at every category in turn a coin with log-odds φᵢ = log pᵢ − log Σ_{j &gt; i} pⱼ decides
/// whether to stop there. Antithetic pairs flip the coins of both samples with the same uniform numbers.
/// </summary>
internal static class StickBreaking
{
    /// <summary>φ [.., K] of log-probabilities; +∞ at the last possible category, where every sample stops, and NaN after it.</summary>
    internal static Tensor LogOdds(Tensor log)
    {
        var later = log.flip(-1).logcumsumexp(-1).flip(-1).roll(-1, -1);
        later.select(-1, -1).fill_(double.NegativeInfinity);
        return log - later;
    }

    /// <summary>Antithetic pairs of category indices, int64 [2 · pairs, ..]: all first members, then all second members.</summary>
    internal static Tensor Pairs(Tensor logOdds, int pairs, Noise noise)
    {
        var u = noise.Uniform(pairs, logOdds.numel(), logOdds.device).view([pairs, .. logOdds.shape]);
        var stops = cat([u < logOdds.sigmoid(), u >= (-logOdds).sigmoid()]);  // the second is 1 − u < σ(φ)
        return (stops.cumsum(-1) == 0).sum(-1);
    }

    /// <summary>The weight [pairs, ..] that makes pairs which differ from a category on as probable as independent ones.</summary>
    /// <remarks>
    /// Both members pass category i with probability 1 − 2sᵢ instead of (1 − sᵢ)², which makes the factor 1/(1 − e^(2φᵢ)); at the first
    /// category that stops one of them the factor is σ(−φ). Where sᵢ &gt; ½ both cannot pass and nothing can correct that, so φ must not be
    /// above 0.
    /// </remarks>
    internal static Tensor ImportanceWeight(Tensor logOdds, Tensor first)
    {
        var passed = -(-(2 * logOdds.clamp_max(0)).exp()).log1p();
        var before = passed.cumsum(-1).roll(1, -1);
        before.select(-1, 0).zero_();
        var at = first.unsqueeze(-1);
        long[] shape = [first.shape[0], .. logOdds.shape];
        return (before.exp() * (-logOdds).sigmoid()).expand(shape).gather(-1, at).squeeze(-1);
    }
}
