namespace DiscreteGradients;

/// <summary>CARMS-I: categorical samples that repel each other, with a leave-one-out baseline. Unbiased for every f.</summary>
/// <remarks>
/// Approximates ∇E[f(z)] per latent with 1/(S(S − 1)) Σ_{s &lt; t} r(zₛ, zₜ)(f(zₛ) − f(zₜ))(zₛ − zₜ), r(a, b) = πₐ π_b / P(zₛ = a, zₜ = b).
/// The samples are the inverse CDF of a Dirichlet copula, over categories in one of K(K − 1)/2 orders drawn at random: one for each pair
/// that is first and last, the others cyclic between them. So every pair of categories is possible, and P is the exact mean over the
/// orders. Neither r nor P is smoothed or clipped; the released code does both, which biases it. r is large for pairs that are unlikely
/// together.
/// f need not be differentiable. The time to find P grows with S² K² for each latent and the memory with S² K: meant for tens of
/// categories.
/// For K = 2 and S = 2 it is <see cref="Disarm"/>.
/// Reference: Dimitriev, Zhou 2021, "CARMS: categorical-antithetic-REINFORCE multi-sample gradient estimator", arXiv 2110.14002.
/// </remarks>
/// <param name="Samples">S ≥ 2 coupled samples per example.</param>
public sealed record Carms(int Samples = 4) : ScoreFunctionEstimator
{
    /// <inheritdoc cref="Carms"/>
    public int Samples { get; init => field = Check.AtLeast(2, value, nameof(Samples)); } = Check.AtLeast(2, Samples);

    /// <inheritdoc/>
    public override long Evaluations(long latents, long categories) => Samples;

    /// <inheritdoc/>
    protected override Points Draw(Tensor logits, Noise noise)
    {
        Check.Room(Samples * (Samples - 1L) / 2, "pairs of samples", logits.shape, ScalarType.Float64, logits.device);
        var (p, k) = (Categorical.LogProbabilities(logits).exp(), logits.shape[^1]);
        var order = CyclicOrders.Draw(p, noise.Other());
        var cumulative = p.gather(-1, order).cumsum(-1);
        var u = DirichletCopula.Uniform(Samples, p.select(-1, 0), noise).movedim([0], [-1]) * cumulative.narrow(-1, k - 1, 1);
        var place = searchsorted(cumulative, u.contiguous(), right: true);
        return new(OneHot.Of(order.gather(-1, place).movedim([-1], [0]), k, logits.dtype));
    }

    /// <inheritdoc/>
    protected override Tensor Gradient(Tensor logits, Points points, Tensor values)
    {
        var p = Categorical.LogProbabilities(logits).exp();
        var category = points.Z.argmax(-1);
        var own = p.expand(points.Z.shape).gather(-1, category.unsqueeze(-1)).squeeze(-1);
        var pairs = triu_indices(Samples, Samples, 1, device: logits.device);
        Tensor One(Tensor of) => of.index_select(0, pairs[0]);
        Tensor Other(Tensor of) => of.index_select(0, pairs[1]);

        var joint = CyclicOrders.Joint(p, category, own, pairs);
        var ratio = where(joint > 0, One(own) * Other(own) / joint, zeros_like(joint));  // 0: rarer together than 53 bits can tell
        var weight = ((One(values) - Other(values)).unsqueeze(-1) * ratio).to_type(logits.dtype) / (Samples * (Samples - 1.0));
        return (weight.unsqueeze(-1) * (One(points.Z) - Other(points.Z))).sum([0]);
    }
}
