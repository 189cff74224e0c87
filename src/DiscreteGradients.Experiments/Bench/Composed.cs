namespace DiscreteGradients.Experiments.Bench;

/// <summary>
/// The published algorithms of the pathwise estimators, written as their papers' code writes them: one tensor operation after another,
/// temporaries freed as early as Python frees them.
/// What the library is timed against; see docs/performance.md. Not for use: masks, other layouts and half precision are not handled.
/// </summary>
internal static class Composed
{
    /// <summary>
    /// The published form with that estimator's settings, (logits [N, K], generator) → one-hot samples [N, K] that carry the gradient; null
    /// where no code is published that computes the same.
    /// </summary>
    public static Func<Tensor, Generator?, Tensor>? FormOf(GradientEstimator estimator) => estimator switch
    {
        ReinMax e => (logits, generator) => SecondOrder(logits, e.Temperature, generator),
        StraightThrough e => (logits, generator) => FirstOrder(logits, e.Temperature, generator),
        GumbelRao { Draws: 1 } e => (logits, generator) => GumbelSoftmax(logits, e.Temperature, generator),
        GumbelRao e => (logits, generator) => ConditionalGumbels(logits, e.Draws, e.Temperature, generator),
        GappedStraightThrough e => (logits, generator) => Gapped(logits, e.Gap, e.Temperature, generator),
        _ => null,
    };

    /// <summary>ReinMax: Liu et al. 2023, arXiv 2304.08612, Algorithm 2.</summary>
    private static Tensor SecondOrder(Tensor logits, double temperature, Generator? generator)
    {
        using var p = logits.softmax(-1);
        using var hard = Draw(p, generator);
        using var middle = (logits / temperature).Then(t => t.softmax(-1)).Then(t => hard + t).Then(t => t / 2);
        using var moved = middle.log().Then(t => t - logits).Then(t => t.detach()).Then(t => t + logits).Then(t => t.softmax(-1));
        return Carry(hard, (2 * moved).Then(twice => (0.5 * p).Then(half => twice - half)));
    }

    /// <summary>Straight-through: the same paper, Algorithm 1.</summary>
    private static Tensor FirstOrder(Tensor logits, double temperature, Generator? generator)
    {
        using var p = logits.softmax(-1);
        using var hard = Draw(p, generator);
        return Carry(hard, (logits / temperature).Then(t => t.softmax(-1)));
    }

    /// <summary>Straight-through Gumbel-softmax: Jang, Gu, Poole 2017, arXiv 1611.01144, as frameworks compute it.</summary>
    private static Tensor GumbelSoftmax(Tensor logits, double temperature, Generator? generator)
    {
        using var noise = empty_like(logits).exponential_(generator: generator).Then(t => t.log()).Then(t => t.neg());
        var soft = (logits + noise).Then(t => t / temperature).Then(t => t.softmax(-1));
        using var hard = soft.argmax(-1, keepdim: true).Then(index => OneHotOf(soft, index));
        return Carry(hard, soft);
    }

    /// <summary>Gumbel-Rao: Paulus, Maddison, Krause 2021, arXiv 2010.04838, section 3; all draws in one tensor [draws, N, K].</summary>
    private static Tensor ConditionalGumbels(Tensor logits, int draws, double temperature, Generator? generator)
    {
        using var p = logits.softmax(-1);
        using var hard = Draw(p, generator);
        using var shift = Shift(logits, hard, draws, generator);
        return Carry(hard, (logits + shift).Then(t => t / temperature).Then(t => t.softmax(-1)).Then(t => t.mean([0])));
    }

    private static Tensor Shift(Tensor logits, Tensor hard, int draws, Generator? generator)
    {
        using var _ = no_grad();
        using var exponential = empty([draws, .. logits.shape], logits.dtype).exponential_(generator: generator);
        using var winner = (hard * exponential).Then(t => t.sum([-1], keepdim: true));
        using var weights = logits.exp();
        using var total = weights.sum([-1], keepdim: true);
        using var sampled = winner.log().Then(t => total.log().Then(log => log - t)).Then(t => hard * t);
        using var others = (exponential / weights).Then(t => (winner / total).Then(w => t + w)).Then(t => t.log()).Then(t => t.neg())
            .Then(t => (1 - hard).Then(rest => rest * t));
        return (sampled + others).Then(t => t - logits);
    }

    /// <summary>Gapped straight-through: Fan, Chi, Rudnicky, Ramadge 2022, arXiv 2206.07235.</summary>
    private static Tensor Gapped(Tensor logits, double? gap, double temperature, Generator? generator)
    {
        using var p = logits.softmax(-1);
        using var hard = Draw(p, generator);
        using var move = Move(logits, p, hard, gap);
        using var moved = (logits + move).Then(t => t.mean([-1], keepdim: true).Then(mean => t - mean));
        return Carry(hard, (moved / temperature).Then(t => t.softmax(-1)));
    }

    private static Tensor Move(Tensor logits, Tensor p, Tensor hard, double? gap)
    {
        using var _ = no_grad();
        using var largest = logits.amax([-1], keepdim: true);
        using var raise = (logits * hard).Then(t => t.sum([-1], keepdim: true)).Then(t => largest - t).Then(t => t * hard);
        using var lower = (logits - largest)
            .Then(t => gap is { } given ? t + given : ProbabilityGap(p, hard).Then(own => t + own))
            .Then(t => t.relu())
            .Then(t => (1 - hard).Then(rest => t * rest));
        return raise - lower;
    }

    private static Tensor ProbabilityGap(Tensor p, Tensor hard)
    {
        using var sampled = (p * hard).Then(t => t.sum([-1], keepdim: true)).Then(t => t * (1 - 1e-5));
        return (1 - sampled).Then(t => t.log()).Then(t => t.neg()).Then(t => t / sampled);
    }

    private static Tensor Draw(Tensor p, Generator? generator)
    {
        using var _ = no_grad();
        return multinomial(p, 1, replacement: true, generator).Then(index => OneHotOf(p, index));
    }

    private static Tensor OneHotOf(Tensor like, Tensor index)
    {
        using var _ = no_grad();
        using var one = ones_like(index, like.dtype);
        return zeros_like(like).scatter_(-1, index, one);
    }

    private static Tensor Carry(Tensor hard, Tensor soft)
    {
        using (soft)
            return soft.detach().Then(constant => soft - constant).Then(t => t + hard);
    }

    /// <summary>The next operation on a temporary, which is freed at once, as Python frees it.</summary>
    private static Tensor Then(this Tensor temporary, Func<Tensor, Tensor> operation)
    {
        using (temporary)
            return operation(temporary);
    }
}
