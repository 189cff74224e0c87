using System.ComponentModel;

namespace DiscreteGradients.Cli.Tests.Guessing;

/// <summary>Options of the made-up experiment.</summary>
public sealed record GuessingOptions
{
    /// <summary>A text.</summary>
    [Description("What is known of the digits: none or parity.")]
    public string Hint { get; init; } = "none";

    /// <summary>Epochs.</summary>
    [Description("Epochs.")]
    public int Epochs { get; init; } = 4;

    /// <summary>Tuned for each method.</summary>
    [Tuned]
    [Description("Guesses an epoch.")]
    public int Guesses { get; init; } = 200;
}

/// <summary>A way to guess: no gradient estimator.</summary>
public sealed record Guesser(string Name, double Learning);

/// <summary>
/// A made-up experiment: digits are guessed, and those that were wrong are remembered. It is one folder and one row, and what it measures,
/// compares and can be set to is nowhere else.
/// </summary>
public sealed class GuessingExperiment(GuessingOptions options) : Experiment
{
    /// <summary>The row of the catalogue.</summary>
    public static ExperimentEntry Entry { get; } = ExperimentEntry.For<GuessingOptions>(
        "guessing", "guesses digits", o => new GuessingExperiment(o),
        _ =>
        [
            new Metric("cost", "cost", Direction.Lower) { Unit = "guesses" },
            new Metric("accuracy", "accuracy", Direction.Higher) { IsHeadline = true },
            new Metric("luck", "luck") { Place = MetricPlace.Health, Warning = "was lucky" },
        ],
        (o, method) => o.Hint == "none" && method.Name == "learner"
            ? [new PublishedResult(new PublishedSource("book", "a book on guessing"), new PublishedNumber("accuracy", new Spread(0.9, 0.01, 5)))]
            : []) with
    {
        MethodWord = "guesser",
        Methods =
        [
            new("coin", "never learns", [], _ => new Guesser("coin", 0)),
            new("learner", "remembers what was wrong", [new("memory", 0.02, "from 0 to 1", "share of errors that is remembered")],
                settings => new Guesser("learner", (double)settings["memory"] is >= 0 and <= 1 and var share
                    ? share
                    : throw new ArgumentException($"memory must be from 0 to 1; got {settings["memory"]}."))),
        ],
        HealthNote = "Luck is guesses that were right at once.",
        Examples = ["dgrad run guessing", "dgrad run guessing --guesser learner"],
    };

    /// <summary>Called after every epoch.</summary>
    internal static Action<int> EpochDone { get; set; } = _ => { };

    /// <inheritdoc/>
    public override int Epochs => options.Epochs;

    /// <inheritdoc/>
    public override double? Optimum => 1;

    /// <inheritdoc/>
    public override object Options => options;

    /// <inheritdoc/>
    public override string? WhyNot(Method method) => options.Hint is "none" or "parity" ? null : "it knows the hints none and parity only.";

    /// <inheritdoc/>
    public override TrainingRun Start(Method method, long seed) => new Training(options, (Guesser)method.Made, seed);

    private sealed class Training : TrainingRun
    {
        private readonly GuessingOptions _options;
        private readonly Guesser _guesser;
        private readonly Generator _generator;
        private readonly Tensor _known = zeros(1, ScalarType.Float64);

        internal Training(GuessingOptions options, Guesser guesser, long seed)
        {
            (_options, _guesser, _generator) = (options, guesser, Seeds.Generator(seed));
            Keep("generator", _generator);
            Keep("known", _known);
        }

        /// <inheritdoc/>
        public override void Dispose()
        {
            _generator.Dispose();
            _known.Dispose();
        }

        /// <inheritdoc/>
        protected override EpochMetrics Train(int epoch, Action<double>? stepDone, CancellationToken cancellation)
        {
            var (right, chance) = (0, _options.Hint == "parity" ? 0.2 : 0.1);
            for (var guess = 1; guess <= _options.Guesses; guess++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                if (rand(1, ScalarType.Float64, generator: _generator).item<double>() < Math.Max(chance, _known.item<double>()))
                    right++;
                else
                    _known.add_((1 - _known) * _guesser.Learning);
                stepDone?.Invoke((double)guess / _options.Guesses);
            }

            EpochDone(epoch);
            var accuracy = (double)right / _options.Guesses;
            return new EpochMetrics(epoch, 0.5, new Dictionary<string, double>
            {
                ["accuracy"] = accuracy,
                ["cost"] = _options.Guesses / Math.Max(accuracy, 0.01),
                ["luck"] = right,
            })
            { Steps = _options.Guesses };
        }
    }
}
