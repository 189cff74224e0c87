namespace DiscreteGradients;

/// <summary>DenseMixer: top-k forward, and backward as if all experts had taken part.</summary>
/// <remarks>
/// y = Σ pᵢ Eᵢ(x) over the k best. The gradient at θ is J(p) s with s = ⟨u, Eᵢ(x)⟩ of all experts, which is straight-through
/// for the dense mixture g(Σ pᵢ Eᵢ(x)): exact for linear g. Experts and input get the gradient of the k terms. N experts forward, k of
/// them with a graph; k backward. Reference: Yao et al. 2025, DenseMixer (github.com/yaof20/DenseMixer).
/// </remarks>
/// <param name="Picks">k, experts for each token.</param>
/// <param name="IsNormalized">
/// Whether weights are divided by the sum r of the chosen ones; those of the others by r without its gradient, so that it is exact no more.
/// </param>
public sealed record DenseStraightThroughRouter(int Picks = 2, bool IsNormalized = false) : Router
{
    /// <inheritdoc cref="DenseStraightThroughRouter"/>
    public int Picks { get; init => field = Check.AtLeast(1, value, nameof(Picks)); } = Check.AtLeast(1, Picks);

    /// <inheritdoc/>
    public override int Order => IsNormalized ? 0 : 1;

    /// <inheritdoc/>
    public override double ForwardExperts(long experts) => experts;

    /// <inheritdoc/>
    public override double BackwardExperts(long experts) => Picks;

    /// <inheritdoc/>
    public override int ExpertsNeeded => Picks;

    /// <inheritdoc/>
    public override bool TakesBias => true;

    /// <inheritdoc/>
    protected override Routing Choose(Tensor scores, Tensor? bias, Noise? noise)
    {
        var p = FusedSoftmax.Of(scores);
        var chosen = ExpertPicks.Highest(scores, bias, Picks);
        if (!IsNormalized)
            return new(chosen, p, p, IsDense: noise is not null);
        var kept = where(chosen, p, 0).sum([-1], keepdim: true);
        return new(chosen, p / where(chosen, kept, kept.detach()), p, IsDense: noise is not null);
    }
}
