namespace DiscreteGradients;

/// <summary>Switch: the best expert, its output weighted by its probability.</summary>
/// <remarks>
/// y = p_D E_D(x), D = argmax p. The gradient at θ is that of the weight p_D alone; what another choice would have brought is left out, so
/// it stands for no objective over choices (order 0). One expert forward, one backward.
/// Reference: Fedus, Zoph, Shazeer 2022, arXiv 2101.03961, equations 1 and 2.
/// </remarks>
/// <param name="InputJitter">
/// r of the noise on the router's input in training, from 1 − r to 1 + r, a factor for each number. It is no threshold: that is
/// <see cref="SparseMixerRouter.MaskThreshold"/>, which is also called jitter.
/// </param>
public sealed record SwitchRouter(double InputJitter = 0.01) : Router
{
    /// <inheritdoc cref="SwitchRouter"/>
    public double InputJitter { get; init => field = RoutingCheck.Fraction(value, nameof(InputJitter)); } =
        RoutingCheck.Fraction(InputJitter);

    /// <inheritdoc/>
    public override int Order => 0;

    /// <inheritdoc/>
    public override double ForwardExperts(long experts) => 1;

    /// <inheritdoc/>
    public override double BackwardExperts(long experts) => 1;

    /// <inheritdoc/>
    public override double InputNoise => InputJitter;

    /// <inheritdoc/>
    public override bool TakesBias => true;

    /// <inheritdoc/>
    protected override Routing Choose(Tensor scores, Tensor? bias, Noise? noise)
    {
        var p = FusedSoftmax.Of(scores);
        return new(ExpertPicks.Highest(scores, bias, picks: 1), p, p);
    }
}
