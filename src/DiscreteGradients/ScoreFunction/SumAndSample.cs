namespace DiscreteGradients;

/// <summary>Sum and sample: the most probable joint states summed, and one sample of all the others. Unbiased for every f.</summary>
/// <remarks>
/// Approximates ∇E[f(z)] with Σ_{t ∈ T} p_t (f(t) − b)(t − softmax(θ)) + (1 − p_T)(f(r) − b)(r − softmax(θ)), T the S − 1 most probable
/// states of all latents together, r one sample of p given that it is not in T. The baseline b, the mean of f over T, depends on θ only and
/// leaves the mean alone. E[f] is estimated with the same weights. 1 − p_T is summed over the states outside T and r drawn from them, so
/// both are exact also where T holds nearly all of the probability. At its best there, and with few states, where it is exact; with many
/// latents p_T is small and what remains is REINFORCE. f need not be differentiable.
/// Reference: Liu, Regier, Tripuraneni, Jordan, McAuliffe 2019, "Rao-Blackwellized stochastic gradients for discrete distributions",
/// arXiv 1810.04777; the baseline is added.
/// </remarks>
/// <param name="Samples">S ≥ 2: evaluations of f per example, all but one of the most probable states; fewer where there are fewer.</param>
public sealed record SumAndSample(int Samples = 4) : ScoreFunctionEstimator
{
    /// <inheritdoc cref="SumAndSample"/>
    public int Samples { get; init => field = Check.AtLeast(2, value, nameof(Samples)); } = Check.AtLeast(2, Samples);

    /// <inheritdoc/>
    public override long Evaluations(long latents, long categories) => Math.Min(Samples, ExactEnumeration.CountStates(latents, categories));

    /// <inheritdoc/>
    protected override Points Draw(Tensor logits, Noise noise)
    {
        var evaluations = Evaluations(logits.shape[^2], logits.shape[^1]);
        var states = new JointStates(Categorical.LogProbabilities(logits), evaluations);
        for (var n = 0; n < Math.Min(Samples - 1, evaluations); n++)
            states.FindMostProbable();
        var log = states.LogProbability;
        if (Samples == evaluations)
        {
            log = cat([log, states.LogRemaining.unsqueeze(0)]);
            states.Draw(noise);
        }

        return new(OneHot.Of(states.Index, logits.shape[^1], logits.dtype), log.exp().to_type(logits.dtype));
    }

    /// <inheritdoc/>
    protected override Tensor Gradient(Tensor logits, Points points, Tensor values)
    {
        var summed = (int)Math.Min(Samples - 1, values.shape[0]);
        var weight = points.Weights! * (values - values[..summed].mean([0]));
        return Score.Weighted(weight, points.Z, Categorical.Probabilities(logits)).sum([0]);
    }
}
