using System.Numerics;

namespace DiscreteGradients.Fused;

/// <summary>The highest scores of every token, on the CPU in one pass: a token at a time, one pick after the other.</summary>
internal static class HighestScores
{
    /// <summary>Boolean [T, N] of contiguous scores [T, N]; of equal ones the first are chosen.</summary>
    internal static Tensor Of(Tensor scores, int picks)
    {
        var chosen = zeros_like(scores, ScalarType.Bool);
        if (chosen.numel() == 0)
            return chosen;
        if (scores.dtype == ScalarType.Float64)
            Find<double>(scores, chosen, picks);
        else
            Find<float>(scores, chosen, picks);
        return chosen;
    }

    /// <summary>Whether every token has a finite score, and no score is NaN or +∞. Contiguous scores [T, N].</summary>
    internal static bool AreThere(Tensor scores) =>
        scores.numel() == 0 || (scores.dtype == ScalarType.Float64 ? AreThere<double>(scores) : AreThere<float>(scores));

    private static unsafe bool AreThere<T>(Tensor scores) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var experts = (int)scores.shape[^1];
        var row = Memory.Address<T>(scores);
        for (var tokens = scores.shape[0]; tokens > 0; tokens--, row += experts)
        {
            var found = false;
            for (var e = 0; e < experts; e++)
            {
                if (!(row[e] < T.PositiveInfinity))
                    return false;
                found |= row[e] > T.NegativeInfinity;
            }

            if (!found)
                return false;
        }

        return true;
    }

    private static unsafe void Find<T>(Tensor scores, Tensor chosen, int picks) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (tokens, experts) = (scores.shape[0], (int)scores.shape[1]);
        var row = Memory.Address<T>(scores);
        var flags = Memory.Address<byte>(chosen);
        for (var token = 0L; token < tokens; token++, row += experts, flags += experts)
        {
            for (var taken = 0; taken < picks; taken++)
            {
                var (best, highest) = (-1, T.NegativeInfinity);
                for (var e = 0; e < experts; e++)
                {
                    if (row[e] > highest && flags[e] == 0)
                        (best, highest) = (e, row[e]);
                }

                if (best < 0)
                    throw RoutingCheck.TooFew(token, taken, experts, picks);
                flags[best] = 1;
            }
        }
    }
}
