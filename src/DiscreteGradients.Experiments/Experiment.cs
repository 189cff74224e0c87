namespace DiscreteGradients.Experiments;

/// <summary>A task with its options resolved. It knows nothing of the console, of files it writes or of other methods.</summary>
public abstract class Experiment
{
    /// <summary>Epochs of one run.</summary>
    public abstract int Epochs { get; }

    /// <summary>The best reachable value of the headline metric where it is known, else null.</summary>
    public virtual double? Optimum => null;

    /// <summary>The options, resolved; what depends on the method is null until <see cref="TunedFor"/> has set it.</summary>
    public abstract object Options { get; }

    /// <summary>The data set that <see cref="Load"/> finds, or null: of several runs with the same one, the first looks for it.</summary>
    public virtual string? DataSet => null;

    /// <summary>The settings that a method is made with: those given, and for the others what a preset says.</summary>
    /// <exception cref="OptionException">The preset says nothing of this method, and too little is given.</exception>
    public virtual IReadOnlyDictionary<string, object> Settings(MethodEntry method, IReadOnlyDictionary<string, object> given) => given;

    /// <summary>This experiment with the options that belong to one method.</summary>
    public virtual Experiment TunedFor(string method) => this;

    /// <summary>Null if the method can be used, else one sentence that says why not.</summary>
    public abstract string? WhyNot(Method method);

    /// <summary>
    /// Finds, reads and verifies the data, if the task has some. Whatever can be checked without it was checked before; runs do this by
    /// themselves, but several at once would each do it.
    /// </summary>
    /// <exception cref="OptionException">The data is not there or damaged.</exception>
    public virtual void Load()
    {
    }

    /// <summary>Begins a run with one method and one seed. Everything random follows from the seed.</summary>
    public abstract TrainingRun Start(Method method, long seed);

    /// <summary>A whole run: one row an epoch.</summary>
    /// <inheritdoc cref="TrainingRun.Next"/>
    public IEnumerable<EpochMetrics> Run(
        Method method, long seed, Action<double>? stepDone = null, CancellationToken cancellation = default)
    {
        using var training = Start(method, seed);
        while (training.Epoch < Epochs)
            yield return training.Next(stepDone, cancellation);
    }
}

/// <summary>What an epoch has brought.</summary>
/// <param name="Epoch">1, 2, …</param>
/// <param name="Seconds">Time spent on the training steps of this epoch.</param>
/// <param name="Numbers">The values of the experiment's metrics, by name; losses are means per example.</param>
public sealed record EpochMetrics(int Epoch, double Seconds, IReadOnlyDictionary<string, double> Numbers)
{
    /// <summary>Training steps in the epoch.</summary>
    public int Steps { get; init; }

    /// <summary>Pictures made after this epoch; written as PNG, never into the metrics.</summary>
    public IReadOnlyList<Picture> Pictures { get; init; } = [];

    /// <summary>Drawings made after this epoch; written as PNG, SVG and text.</summary>
    public IReadOnlyList<Sketch> Sketches { get; init; } = [];
}

/// <summary>A grey picture, row by row, 0 black to 255 white.</summary>
public sealed record Picture(string Name, int Width, int Height, byte[] Pixels);
