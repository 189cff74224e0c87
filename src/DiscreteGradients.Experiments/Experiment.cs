namespace DiscreteGradients.Experiments;

/// <summary>A task with its options resolved. It knows nothing of the console, of files it writes or of other estimators.</summary>
public abstract class Experiment
{
    /// <summary>Epochs of one run.</summary>
    public abstract int Epochs { get; }

    /// <summary>The best reachable train loss where it is known, else null.</summary>
    public abstract double? Optimum { get; }

    /// <summary>Null if the estimator can be used, else one sentence that says why not.</summary>
    public abstract string? WhyNot(GradientEstimator estimator);

    /// <summary>
    /// Trains with one estimator and one seed, and yields one row an epoch. Everything random follows from the seed.
    /// </summary>
    /// <param name="estimator">The gradient estimator of the discrete latents.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="stepDone">Called after every step with the fraction of the epoch that is done; null if nobody watches.</param>
    /// <param name="cancellation">Checked before every step.</param>
    public abstract IEnumerable<EpochMetrics> Run(
        GradientEstimator estimator, long seed, Action<double>? stepDone = null, CancellationToken cancellation = default);
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

    /// <summary>Pictures made after this epoch; written as PNG, never into the metrics.</summary>
    public IReadOnlyList<Picture> Pictures { get; init; } = [];
}

/// <summary>A grey picture, row by row, 0 black to 255 white.</summary>
public sealed record Picture(string Name, int Width, int Height, byte[] Pixels);
