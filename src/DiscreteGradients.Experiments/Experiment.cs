namespace DiscreteGradients.Experiments;

/// <summary>A task with its options resolved. It knows nothing of the console, of files it writes or of other estimators.</summary>
public abstract class Experiment
{
    /// <summary>Epochs of one run.</summary>
    public abstract int Epochs { get; }

    /// <summary>The best reachable train loss where it is known, else null.</summary>
    public virtual double? Optimum => null;

    /// <summary>The options, resolved; what depends on the estimator is null until <see cref="TunedFor"/> has set it.</summary>
    public abstract object Options { get; }

    /// <summary>The settings that an estimator is made with: those given, and for the others what a preset says.</summary>
    /// <exception cref="OptionException">The preset says nothing of this estimator, and too little is given.</exception>
    public virtual IReadOnlyDictionary<string, object> Settings(EstimatorEntry estimator, IReadOnlyDictionary<string, object> given) => given;

    /// <summary>This experiment with the options that belong to one estimator.</summary>
    public virtual Experiment TunedFor(string estimator) => this;

    /// <summary>Null if the estimator can be used, else one sentence that says why not.</summary>
    public abstract string? WhyNot(GradientEstimator estimator);

    /// <summary>
    /// Finds, reads and verifies the data, if the task has some. Whatever can be checked without it was checked before; runs do this by
    /// themselves, but several at once would each do it.
    /// </summary>
    /// <exception cref="OptionException">The data is not there or damaged.</exception>
    public virtual void Load()
    {
    }

    /// <summary>Begins a run with one estimator and one seed. Everything random follows from the seed.</summary>
    public abstract TrainingRun Start(GradientEstimator estimator, long seed);

    /// <summary>A whole run: one row an epoch.</summary>
    /// <inheritdoc cref="TrainingRun.Next"/>
    /// <param name="estimator">The gradient estimator of the discrete latents.</param>
    /// <param name="seed">Seed of the run.</param>
    public IEnumerable<EpochMetrics> Run(
        GradientEstimator estimator, long seed, Action<double>? stepDone = null, CancellationToken cancellation = default)
    {
        using var training = Start(estimator, seed);
        while (training.Epoch < Epochs)
            yield return training.Next(stepDone, cancellation);
    }
}

/// <summary>Options for which named presets hold other defaults.</summary>
public interface IPresetOptions
{
    /// <summary>The preset's name, or null for none.</summary>
    string? Preset { get; }

    /// <summary>The options to start from if nothing but the preset is given.</summary>
    /// <exception cref="OptionException">No such preset.</exception>
    object Defaults { get; }
}

/// <summary>One line of <c>metrics.jsonl</c>. Losses are means per example.</summary>
/// <param name="Epoch">1, 2, …</param>
/// <param name="TrainLoss">Mean of the minibatch losses of the epoch, while the parameters move.</param>
/// <param name="Seconds">Time spent on the training steps of this epoch.</param>
public sealed record EpochMetrics(int Epoch, double TrainLoss, double Seconds)
{
    /// <summary>Loss on held-out data.</summary>
    public double? TestLoss { get; init; }

    /// <summary>The exact expectation of the loss at the end of the epoch.</summary>
    public double? ExpectedLoss { get; init; }

    /// <summary>Training steps in the epoch.</summary>
    public int Steps { get; init; }

    /// <summary>Further numbers that say how training goes, by name in snake case, such as <c>entropy</c>, or name and part,
    /// such as <c>cosine/reinmax</c>; null if there are none.</summary>
    public IReadOnlyDictionary<string, double>? Values { get; init; }

    /// <summary>Pictures made after this epoch; written as PNG, never into the metrics.</summary>
    public IReadOnlyList<Picture> Pictures { get; init; } = [];
}

/// <summary>A grey picture, row by row, 0 black to 255 white.</summary>
public sealed record Picture(string Name, int Width, int Height, byte[] Pixels);
