namespace DiscreteGradients;

/// <summary>The unordered set estimator: states drawn without replacement, their order integrated out. Unbiased for every f.</summary>
/// <remarks>
/// Approximates ∇E[f(z)] with Σ_{s ∈ S} w_s (f(s) − b_s)(s − softmax(θ)). S are k different states of all latents together; w_s, the
/// probability that s was drawn first given the set, estimates E[f] as Σ w_s f(s); b_s = p_s f(s) + Σ_{t ≠ s} (1 − p_s) P(t drawn second
/// given s first and S) f(t) is the built-in baseline. Both need the probability of every way to complete the set, which sums over its 2^k
/// subsets find. No evaluation of f is spent on a state twice, so it is at its best where few states hold much of the probability; if there
/// are no more than k states, value and gradient are exact. f need not be differentiable.
/// Reference: Kool, van Hoof, Welling 2020, "Estimating gradients for discrete random variables by sampling without replacement",
/// arXiv 2002.06043, with the built-in baseline.
/// </remarks>
/// <param name="Samples">k, from 2 to 8 different states per example; fewer where there are fewer.</param>
public sealed record UnorderedSet(int Samples = 4) : ScoreFunctionEstimator
{
    /// <inheritdoc cref="UnorderedSet"/>
    public int Samples { get; init => field = Check.Between(2, 8, value, nameof(Samples)); } = Check.Between(2, 8, Samples);

    /// <inheritdoc/>
    public override long Evaluations(long latents, long categories) => Math.Min(Samples, ExactEnumeration.CountStates(latents, categories));

    /// <inheritdoc/>
    protected override Points Draw(Tensor logits, Noise noise)
    {
        var states = new JointStates(Categorical.LogProbabilities(logits));
        for (var n = 0; n < Evaluations(logits.shape[^2], logits.shape[^1]); n++, noise = noise.Other())
            states.Draw(noise);
        var (index, log) = (states.Index, states.LogProbability);
        var completions = UnorderedDraws.Completions(log);
        var weights = stack([.. Enumerable.Range(0, (int)log.shape[0]).Select(s => (log[s] + completions[1 << s] - completions[0]).exp())]);
        return new(OneHot.Of(index, logits.shape[^1], logits.dtype), weights.to_type(logits.dtype));
    }

    /// <inheritdoc/>
    protected override Tensor Gradient(Tensor logits, Points points, Tensor values)
    {
        var z = points.Z;
        var log = (Categorical.LogProbabilities(logits).clamp_min(double.MinValue) * z).sum([-2, -1]);
        log[1..] = log[1..].masked_fill((z[1..] == z[..1]).flatten(-2).all(-1), double.NegativeInfinity);
        var completions = UnorderedDraws.Completions(log);

        var states = Enumerable.Range(0, (int)log.shape[0]).ToArray();
        Tensor Share(int s, int t) => (log[t] + (s == t ? 0 : completions[(1 << s) | (1 << t)] - completions[1 << s])).exp();
        var baseline = stack([.. states.Select(s => states.Select(t => Share(s, t) * values[t]).Aggregate((a, b) => a + b))]);
        var weight = (points.Weights! * (values - baseline)).to_type(logits.dtype);
        return Score.Weighted(weight, z, Categorical.Probabilities(logits)).sum([0]);
    }
}
