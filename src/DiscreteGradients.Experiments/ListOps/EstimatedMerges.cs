using DiscreteGradients.Fused;

namespace DiscreteGradients.Experiments;

/// <summary>Merges drawn by a pathwise estimator, whose gradient the scores get.</summary>
internal sealed record EstimatedMerges(PathwiseEstimator Estimator) : MergeRule
{
    private readonly SamplingLaw _law = Estimator.Law();

    /// <summary>Null where the estimator has its readable form only.</summary>
    private readonly IRowKernel? _kernel =
        Estimator is IFusedEstimator fused && ReferenceEquals(Estimator.Law(), SamplingLaw.Softmax) ? fused.Kernel : null;

    internal override MergeRule Settled => Highest;

    internal override bool Learns => true;

    internal override Tensor Sample(Turn turn, Tensor scores)
    {
        var hard = _law.Sample(scores.detach(), turn.Noise);
        var soft = Estimator.SoftenLogits(scores, hard, turn.Noise.ForGradient());
        return hard + (soft - soft.detach());
    }

    internal override int Choose(Turn turn, ReadOnlySpan<double> scores)
    {
        if (_kernel is null)
        {
            using var scope = NewDisposeScope();
            return (int)_law.Sample(tensor(scores.ToArray()), turn.Noise).argmax().item<long>();
        }

        using var sampler = new RowSampler<double>(scores.Length, rows: 1);
        sampler.Load(scores);
        sampler.Accumulate(0, scores, 0);
        return sampler.Draw(0, scores, turn.Noise.Uniform(0));
    }

    internal override unsafe void Backward(
        Turn turn, ReadOnlySpan<double> scores, int chosen, ReadOnlySpan<double> atChoice, Span<double> atScores)
    {
        if (_kernel is null)
        {
            Differentiate(turn, scores, atChoice, atScores);
            return;
        }

        using var sampler = new RowSampler<double>(scores.Length, rows: 1);
        sampler.Load(scores);
        var room = stackalloc double[3];
        var states = new RowStates<double>(room, 1) { [0] = new(sampler.Largest(0), 1 / sampler.Accumulate(0, scores, 0), chosen) };
        var scratch = Scratch(RowBlock<double>.ScratchSize(1, scores.Length));
        fixed (double* score = scores, upstream = atChoice, gradient = atScores, free = scratch)
        {
            _kernel.Backward(new RowBlock<double>
            {
                Categories = scores.Length,
                Logits = new(score, scores.Length),
                Upstream = new(upstream, scores.Length),
                States = states,
                Gradient = new(gradient, scores.Length),
                Scratch = new(free, scratch.Length),
                Place = (0, 1),
                Noise = turn.Noise.ForGradient(),
            });
        }
    }

    [ThreadStatic]
    private static double[]? _scratch;

    private static Span<double> Scratch(int size)
    {
        if (_scratch is null || _scratch.Length < size)
            _scratch = new double[2 * size];
        return _scratch.AsSpan(0, size);
    }
}
