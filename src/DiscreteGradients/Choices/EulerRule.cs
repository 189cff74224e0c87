namespace DiscreteGradients;

/// <summary>A baseline of zero and Euler's method: ⟨U, o_D(x)⟩ (D − π), the gradient of DSNAS.</summary>
/// <remarks>
/// Approximates L(y) − L(0) with ⟨U, y⟩ in REINFORCE: what an operation is worth is measured against an output of zero. Runs the
/// chosen operation alone. Exact for a loss that is linear in y: order 1.
/// Reference: Hu et al. 2020, arXiv 2002.09128.
/// </remarks>
public sealed record EulerRule : ChoiceRule
{
    /// <inheritdoc/>
    public override int Order => 1;

    /// <inheritdoc/>
    public override bool RunsAll => false;

    internal override double Scale => 1;

    internal override Tensor Sample(Tensor logits, Tensor? hard, Generator? generator) => Scored(logits, hard, generator);

    internal override Tensor Slope(Upstream upstream) => upstream.Hard * upstream.OfChosen();

    /// <summary>
    /// One-hot rows whose chosen entry has the derivative of log p(z). The sample is that of straight-through, which also checks a given
    /// one.
    /// </summary>
    internal static Tensor Scored(Tensor logits, Tensor? hard, Generator? generator)
    {
        Tensor sample;
        using (no_grad())
            sample = DenseRule.Estimated(new StraightThrough(), logits, hard, generator);
        if (!logits.requires_grad || !is_grad_enabled())
            return sample;
        var log = Distribution.LogProbability(logits, sample).unsqueeze(-1);
        return sample * (1 + (log - log.detach()));  // the inner bracket is exactly zero
    }
}
