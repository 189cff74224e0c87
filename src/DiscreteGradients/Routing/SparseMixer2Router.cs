namespace DiscreteGradients;

/// <summary>SparseMixer, second version, of third order: as GRIN was trained with it, and as its authors later corrected it.</summary>
/// <remarks>
/// A drawn expert D ~ p, the softmax over the experts that the threshold leaves; y = a p_D E_D(x), a = 1 if D is the best expert or a coin
/// says so, else ⅓. As used (coin ¼, gradient at p_D as if a = 1) its expectation is Heun's third-order rule for the choice, and the
/// gradient of the weight is left out by mistake: order 0. Corrected (p of θ/2, coin ⅝, gradient at p_D doubled) it stands for
/// Σ pᵢ g(pᵢ Eᵢ(x)): exact for linear g, and for cubic g if not hybrid. Experts get the gradient of what was run.
/// One expert forward, one backward, times the picks.
/// Reference: Liu et al. 2024 (GRIN), arXiv 2409.12136, appendix A.
/// </remarks>
/// <param name="Picks">Experts for each token, drawn without replacement.</param>
/// <param name="MaskThreshold"><inheritdoc cref="SparseMixerRouter" path="/param[@name='MaskThreshold']"/></param>
/// <param name="IsCorrected">Whether it is the corrected form.</param>
/// <param name="IsHybrid">Whether the best expert always runs at full weight, as it does in evaluation.</param>
public sealed record SparseMixer2Router(int Picks = 2, double MaskThreshold = 0.01, bool IsCorrected = false, bool IsHybrid = true)
    : Router
{
    /// <inheritdoc cref="SparseMixer2Router"/>
    public int Picks { get; init => field = Check.AtLeast(1, value, nameof(Picks)); } = Check.AtLeast(1, Picks);

    /// <inheritdoc cref="SparseMixer2Router"/>
    public double MaskThreshold { get; init => field = RoutingCheck.Threshold(value); } = RoutingCheck.Threshold(MaskThreshold);

    /// <inheritdoc/>
    public override int Order => Picks > 1 || !IsCorrected ? 0 : IsHybrid ? 1 : 3;

    /// <inheritdoc/>
    public override double ForwardExperts(long experts) => Picks;

    /// <inheritdoc/>
    public override double BackwardExperts(long experts) => Picks;

    /// <inheritdoc/>
    public override int ExpertsNeeded => Picks;

    /// <inheritdoc/>
    protected override Routing Choose(Tensor scores, Tensor? bias, Noise? noise)
    {
        var (chosen, weights, p) = ExpertPicks.Draw(scores, IsCorrected ? 2 : 1, MaskThreshold, Picks, noise, Gate);
        return new(chosen, weights, MaskThreshold < 1 || IsCorrected ? FusedSoftmax.Of(scores) : p);
    }

    private Tensor Gate(Tensor p, Tensor isBest, Noise? coin) => coin is { } source
        ? Gate(p, source.Coin(isBest, IsCorrected ? 0.625 : 0.25) | (isBest & IsHybrid), IsCorrected) : p;

    /// <summary>a p with the derivative p, or corrected 2 p; a = 1 where full, else ⅓.</summary>
    internal static Tensor Gate(Tensor p, Tensor full, bool isCorrected) =>
        Surrogate.Hold(where(full, p, p / 3), isCorrected ? 2 * p : p);
}
