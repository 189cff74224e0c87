namespace DiscreteGradients;

/// <summary>DisARM-IW: antithetic categorical pairs, weighted as if they had been drawn independently. Unbiased for every f.</summary>
/// <remarks>
/// Approximates ∇E[f(z)] per latent with ½ w (f(z) − f(z′))(z − z′), averaged over pairs: <see cref="Rloo"/> of two samples whose coupling
/// the weight w = σ(|φₙ|) Π_{i &lt; n} 1/(1 − e^(2φᵢ)) undoes. The pair comes from the coins of a stick-breaking construction that share
/// their uniform numbers, φ their log-odds and n the first category that stops one of the two; see <see cref="DisarmStickBreaking"/>. The
/// categories are taken in ascending order of their probability: then φ ≤ 0, every pair is possible, and w is at most 2. In another order a
/// category of more than half of what is left stops one of the two for certain, pairs beyond it never come, and the estimator is biased.
/// f need not be differentiable. For K = 2 it is <see cref="Disarm"/>.
/// Reference: Dong, Mnih, Tucker 2021, "Coupled gradient estimators for discrete latent variables", arXiv 2106.08056
/// (DisARM-IW).
/// </remarks>
/// <param name="Samples">S, an even number: S/2 antithetic pairs per example.</param>
public sealed record DisarmImportanceWeighted(int Samples = 2) : ScoreFunctionEstimator
{
    /// <inheritdoc cref="DisarmImportanceWeighted"/>
    public int Samples { get; init => field = Check.Pairs(value, nameof(Samples)); } = Check.Pairs(Samples);

    /// <inheritdoc/>
    public override long Evaluations(long latents, long categories) => Samples;

    /// <inheritdoc/>
    protected override Points Draw(Tensor logits, Noise noise)
    {
        var (order, log) = Ascending(logits);
        var index = StickBreaking.Pairs(StickBreaking.LogOdds(log), Samples / 2, noise).unsqueeze(-1);
        var category = order.expand([Samples, .. order.shape]).gather(-1, index).squeeze(-1);
        return new(OneHot.Of(category, logits.shape[^1], logits.dtype));
    }

    /// <inheritdoc/>
    protected override Tensor Gradient(Tensor logits, Points points, Tensor values)
    {
        var (order, log) = Ascending(logits);
        var index = points.Z.gather(-1, order.expand(points.Z.shape)).argmax(-1).chunk(2);
        var weight = StickBreaking.ImportanceWeight(StickBreaking.LogOdds(log), index[0].minimum(index[1]));
        weight = weight.masked_fill(index[0] == index[1], 0).to_type(logits.dtype).unsqueeze(-1);
        return Score.OfPairs(weight, values, points.Z);
    }

    private static (Tensor Order, Tensor Log) Ascending(Tensor logits)
    {
        var log = Categorical.LogProbabilities(logits);
        var order = log.argsort(-1);
        return (order, log.gather(-1, order));
    }
}
