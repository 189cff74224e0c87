namespace DiscreteGradients.Experiments;

/// <summary>
/// One estimator and one seed in training, epoch by epoch. What the following epochs depend on is its <see cref="State"/>: a run that is
/// started anew and given that state goes on as if it had never stopped.
/// </summary>
public abstract class TrainingRun : IDisposable
{
    private const string EpochName = "epoch";
    private const string StepsName = "steps";
    private const string StepsInAllName = "steps in all";
    private const long LargestCount = 1L << 53;

    private readonly List<(string Name, Func<Tensor> Get, Action<Tensor> Set)> _kept = [];
    private readonly HashSet<string> _generators = [];

    /// <summary>Epochs that are done.</summary>
    public int Epoch { get; private set; }

    /// <summary>
    /// What a state within an epoch needs besides: how many steps are done and what they brought so far, by name. Empty between two epochs,
    /// and always where epochs are so short that nothing of them is kept.
    /// </summary>
    internal Dictionary<string, double> UnderWay { get; } = [];

    /// <summary>Steps of the epoch under way.</summary>
    internal int Step => (int)UnderWay.GetValueOrDefault(StepsName);

    /// <summary>Epochs that are done, with the part of the one under way.</summary>
    internal double Done => Epoch + (Step == 0 ? 0 : UnderWay[StepsName] / UnderWay[StepsInAllName]);

    /// <summary>Trains for one epoch more.</summary>
    /// <param name="stepDone">Called after every step with the fraction of the epoch that is done; null if nobody watches.</param>
    /// <param name="cancellation">Checked before every step.</param>
    /// <exception cref="OperationCanceledException">The epoch is unfinished: this run is of no more use, an earlier state is.</exception>
    /// <exception cref="OptionException">Training diverged.</exception>
    public EpochMetrics Next(Action<double>? stepDone = null, CancellationToken cancellation = default)
    {
        var metrics = Train(Epoch + 1, stepDone, cancellation);
        Epoch++;
        UnderWay.Clear();
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

    /// <summary>Dtypes and shapes of the state, by name.</summary>
    internal IReadOnlyDictionary<string, (ScalarType Type, long[] Shape)> StateKinds
    {
        get
        {
            var kinds = new Dictionary<string, (ScalarType, long[])>();
            foreach (var (name, value) in State())
            {
                using (value)
                    kinds.Add(name, (value.dtype, value.shape));
            }

            return kinds;
        }
    }

    /// <summary>Takes over a state of the same experiment, estimator and seed.</summary>
    /// <param name="underWay">What belongs to a state within an epoch; null for one between two.</param>
    /// <exception cref="OptionException">A name, shape or dtype is another one's, or no run can have been in the state.</exception>
    public void Restore(IReadOnlyDictionary<string, Tensor> state, IReadOnlyDictionary<string, double>? underWay = null)
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
                {
                    throw new OptionException(
                        $"The state of a training run must hold '{name}', {mine.dtype} [{string.Join(", ", mine.shape)}]; it does not.");
                }
            }
        }

        if (state.Keys.FirstOrDefault(name => !expected.ContainsKey(name)) is { } unknown)
            throw new OptionException($"The state of a training run holds '{unknown}', which this one does not have.");
        if (Flaw(state) is { } flaw)
            throw new OptionException($"The state of a training run must be one that it can be in: {flaw}.");
        foreach (var (name, _, set) in _kept)
            set(state[name]);
        Epoch = (int)state[EpochName].item<long>();
        UnderWay.Clear();
        foreach (var (name, value) in underWay ?? new Dictionary<string, double>())
            UnderWay.Add(name, value);
    }

    /// <summary>Why no run can have been in a state with the right names, dtypes and shapes, as a clause; null if one can.</summary>
    /// <param name="epoch">The epoch after which it is said to be, if that is known.</param>
    internal string? Flaw(IReadOnlyDictionary<string, Tensor> state, int? epoch = null)
    {
        foreach (var (name, value) in state)
        {
            if (_generators.Contains(name) && GeneratorState.Flaw(value.bytes) is { } flaw)
                return $"'{name}' is no state of a generator: {flaw}";
            if (value.dtype == ScalarType.Int64 && value.data<long>().Any(count => count is < 0 or > LargestCount))
                return $"'{name}' counts {value.data<long>().First(count => count is < 0 or > LargestCount)}";
        }

        var its = state[EpochName].item<long>();
        return its > int.MaxValue || (epoch is not null && its != epoch) ? $"its epoch is {its}" : null;
    }

    /// <summary>Why no run can have been so many steps into an epoch with these numbers, as a clause; null if one can.</summary>
    internal static string? Flaw(IReadOnlyDictionary<string, double> underWay, int step)
    {
        var (steps, all) = (underWay.GetValueOrDefault(StepsName), underWay.GetValueOrDefault(StepsInAllName));
        return steps != step ? $"its step is {steps}" : step > 0 && !(all >= step) ? $"it is at step {steps} of {all}" : null;
    }

    public abstract void Dispose();

    /// <summary>Trains for the epoch of that number, 1, 2, …</summary>
    protected abstract EpochMetrics Train(int epoch, Action<double>? stepDone, CancellationToken cancellation);

    /// <summary>The same number.</summary>
    /// <exception cref="OptionException">It is not finite: training diverged.</exception>
    private protected static double Finite(double loss) => double.IsFinite(loss)
        ? loss
        : throw new OptionException("Training diverged: the loss is not a finite number any more; lower --lr.");

    /// <summary>A step is done, and <see cref="UnderWay"/> holds all that it brought: from here the run can be gone on with.</summary>
    private protected void EndStep(int steps, int inAll, Action<double>? stepDone)
    {
        (UnderWay[StepsName], UnderWay[StepsInAllName]) = (steps, inAll);
        stepDone?.Invoke((double)steps / inAll);
    }

    /// <summary>The numbers of <see cref="UnderWay"/> under other names than those of steps and sums.</summary>
    private protected Dictionary<string, double> Collected(params ReadOnlySpan<string> sums)
    {
        var numbers = new Dictionary<string, double>(UnderWay);
        foreach (var name in (ReadOnlySpan<string>)[StepsName, StepsInAllName, .. sums])
            numbers.Remove(name);
        return numbers;
    }

    /// <summary>Makes a tensor, whose memory changes in place, part of the state.</summary>
    protected void Keep(string name, Tensor tensor) =>
        _kept.Add((name, () => tensor.detach().cpu().clone(), value => tensor.detach().copy_(value)));

    /// <summary>Makes the parameters and buffers of a module part of the state.</summary>
    protected void Keep(string name, nn.Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        foreach (var (parameterName, parameter) in module.named_parameters())
            Keep($"{name}.{parameterName}", parameter);
        foreach (var (bufferName, buffer) in module.named_buffers())
            Keep($"{name}.{bufferName}", buffer);
    }

    /// <summary>Makes a generator part of the state.</summary>
    protected void Keep(string name, Generator generator)
    {
        _generators.Add(name);
        _kept.Add((name, generator.get_state, generator.set_state));
    }

    /// <summary>Makes what an estimator learns part of the state.</summary>
    private protected void Keep(EstimatorInTraining estimator)
    {
        foreach (var (name, tensor) in estimator.State)
            Keep($"estimator.{name}", tensor);
    }

    /// <summary>Makes an optimiser part of the state; <paramref name="prefix"/> tells several of them apart.</summary>
    private protected void Keep(Optimizer optimizer, string prefix = "")
    {
        foreach (var (name, tensor) in optimizer.State)
            Keep($"{prefix}optimizer.{name}", tensor);
    }
}
