namespace DiscreteGradients;

/// <summary>Sum and sample: the most probable joint states summed exactly, and one sample of all the others. Unbiased for every f.</summary>
/// <remarks>
/// Approximates ∇E[f(z)] with Σ_{t ∈ T} p_t (f(t) − b)(t − softmax(θ)) + (1 − p_T)(f(r) − b)(r − softmax(θ)), T the S − 1 most probable states of
/// all latents together, r one sample of p given that it is not in T. The baseline b, the mean of f over T, depends on θ only and leaves the
/// mean alone. E[f] is estimated with the same weights. The sample is the first outside T of S states drawn without replacement, so it is
/// exact also where T holds nearly all of the probability. At its best there, and with few states, where it is exact; with many latents p_T is
/// small and what remains is REINFORCE. f need not be differentiable. Beam searches of L steps find the states.
/// Reference: Liu, Regier, Tripuraneni, Jordan, McAuliffe 2019, "Rao-Blackwellized stochastic gradients for discrete distributions",
/// arXiv 1810.04777; the baseline is added.
/// </remarks>
/// <param name="Samples">S ≥ 2: evaluations of f per example, all but one of them of the most probable states; fewer where there are fewer.</param>
public sealed record SumAndSample(int Samples = 4) : ScoreFunctionEstimator
{
    /// <inheritdoc cref="SumAndSample"/>
    public int Samples { get; init => field = Check.AtLeast(2, value, nameof(Samples)); } = Check.AtLeast(2, Samples);

    /// <inheritdoc/>
    public override int Order => Unbiased;

    /// <inheritdoc/>
    public override long Evaluations(long latents, long categories) => Math.Min(Samples, ExactEnumeration.CountStates(latents, categories));

    /// <inheritdoc/>
    protected override Points Draw(Tensor logits, Generator? generator)
    {
        var log = Categorical.LogProbabilities(logits);
        var (top, logTop) = JointStates.Best(log, Samples - 1);
        var (drawn, logDrawn) = JointStates.Best(log, Samples, Noise.Draw(generator));
        top = where(logTop.unsqueeze(-1) == double.NegativeInfinity, top[..1], top);  // the first state stands in for one that is not possible
        var (index, weights) = (top, logTop.exp());
        if (drawn.shape[0] > top.shape[0])
        {
            var other = (drawn.unsqueeze(1) != top.unsqueeze(0)).any(-1).all(1) & (logDrawn > double.NegativeInfinity);
            var place = (other.cumsum(0) == 0).sum([0], keepdim: true);
            var none = place == drawn.shape[0];
            place = place.masked_fill(none, 0);
            var rest = (1 - weights.sum([0], keepdim: true)).maximum(logDrawn.gather(0, place).exp()).masked_fill(none, 0);
            var sample = drawn.gather(0, place.unsqueeze(-1).expand([1, .. drawn.shape[1..]]));
            (index, weights) = (cat([top, where(none.unsqueeze(-1), top[..1], sample)]), cat([weights, rest]));
        }

        return new(OneHot.FromIndex(index, logits.shape[^1], logits.dtype), weights.to_type(logits.dtype));
    }

    /// <inheritdoc/>
    protected override Tensor Gradient(Tensor logits, Points points, Tensor values)
    {
        var summed = (int)Math.Min(Samples - 1, values.shape[0]);
        var weight = points.Weights! * (values - values[..summed].mean([0]));
        return (weight.unsqueeze(-1).unsqueeze(-1) * (points.Z - logits.softmax(-1))).sum([0]);
    }
}
