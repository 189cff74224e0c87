using System.Text.Json.Serialization;

namespace DiscreteGradients.Experiments;

/// <summary>An experiment by name, and all that the tool has to know of it. Its options record is the single list of its options.</summary>
/// <param name="OptionsType">The options record, whose defaults are those of the tool.</param>
/// <param name="Create">Checks options and makes the experiment.</param>
/// <param name="Metrics">What is measured with those options; exactly one metric is the headline.</param>
public sealed record ExperimentEntry(
    string Name, string Summary, Type OptionsType, Func<object, Experiment> Create, Func<object, IReadOnlyList<Metric>> Metrics)
{
    /// <summary>What others report for the same options and method.</summary>
    public Func<object, MethodRecord, IReadOnlyList<PublishedResult>> Published { get; init; } = (_, _) => [];

    /// <summary>What can be compared.</summary>
    public IReadOnlyList<MethodEntry> Methods { get; init; } = MethodEntry.AllEstimators;

    /// <summary>What one of the methods is called; the flag that names them is called so too.</summary>
    public string MethodWord { get; init; } = "estimator";

    /// <summary>Names, separated by commas, of the methods to run if none is asked for; null for all that apply.</summary>
    public string? DefaultMethods { get; init; }

    /// <summary>What to know of the table of <see cref="MetricPlace.Health"/>, as a sentence.</summary>
    public string? HealthNote { get; init; }

    /// <summary>What to know of the numbers of a run with those options, as sentences.</summary>
    public Func<object, IEnumerable<string>> Notes { get; init; } = _ => [];

    /// <summary>Command lines to begin with.</summary>
    public IReadOnlyList<string> Examples { get; init; } = [];

    internal static ExperimentEntry For<TOptions>(
        string name, string summary, Func<TOptions, Experiment> create, Func<TOptions, IReadOnlyList<Metric>> metrics,
        Func<TOptions, MethodRecord, IReadOnlyList<PublishedResult>>? published = null)
        where TOptions : new() =>
        new(name, summary, typeof(TOptions), options => create((TOptions)options), options => metrics((TOptions)options))
        {
            Published = (options, method) => published?.Invoke((TOptions)options, method) ?? [],
        };
}

/// <summary>The second registry: one row per experiment.</summary>
internal static class ExperimentCatalog
{
    /// <summary>For a summary of what others report, an option that is not known might make all the difference.</summary>
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>Early versions wrote enumerations as numbers.</summary>
    private static readonly JsonSerializerOptions AnyVersion = new(Json)
    {
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
    };

    private static readonly ExperimentEntry[] Rows =
    [
        PolynomialExperiment.Entry, VaeExperiment.Entry, BernoulliVaeExperiment.Entry, ListOpsExperiment.Entry, NasExperiment.Entry,
        MoeExperiment.Entry,
    ];

    private static readonly AsyncLocal<ExperimentEntry[]?> Guests = new();

    /// <summary>Every experiment.</summary>
    public static IReadOnlyList<ExperimentEntry> All => [.. Rows, .. Guests.Value ?? []];

    /// <summary>The experiment of that name; null for one of another version.</summary>
    public static ExperimentEntry? Find(string name) => All.FirstOrDefault(entry => entry.Name == name);

    /// <summary>Adds experiments for this flow of control and what it starts: how tests try one that nobody else sees.</summary>
    internal static void Invite(params ExperimentEntry[] guests) => Guests.Value = guests;

    /// <summary>Refuses options of the wrong kind; unknown ones may be of another version, as may the whole experiment.</summary>
    /// <exception cref="WrongJsonException">There is one.</exception>
    internal static void CheckOptions(RunRecord record)
    {
        if (Find(record.Experiment) is { } entry)
            record.WithOptions(entry.OptionsType, AnyVersion);
    }

    /// <summary>The metrics of a run; of an experiment that is not known, what its lines hold.</summary>
    /// <param name="record">The run; its options may be what was read of them.</param>
    public static IReadOnlyList<Metric> Metrics(RunRecord record, IReadOnlyList<MetricsLine> lines)
    {
        if (Find(record.Experiment) is { } entry)
            return entry.Metrics(record.Options is JsonElement json ? json.Deserialize(entry.OptionsType, AnyVersion)! : record.Options);
        var names = lines.SelectMany(line => line.Numbers.Keys).Where(name => !name.Contains('/', StringComparison.Ordinal))
            .DefaultIfEmpty(Experiments.Metrics.TrainLoss).Distinct().ToList();
        var headline = names.Find(name => name == Experiments.Metrics.ExpectedLoss) ?? names[0];  // an optimum was always one of that
        return [.. names.Select(name => Metric.Unknown(name) with { IsHeadline = name == headline, IsSparse = true })];
    }

    /// <summary>What others report for a method of a run.</summary>
    /// <param name="experiment">Name of the experiment; of one that is not known nobody reports anything.</param>
    /// <param name="options">The options record, or what was read of it from <c>run.json</c>.</param>
    public static IReadOnlyList<PublishedResult> Published(string experiment, object options, MethodRecord method)
    {
        if (Find(experiment) is not { } entry)
            return [];
        try
        {
            return entry.Published(options is JsonElement json ? json.Deserialize(entry.OptionsType, Json)! : options, method);
        }
        catch (JsonException)
        {
            return [];
        }
    }

    /// <summary>What to know of the numbers of a run.</summary>
    /// <inheritdoc cref="Published"/>
    internal static IReadOnlyList<string> Notes(string experiment, object options) => Find(experiment) is { } entry
        ? [.. entry.Notes(options is JsonElement json ? json.Deserialize(entry.OptionsType, AnyVersion)! : options)]
        : [];
}
