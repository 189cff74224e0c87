namespace DiscreteGradients;

/// <summary>
/// Expert choice: each expert takes the tokens that score highest with it, as many as every other; no expert is overloaded.
/// </summary>
/// <remarks>
/// y = Σ pᵢ Eᵢ(x) over the experts that took the token, which can be none or all. Each takes ⌈c T / N⌉ of the T tokens. The
/// gradient is that of the weights; the choice itself has none (order 0). c experts forward, c backward, in the mean. What a token gets
/// depends on the other tokens of the batch, later ones too: it is not for models that generate token by token. Reference: Zhou et al.
/// 2022, arXiv 2202.09368, section 3.2.
/// </remarks>
/// <param name="ExpertsPerToken">c > 0, in the mean; the paper's capacity factor.</param>
public sealed record ExpertChoiceRouter(double ExpertsPerToken = 2) : Router
{
    /// <inheritdoc cref="ExpertChoiceRouter"/>
    public double ExpertsPerToken { get; init => field = RoutingCheck.Positive(value, nameof(ExpertsPerToken)); } =
        RoutingCheck.Positive(ExpertsPerToken);

    /// <inheritdoc/>
    public override int Order => 0;

    /// <inheritdoc/>
    public override double ForwardExperts(long experts) => Math.Min(ExpertsPerToken, experts);

    /// <inheritdoc/>
    public override double BackwardExperts(long experts) => ForwardExperts(experts);

    /// <inheritdoc/>
    public override int ExpertsNeeded => (int)Math.Ceiling(Math.Min(ExpertsPerToken, int.MaxValue));

    /// <inheritdoc/>
    protected override Routing Choose(Tensor scores, Tensor? bias, Noise? noise)
    {
        var p = FusedSoftmax.Of(scores);
        var (tokens, experts) = (p.shape[0], p.shape[1]);
        var each = (int)Math.Min(tokens, Math.Ceiling(ExpertsPerToken * tokens / experts));
        using var _ = no_grad();
        var taken = p.topk(each, dim: 0, sorted: false).indexes;
        var chosen = zeros_like(p, ScalarType.Bool).scatter_(0, taken, ones_like(taken, ScalarType.Bool));
        return new(chosen & (p > 0), p, p);
    }
}
