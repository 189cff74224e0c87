namespace DiscreteGradients;

/// <summary>DisARM-SB: DisARM for any number of categories, on the coins of a stick-breaking construction. Unbiased for every f.</summary>
/// <remarks>
/// Approximates ∇E[f(z)] per latent with ½ (f_near − f_far) [σ(|φₙ|)(near − t) − (far − t)], averaged over pairs. A sample is the first
/// category whose coin, of log-odds φᵢ = log πᵢ − log Σ_{j &gt; i} πⱼ, stops it; the pair shares its uniform numbers as u and 1 − u. Near
/// is the member of the pair that stops first, at category n, far the other, and t the distribution of the categories after n. A latent
/// that is the same in both gets no gradient. f need not be differentiable. For K = 2 it is <see cref="Disarm"/>; the order of the
/// categories matters for the variance.
/// Reference: Dong, Mnih, Tucker 2021, "Coupled gradient estimators for discrete latent variables", arXiv 2106.08056
/// (DisARM-SB), the gradient of the coins carried on to θ in closed form.
/// </remarks>
/// <param name="Samples">S, an even number: S/2 antithetic pairs per example.</param>
public sealed record DisarmStickBreaking(int Samples = 2) : ScoreFunctionEstimator
{
    /// <inheritdoc cref="DisarmStickBreaking"/>
    public int Samples { get; init => field = Check.Pairs(value, nameof(Samples)); } = Check.Pairs(Samples);

    /// <inheritdoc/>
    public override long Evaluations(long latents, long categories) => Samples;

    /// <inheritdoc/>
    protected override Points Draw(Tensor logits, Noise noise)
    {
        var odds = StickBreaking.LogOdds(Categorical.LogProbabilities(logits));
        return new(OneHot.Of(StickBreaking.Pairs(odds, Samples / 2, noise), logits.shape[^1], logits.dtype));
    }

    /// <inheritdoc/>
    protected override Tensor Gradient(Tensor logits, Points points, Tensor values)
    {
        var (index, z, f) = (points.Z.argmax(-1, keepdim: true).chunk(2), points.Z.chunk(2), values.chunk(2));
        var log = Categorical.LogProbabilities(logits);
        var (first, inOrder, differ) = (index[0].minimum(index[1]), index[0] < index[1], index[0] != index[1]);

        var odds = StickBreaking.LogOdds(log).expand(z[0].shape).gather(-1, first);
        var passed = (arange(logits.shape[^1], device: logits.device) <= first) & differ;
        var after = log.expand(z[0].shape).masked_fill(passed, double.NegativeInfinity).softmax(-1);
        var score = (odds.abs().sigmoid() * (where(inOrder, z[0], z[1]) - after)) - (where(inOrder, z[1], z[0]) - after);

        var difference = Score.Spread(f[0] - f[1]) / 2;
        var gradient = where(inOrder, difference, -difference) * score * differ.to_type(score.dtype);
        return gradient.mean([0]).to_type(logits.dtype);
    }
}
