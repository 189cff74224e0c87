namespace DiscreteGradients;

/// <summary>
/// SparseMixer: a drawn expert, run at half its weight now and then, so that the gradient knows of the choice (mid-point rule).
/// </summary>
/// <remarks>
/// Stands for the objective Σ pᵢ g(pᵢ Eᵢ(x)), p the softmax over the experts that the threshold leaves; D ~ p, y = ω m p_D E_D(x),
/// where m = 1 if D is the best expert or a fair coin says so, else ½. The gradient at p_D is doubled. In expectation that is the
/// mid-point rule for the choice, Euler's for the best expert, and the gradient of the weight: exact for linear g, and for quadratic g if
/// not hybrid. ω is a learnt vector. Experts get the gradient of what was run. One expert forward, one backward, times the picks.
/// Reference: Liu, Gao, Chen 2023, arXiv 2310.00811, sections 3 and 4; the threshold is equation 9 (the released code divides by the larger
/// of |θ| and θ* instead, which is nearly the same close to the best).
/// </remarks>
/// <param name="Picks">Experts for each token, drawn without replacement.</param>
/// <param name="MaskThreshold">
/// r, from above 0 to 1: an expert stays if θ* − θ ≤ r (|θ*| + |θ|), θ* the highest score; 1 keeps all. It is also called jitter,
/// but changes no input.
/// </param>
/// <param name="IsHybrid">Whether the best expert always runs at full weight, as it does in evaluation.</param>
public sealed record SparseMixerRouter(int Picks = 1, double MaskThreshold = 0.1, bool IsHybrid = true) : Router
{
    /// <inheritdoc cref="SparseMixerRouter"/>
    public int Picks { get; init => field = Check.AtLeast(1, value, nameof(Picks)); } = Check.AtLeast(1, Picks);

    /// <inheritdoc cref="SparseMixerRouter"/>
    public double MaskThreshold { get; init => field = RoutingCheck.Threshold(value); } = RoutingCheck.Threshold(MaskThreshold);

    /// <inheritdoc/>
    public override int Order => Picks > 1 ? 0 : IsHybrid ? 1 : 2;

    /// <inheritdoc/>
    public override double ForwardExperts(long experts) => Picks;

    /// <inheritdoc/>
    public override double BackwardExperts(long experts) => Picks;

    /// <inheritdoc/>
    public override int ExpertsNeeded => Picks;

    /// <inheritdoc/>
    public override bool ScalesOutput => true;

    /// <inheritdoc/>
    protected override Routing Choose(Tensor scores, Tensor? bias, Noise? noise)
    {
        var (chosen, weights, p) = ExpertPicks.Draw(scores, 1, MaskThreshold, Picks, noise, Gate);
        return new(chosen, weights, p);
    }

    /// <summary>The weight of every expert, were it the one drawn. In evaluation there is no coin.</summary>
    private Tensor Gate(Tensor p, Tensor isBest, Noise? coin) =>
        coin is { } source ? Gate(p, source.Coin(isBest, 0.5) | (isBest & IsHybrid)) : p;

    /// <summary>m p with the derivative 2 p; m = 1 where full, else ½.</summary>
    internal static Tensor Gate(Tensor p, Tensor full) => Surrogate.Hold(where(full, p, p / 2), 2 * p);
}
