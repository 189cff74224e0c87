namespace DiscreteGradients;

/// <summary>The k best experts, weighted by the softmax over them; noisy top-k chooses by scores with learnt noise.</summary>
/// <remarks>
/// y = Σ wᵢ Eᵢ(x) over the k highest of H = θ, or with noise H = θ + ε · softplus(ν), ε standard normal, ν a second score of
/// each expert; w = softmax of H over the chosen. The gradient is that of the weights among the chosen; the choice itself has none (order
/// 0). k experts forward, k backward. With k = 1 the weight is 1 and the scores have no gradient. Reference: Shazeer et al. 2017, arXiv
/// 1701.06538, equations 3 to 5.
/// </remarks>
/// <param name="Picks">k, experts for each token.</param>
/// <param name="IsNoisy">Whether there is noise in training. Scores are then [T, 2N]: θ, and after it ν.</param>
public sealed record TopKRouter(int Picks = 2, bool IsNoisy = false) : Router
{
    /// <inheritdoc cref="TopKRouter"/>
    public int Picks { get; init => field = Check.AtLeast(1, value, nameof(Picks)); } = Check.AtLeast(1, Picks);

    /// <inheritdoc/>
    public override int Order => 0;

    /// <inheritdoc/>
    public override double ForwardExperts(long experts) => Picks;

    /// <inheritdoc/>
    public override double BackwardExperts(long experts) => Picks;

    /// <inheritdoc/>
    public override int ExpertsNeeded => Picks;

    /// <inheritdoc/>
    public override int ScoresPerExpert => IsNoisy ? 2 : 1;

    /// <inheritdoc/>
    public override bool TakesBias => true;

    /// <inheritdoc/>
    protected override Routing Choose(Tensor scores, Tensor? bias, Noise? noise)
    {
        var clean = IsNoisy ? scores.narrow(-1, 0, scores.size(-1) / 2) : scores;
        var h = IsNoisy && noise is { } source
            ? clean + (source.Normal(clean) * nn.functional.softplus(scores.narrow(-1, clean.size(-1), clean.size(-1)))) : clean;
        var chosen = ExpertPicks.Highest(h, bias, Picks);
        return new(chosen, FusedSoftmax.Of(h.masked_fill(chosen.logical_not(), double.NegativeInfinity)), FusedSoftmax.Of(clean));
    }
}
