namespace DiscreteGradients;

/// <summary>States drawn without replacement, whatever their order.</summary>
internal static class UnorderedDraws
{
    /// <summary>
    /// For every subset of the states, as bits: log q [B..], the probability that the other states are what is drawn next, in any order,
    /// once those in the subset are gone. q(all) = 1 and q(U) = Σ_{t ∉ U} p_t q(U ∪ t) / (1 − p(U)), where 1 − p(U) is at least what is
    /// left of the set.
    /// </summary>
    internal static Tensor[] Completions(Tensor log)
    {
        var states = Enumerable.Range(0, (int)log.shape[0]).ToArray();
        var completions = new Tensor[1 << states.Length];
        completions[^1] = zeros_like(log[0]);
        for (var drawn = completions.Length - 2; drawn >= 0; drawn--)
        {
            var open = states.Where(t => (drawn >> t & 1) == 0).ToArray();
            var left = stack([.. open.Select(t => log[t])]);
            var next = left + stack([.. open.Select(t => completions[drawn | (1 << t)])]);
            var gone = states.Where(t => (drawn >> t & 1) == 1).Aggregate(zeros_like(log[0]), (sum, t) => sum + log[t].exp());
            var rest = left.logsumexp(0);
            var scale = (1 - gone).clamp_min(0).log().maximum(rest);
            completions[drawn] = (next.logsumexp(0) - scale).masked_fill(rest == double.NegativeInfinity, 0);
        }

        return completions;
    }
}
