namespace DiscreteGradients.Experiments;

/// <summary>Which of two values of a metric is better.</summary>
public enum Direction
{
    /// <summary>Neither: it describes.</summary>
    Neither,

    /// <summary>The lower one, as of a loss.</summary>
    Lower,

    /// <summary>The higher one, as of an accuracy.</summary>
    Higher,
}

/// <summary>Where a metric is shown. All are in <c>metrics.jsonl</c> and in TensorBoard.</summary>
public enum MetricPlace
{
    /// <summary>A column of every table and a plot over the epochs; measured in every epoch unless <see cref="Metric.IsSparse"/>.</summary>
    Result,

    /// <summary>A plot over the epochs.</summary>
    Curve,

    /// <summary>A plot with a curve for each of several parts: numbers whose name is the metric's, a slash and the part's.</summary>
    Parts,

    /// <summary>A column of the second table at the end of a run, which says how healthy the training was.</summary>
    Health,

    /// <summary>Nowhere else.</summary>
    Log,
}

/// <summary>A number that an experiment reports after an epoch, declared once; tables, plots, verdicts and reports follow.</summary>
/// <param name="Name">In files, in snake case.</param>
/// <param name="Title">For people, such as <c>test loss</c>.</param>
public sealed record Metric(string Name, string Title, Direction Better = Direction.Neither)
{
    /// <summary>Where it is shown.</summary>
    public MetricPlace Place { get; init; }

    /// <summary>Of parts: whether what matters are all of them at the end, side by side. They then have a table and one plot.</summary>
    public bool IsTabled { get; init; }

    /// <summary>Of parts: what they are of, for the title of a plot.</summary>
    public string Of { get; init; } = "the gradient";

    /// <summary>Its unit, such as <c>nats</c>; null for a plain number.</summary>
    public string? Unit { get; init; }

    /// <summary>Whether it is the one that decides which of two methods is better.</summary>
    public bool IsHeadline { get; init; }

    /// <summary>Whether there may be epochs without it: then one epoch alone is no curve.</summary>
    public bool IsSparse { get; init; }

    /// <summary>Whether its values differ by powers of ten, so that their logarithm is plotted.</summary>
    public bool IsLogarithmic { get; init; }

    /// <summary>Whether reports plot it too.</summary>
    public bool IsReported { get; init; } = true;

    /// <summary>What it means that the value is above zero, as the rest of a sentence about a method; null if nothing.</summary>
    public string? Warning { get; init; }

    /// <summary>Such as <c>cosine_similarity</c> of <c>cosine similarity</c>.</summary>
    internal string Key => Title.Replace(' ', '_');

    /// <summary>The name on the axis of a plot; the plot's file is called like it.</summary>
    internal string Axis => IsLogarithmic ? $"log10 {Title}" : Title;

    /// <summary>The axis of a plot with the unit.</summary>
    internal string AxisWithUnit => Unit is null ? Axis : $"{Axis} ({Unit})";

    /// <summary>A value as it is plotted.</summary>
    internal double Plotted(double value) => IsLogarithmic ? Math.Log10(value) : value;

    /// <summary>Smaller for the better of two values; one that is no number is worse than all others.</summary>
    internal double Rank(double value) => double.IsNaN(value) ? double.PositiveInfinity : Better == Direction.Higher ? -value : value;

    /// <summary>How far a value is from the best that there is; at least zero but for rounding.</summary>
    internal double Gap(double value, double optimum) => Better == Direction.Higher ? optimum - value : value - optimum;

    /// <summary>What <see cref="Gap"/> is, up to the optimum: <c>expected loss above</c>.</summary>
    internal string GapWords => $"{Title} {(Better == Direction.Higher ? "below" : "above")}";

    /// <summary>Of a name without a declaration, from a file of another version.</summary>
    internal static Metric Unknown(string name) =>
        new(name, name.Replace('_', ' '), name.EndsWith("loss", StringComparison.Ordinal) ? Direction.Lower : Direction.Neither);
}

/// <summary>What is asked of the metrics of an experiment.</summary>
internal static class Metrics
{
    /// <summary>The names that stand at the top of a line of <c>metrics.jsonl</c>, in this order.</summary>
    internal const string TrainLoss = "train_loss";

    /// <inheritdoc cref="TrainLoss"/>
    internal const string TestLoss = "test_loss";

    /// <inheritdoc cref="TrainLoss"/>
    internal const string ExpectedLoss = "expected_loss";

    /// <summary>The one that decides.</summary>
    internal static Metric Headline(this IEnumerable<Metric> metrics) => metrics.First(metric => metric.IsHeadline);

    /// <summary>The columns of tables.</summary>
    internal static IEnumerable<Metric> Results(this IEnumerable<Metric> metrics) => metrics.In(MetricPlace.Result);

    /// <summary>Those of a place.</summary>
    internal static IEnumerable<Metric> In(this IEnumerable<Metric> metrics, MetricPlace place) =>
        metrics.Where(metric => metric.Place == place);
}
