namespace DiscreteGradients.Experiments;

/// <summary>The estimator of one run: a copy of its own and, if it learns, the optimiser of what it learns.</summary>
internal sealed class EstimatorInTraining : IDisposable
{
    /// <summary>Of the control variates, as in the papers that introduced them (arXiv 1711.00123, 2111.05300, 2202.09497).</summary>
    private const double LearningRate = 1e-3;

    private readonly nn.Module? _learnt;
    private readonly Adam? _optimizer;

    /// <param name="estimator">The settings; what it may have learnt elsewhere is left there.</param>
    /// <param name="weights">Makes the initial weights of an estimator that learns; on the CPU, where they stay.</param>
    internal EstimatorInTraining(GradientEstimator estimator, long latents, long categories, Generator weights)
    {
        Estimator = estimator with { };
        _learnt = (Estimator as AdaptiveEstimator)?.Prepare(latents, categories, weights);
        if (_learnt?.parameters().Any() == true)
            _optimizer = new Adam(_learnt.parameters(), LearningRate);
    }

    private EstimatorInTraining(GradientEstimator estimator, nn.Module? learnt) => (Estimator, _learnt) = (estimator, learnt);

    internal GradientEstimator Estimator { get; }

    /// <summary>Whether it is another one after a step.</summary>
    internal bool Learns => _learnt is not null;

    /// <summary>What the next step depends on, by name: the live tensors themselves.</summary>
    internal IEnumerable<(string Name, Tensor Tensor)> State =>
        (_learnt?.state_dict().Select(entry => (entry.Key, entry.Value)) ?? [])
        .Concat(_optimizer?.State.Select(entry => ($"optimizer.{entry.Name}", entry.Tensor)) ?? []);

    /// <summary>After backward(): learns from the gradients it has left. To be called inside a dispose scope.</summary>
    internal void Step()
    {
        if (_optimizer is null)
            return;
        _optimizer.Step();
        foreach (var parameter in _learnt!.parameters())
            parameter.grad = null;
    }

    /// <summary>A copy that has learnt the same, for measurements that must not disturb.</summary>
    internal EstimatorInTraining Copy(long latents, long categories)
    {
        var estimator = Estimator with { };
        using var weights = new Generator(1);
        var learnt = (estimator as AdaptiveEstimator)?.Prepare(latents, categories, weights);
        using var _ = no_grad();
        learnt?.load_state_dict(_learnt!.state_dict());
        return new EstimatorInTraining(estimator, learnt);
    }

    public void Dispose()
    {
        _optimizer?.Dispose();
        _learnt?.Dispose();
    }
}
