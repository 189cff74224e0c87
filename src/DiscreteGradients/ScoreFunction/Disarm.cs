namespace DiscreteGradients;

/// <summary>DisARM, also U2G: REINFORCE on antithetic Bernoulli pairs, their uniform number integrated out. Unbiased for every f.</summary>
/// <remarks>
/// Approximates ∇E[f(z)] with ½ (f(z) − f(z′)) σ(|a|) (z − z′) per latent, averaged over pairs; a = θ₁ − θ₀ and σ(|a|) the larger
/// probability. A pair is z₁ = [u &lt; σ(a)], z₁′ = [1 − u &lt; σ(a)] with one uniform u. Only a latent that differs within the pair gets a
/// gradient, and it differs as often as two samples can. Requires K = 2; f need not be differentiable. For one latent the variance is never
/// above that of <see cref="Rloo"/> with two samples.
/// Reference: Dong, Mnih, Tucker 2020, "DisARM: an antithetic gradient estimator for binary latent variables", arXiv 2006.10680;
/// Yin, Ho, Yan, Qian, Zhou 2020 (U2G).
/// </remarks>
/// <param name="Samples">S, an even number: S/2 antithetic pairs per example.</param>
public sealed record Disarm(int Samples = 2) : ScoreFunctionEstimator, IBinaryEstimator
{
    /// <inheritdoc cref="Disarm"/>
    public int Samples { get; init => field = Check.Pairs(value, nameof(Samples)); } = Check.Pairs(Samples);

    /// <inheritdoc/>
    public override long Evaluations(long latents, long categories) => Samples;

    /// <inheritdoc/>
    protected override Points Draw(Tensor logits, Noise noise)
    {
        var odds = Bernoulli.LogOdds(logits);
        var u = noise.Uniform(Samples / 2, odds.numel(), logits.device).view([Samples / 2, .. odds.shape]);
        var rare = cat([u < Bernoulli.Lesser(odds), u >= odds.abs().sigmoid()]);  // the second is 1 − u < the lesser probability
        return new(Bernoulli.Points(rare, odds, logits.dtype));
    }

    /// <inheritdoc/>
    protected override Tensor Gradient(Tensor logits, Points points, Tensor values)
    {
        var weight = Bernoulli.LogOdds(logits).abs().sigmoid().to_type(logits.dtype).unsqueeze(-1);
        return Score.OfPairs(weight, values, points.Z);
    }
}
