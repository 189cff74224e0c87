namespace DiscreteGradients.Experiments;

/// <summary>
/// One estimator and one seed in training, epoch by epoch. What the following epochs depend on is its <see cref="State"/>: a run that is
/// started anew and given that state goes on as if it had never stopped.
/// </summary>
public abstract class TrainingRun : IDisposable
{
    private const string EpochName = "epoch";

    private readonly List<(string Name, Func<Tensor> Get, Action<Tensor> Set)> _kept = [];

    /// <summary>Epochs that are done.</summary>
    public int Epoch { get; private set; }

    /// <summary>Trains for one epoch more.</summary>
    /// <param name="stepDone">Called after every step with the fraction of the epoch that is done; null if nobody watches.</param>
    /// <param name="cancellation">Checked before every step.</param>
    /// <exception cref="OperationCanceledException">The epoch was left unfinished: this run is of no use any more, an earlier state is.</exception>
    /// <exception cref="OptionException">Training diverged.</exception>
    public EpochMetrics Next(Action<double>? stepDone = null, CancellationToken cancellation = default)
    {
        var metrics = Train(Epoch + 1, stepDone, cancellation);
        Epoch++;
        return metrics;
    }

    /// <summary>Copies of everything the following epochs depend on, by name. The caller disposes of them.</summary>
    public IReadOnlyDictionary<string, Tensor> State()
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var state = _kept.ToDictionary(kept => kept.Name, kept => kept.Get());
        state.Add(EpochName, tensor(new long[] { Epoch }));
        foreach (var value in state.Values)
            value.DetachFromDisposeScope();
        return state;
    }

    /// <summary>Takes over a state of the same experiment, estimator and seed.</summary>
    /// <exception cref="OptionException">The state is another one's: a name, shape or dtype differs.</exception>
    public void Restore(IReadOnlyDictionary<string, Tensor> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var expected = State();
        foreach (var (name, mine) in expected)
        {
            using (mine)
            {
                if (!state.TryGetValue(name, out var its) || its.dtype != mine.dtype || !its.shape.SequenceEqual(mine.shape))
                    throw new OptionException($"The state of a training run must hold '{name}', {mine.dtype} [{string.Join(", ", mine.shape)}]; it does not.");
            }
        }

        if (state.Keys.FirstOrDefault(name => !expected.ContainsKey(name)) is { } unknown)
            throw new OptionException($"The state of a training run holds '{unknown}', which this one does not have.");
        foreach (var (name, _, set) in _kept)
            set(state[name]);
        Epoch = checked((int)state[EpochName].item<long>());
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Trains for the epoch of that number, 1, 2, …</summary>
    protected abstract EpochMetrics Train(int epoch, Action<double>? stepDone, CancellationToken cancellation);

    /// <summary>The same number.</summary>
    /// <exception cref="OptionException">It is not finite: training diverged.</exception>
    private protected static double Finite(double loss) => double.IsFinite(loss)
        ? loss
        : throw new OptionException("Training diverged: the loss is not a finite number any more; lower --lr.");

    /// <summary>Makes a tensor, whose memory changes in place, part of the state.</summary>
    protected void Keep(string name, Tensor tensor) => _kept.Add((name, () => tensor.detach().cpu().clone(), value => tensor.detach().copy_(value)));

    /// <summary>Makes a generator part of the state.</summary>
    protected void Keep(string name, Generator generator) => _kept.Add((name, generator.get_state, generator.set_state));

    /// <summary>Makes what an estimator learns part of the state.</summary>
    private protected void Keep(EstimatorInTraining estimator)
    {
        foreach (var (name, tensor) in estimator.State)
            Keep($"estimator.{name}", tensor);
    }

    /// <summary>Makes an optimiser part of the state.</summary>
    private protected void Keep(FusedAdam optimizer)
    {
        foreach (var (name, tensor) in optimizer.State)
            Keep($"optimizer.{name}", tensor);
    }
}
