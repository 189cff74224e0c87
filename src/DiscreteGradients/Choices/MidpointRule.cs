namespace DiscreteGradients;

/// <summary>A baseline of zero and the mid-point method: ⟨U, o_D(x)⟩ (D − π), U taken where the output is halved.</summary>
/// <remarks>
/// Approximates L(y) − L(0) with ⟨∇L(y/2), y⟩ in REINFORCE. Where a gradient at the logits is recorded the output is ½ o_D(x),
/// so the loss that is seen then is another one; elsewhere, and for weights trained in a step of their own, it is o_D(x). Runs the chosen
/// operation alone. Exact for a loss that is quadratic in y, if that is the only choice: order 2. All choices are halved together, so
/// that what a quadratic loss has of products of two outputs counts half.
/// Reference: the mid-point rule of SparseMixer, Liu, Gao, Chen 2023, arXiv 2310.00811.
/// </remarks>
public sealed record MidpointRule : ChoiceRule
{
    /// <inheritdoc/>
    public override int Order => 2;

    /// <inheritdoc/>
    public override bool RunsAll => false;

    internal override double Scale => 0.5;

    internal override Tensor Sample(Tensor logits, Tensor? hard, Generator? generator) => EulerRule.Scored(logits, hard, generator);

    internal override Tensor Slope(Upstream upstream) => upstream.Hard * upstream.OfChosen();
}
