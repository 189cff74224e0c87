namespace DiscreteGradients.Experiments;

/// <summary>How the pair that is merged next is chosen.</summary>
internal abstract record MergeRule
{
    /// <summary>The first pair, always.</summary>
    internal static MergeRule LeftToRight { get; } = new FixedMerges("left to right", _ => 0);

    /// <summary>The last pair, always.</summary>
    internal static MergeRule RightToLeft { get; } = new FixedMerges("right to left", turn => turn.Pairs - 1);

    /// <summary>Round by round, the first node with the second, the third with the fourth, …</summary>
    internal static MergeRule Balanced { get; } = new FixedMerges("balanced", Halve);

    /// <summary>The merges that come with the sentences.</summary>
    internal static MergeRule Given { get; } = new FixedMerges("given", turn => turn.Merges![turn.Step]);

    /// <summary>The highest score, the first of equal ones.</summary>
    internal static MergeRule Highest { get; } = new HighestScore();

    /// <summary>The rule for evaluation.</summary>
    internal abstract MergeRule Settled { get; }

    /// <summary>Whether scores have a gradient.</summary>
    internal abstract bool Learns { get; }

    /// <summary>The position that is chosen from the scores of all pairs, of which there are at least two.</summary>
    internal abstract int Choose(Turn turn, ReadOnlySpan<double> scores);

    /// <summary>The same as a one-hot tensor of the scores [m], float64, that carries the gradient.</summary>
    internal abstract Tensor Sample(Turn turn, Tensor scores);

    /// <summary>The gradient at the scores, from that at the one-hot choice. Only called if the rule learns.</summary>
    internal abstract void Backward(
        Turn turn, ReadOnlySpan<double> scores, int chosen, ReadOnlySpan<double> atChoice, Span<double> atScores);

    /// <summary>The gradient at the scores through <see cref="Sample"/>.</summary>
    protected void Differentiate(Turn turn, ReadOnlySpan<double> scores, ReadOnlySpan<double> atChoice, Span<double> atScores)
    {
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        var leaf = tensor(scores.ToArray()).requires_grad_();
        Derivatives.Of(Sample(turn, leaf), [leaf], tensor(atChoice.ToArray()))[0]!.data<double>().CopyTo(atScores);
    }

    private static int Halve(Turn turn)
    {
        var (nodes, step) = (turn.Leaves, turn.Step);
        for (; step >= nodes / 2; nodes -= nodes / 2)
            step -= nodes / 2;
        return step;
    }
}

/// <summary>A rule without a gradient.</summary>
internal abstract record UnlearntMerges : MergeRule
{
    internal sealed override bool Learns => false;

    internal sealed override Tensor Sample(Turn turn, Tensor scores) => OneHot.FromIndex(
        tensor((long)Choose(turn, scores.data<double>().ToArray())), scores.shape[0], ScalarType.Float64);

    internal sealed override void Backward(
        Turn turn, ReadOnlySpan<double> scores, int chosen, ReadOnlySpan<double> atChoice, Span<double> atScores) => atScores.Clear();
}

/// <summary>A tree that does not depend on the scores.</summary>
internal sealed record FixedMerges(string Name, Func<Turn, int> Position) : UnlearntMerges
{
    internal override MergeRule Settled => this;

    internal override int Choose(Turn turn, ReadOnlySpan<double> scores) => Position(turn);
}

/// <summary>The tree of the highest scores.</summary>
internal sealed record HighestScore : UnlearntMerges
{
    internal override MergeRule Settled => this;

    internal override int Choose(Turn turn, ReadOnlySpan<double> scores)
    {
        var best = 0;
        for (var pair = 1; pair < scores.Length; pair++)
            best = scores[pair] > scores[best] ? pair : best;
        return best;
    }
}

/// <summary>Trees drawn from scores that are never trained: what is left of an estimator without its gradient.</summary>
internal sealed record UntrainedMerges : UnlearntMerges
{
    private static readonly EstimatedMerges Drawn = new(new StraightThrough());

    internal override MergeRule Settled => Highest;

    internal override int Choose(Turn turn, ReadOnlySpan<double> scores) => Drawn.Choose(turn, scores);
}
