using DiscreteGradients.Experiments;

namespace DiscreteGradients.Testing;

/// <summary>The losses of an epoch by name, and runs with an estimator in place of a method.</summary>
internal static class Losses
{
    extension(EpochMetrics epoch)
    {
        internal double TrainLoss => epoch.Numbers["train_loss"];

        internal double? TestLoss => epoch.Numbers.TryGetValue("test_loss", out var value) ? value : null;

        internal double? ExpectedLoss => epoch.Numbers.TryGetValue("expected_loss", out var value) ? value : null;
    }

    extension(MetricsLine line)
    {
        internal double TrainLoss => line["train_loss"]!.Value;

        internal double? TestLoss => line["test_loss"];

        internal double? ExpectedLoss => line["expected_loss"];
    }

    extension(MethodSummary summary)
    {
        internal Spread TrainLoss => summary.Values["train_loss"];

        internal Spread? ExpectedLoss => summary.Values.TryGetValue("expected_loss", out var value) ? value : null;

        internal static IReadOnlyList<MethodSummary> Of(IEnumerable<MetricsLine> lines) => MethodSummary.Of(lines, Declared(lines));

        internal static string ToCsv(IReadOnlyList<MethodSummary> summaries, string experiment) =>
            MethodSummary.ToCsv(summaries, Declared(experiment));
    }

    extension(PublishedResult result)
    {
        internal Spread Train => result.Numbers.First(number => number.Metric == "train_loss").Value;

        internal Spread? Test => result.Numbers.FirstOrDefault(number => number.Metric == "test_loss")?.Value;

        internal string? TrainCaveat => result.Numbers.First(number => number.Metric == "train_loss").Caveat;
    }

    extension(Experiment experiment)
    {
        internal TrainingRun Start(GradientEstimator estimator, long seed) => experiment.Start(Method.Of(estimator), seed);

        internal IEnumerable<EpochMetrics> Run(
            GradientEstimator estimator, long seed, Action<double>? stepDone = null, CancellationToken cancellation = default) =>
            experiment.Run(Method.Of(estimator), seed, stepDone, cancellation);

        internal string? WhyNot(GradientEstimator estimator) => experiment.WhyNot(Method.Of(estimator));
    }

    /// <summary>The metrics of an experiment with its default options.</summary>
    private static IReadOnlyList<Metric> Declared(string experiment)
    {
        var entry = ExperimentCatalog.Find(experiment)!;
        return entry.Metrics(Activator.CreateInstance(entry.OptionsType)!);
    }

    private static IReadOnlyList<Metric> Declared(IEnumerable<MetricsLine> lines) => Declared(lines.First().Experiment);
}
