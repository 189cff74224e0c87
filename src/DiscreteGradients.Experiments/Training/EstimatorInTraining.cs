namespace DiscreteGradients.Experiments;

/// <summary>The estimator of one run: a copy of its own and, if it learns, the optimiser of what it learns.</summary>
internal sealed class EstimatorInTraining : IDisposable
{
    /// <summary>Of the control variates, as in the papers that introduced them (arXiv 1711.00123, 2111.05300, 2202.09497).</summary>
    private const double LearningRate = 1e-3;

    private readonly AdaptiveEstimator? _adaptive;
    private readonly Adam? _optimizer;

    /// <param name="estimator">The settings; what it may have learnt elsewhere is left there.</param>
    /// <param name="weights">Makes the initial weights of an estimator that learns; on the CPU, where they stay.</param>
    internal EstimatorInTraining(GradientEstimator estimator, long latents, long categories, Generator weights)
    {
        Estimator = estimator with { };
        _adaptive = Estimator as AdaptiveEstimator;
        if (_adaptive is null)
            return;
        _adaptive.Prepare(latents, categories, weights);
        if (_adaptive.Parameters.Count > 0)
            _optimizer = new Adam(_adaptive.Parameters.Values, LearningRate);
    }

    private EstimatorInTraining(GradientEstimator estimator) => (Estimator, _adaptive) = (estimator, estimator as AdaptiveEstimator);

    internal GradientEstimator Estimator { get; }

    /// <summary>Whether it is another one after a step.</summary>
    internal bool Learns => _adaptive is not null;

    /// <summary>What the next step depends on, by name: the live tensors themselves.</summary>
    internal IEnumerable<(string Name, Tensor Tensor)> State =>
        (_adaptive?.State.Select(entry => (entry.Key, entry.Value)) ?? [])
        .Concat(_optimizer?.State.Select(entry => ($"optimizer.{entry.Name}", entry.Tensor)) ?? []);

    /// <summary>After backward(): learns from the gradients it has left. To be called inside a dispose scope.</summary>
    internal void Step()
    {
        if (_optimizer is null)
            return;
        _optimizer.Step();
        foreach (var parameter in _adaptive!.Parameters.Values)
            parameter.grad = null;
    }

    /// <summary>A copy that has learnt the same, for measurements that must not disturb.</summary>
    internal EstimatorInTraining Copy(long latents, long categories)
    {
        var copy = new EstimatorInTraining(Estimator with { });
        if (_adaptive is null)
            return copy;
        using var _ = no_grad();
        copy._adaptive!.Prepare(latents, categories);
        foreach (var (name, tensor) in _adaptive.State)
            copy._adaptive.State[name].copy_(tensor);
        return copy;
    }

    public void Dispose()
    {
        _optimizer?.Dispose();
        _adaptive?.Dispose();
    }
}
