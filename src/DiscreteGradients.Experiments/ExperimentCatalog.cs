using System.Text.Json;
using System.Text.Json.Serialization;

namespace DiscreteGradients.Experiments;

/// <summary>An experiment by name. Its options record is the single list of its settings: the tool makes its flags from it.</summary>
/// <param name="Published">What others report for the same options and estimator.</param>
/// <param name="DefaultEstimators">Names, separated by commas, of the estimators to run if none is asked for; null for all that apply.</param>
public sealed record ExperimentEntry(
    string Name, string Summary, Type OptionsType, Func<object, Experiment> Create,
    Func<object, EstimatorRecord, IReadOnlyList<PublishedLoss>> Published, string? DefaultEstimators = null)
{
    internal static ExperimentEntry For<TOptions>(
        string name, string summary, Func<TOptions, Experiment> create,
        Func<TOptions, EstimatorRecord, IReadOnlyList<PublishedLoss>> published, string? defaultEstimators = null) =>
        new(name, summary, typeof(TOptions), options => create((TOptions)options), (options, e) => published((TOptions)options, e), defaultEstimators);
}

/// <summary>The second registry: one row per experiment.</summary>
public static class ExperimentCatalog
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,  // an option that is not known might make all the difference
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>Early versions wrote enumerations as numbers.</summary>
    private static readonly JsonSerializerOptions AnyVersion = new(Json)
    {
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
    };

    /// <summary>Every experiment.</summary>
    public static IReadOnlyList<ExperimentEntry> All { get; } =
    [
        ExperimentEntry.For<PolynomialOptions>(
            "polynomial", "polynomial programming over binary latents", o => new PolynomialExperiment(o), PublishedLosses.Find,
            "reinmax,reinmax-uniform,st,st-gumbel,gumbel-rao,gst-1.0,gst-p,reinforce,rloo"),
        ExperimentEntry.For<VaeOptions>(
            "vae", "variational autoencoder with categorical latents on grey images", o => new VaeExperiment(o), PublishedElbos.Find, "reinmax"),
        ExperimentEntry.For<BernoulliVaeOptions>(
            "bernoulli-vae", "variational autoencoder with binary latents on binarised images", o => new BernoulliVaeExperiment(o),
            PublishedBernoulliElbos.Find, "reinmax,rodeo"),
    ];

    /// <summary>Refuses options of the wrong kind; those that are not known may be of another version, as may the whole experiment.</summary>
    /// <exception cref="WrongJsonException">There is one.</exception>
    internal static void CheckOptions(RunRecord record)
    {
        if (All.FirstOrDefault(e => e.Name == record.Experiment) is { } entry)
            record.WithOptions(entry.OptionsType, AnyVersion);
    }

    /// <summary>What others report for an estimator of a run.</summary>
    /// <param name="experiment">Name of the experiment; one that is not known has no published losses.</param>
    /// <param name="options">The options record, or what was read of it from <c>run.json</c>.</param>
    /// <param name="estimator">The estimator.</param>
    public static IReadOnlyList<PublishedLoss> Published(string experiment, object options, EstimatorRecord estimator)
    {
        if (All.FirstOrDefault(e => e.Name == experiment) is not { } entry)
            return [];
        try
        {
            return entry.Published(options is JsonElement json ? json.Deserialize(entry.OptionsType, Json)! : options, estimator);
        }
        catch (JsonException)
        {
            return [];
        }
    }
}

/// <summary>An option that cannot be used. The message is one sentence for the user: expected, got, remedy.</summary>
public sealed class OptionException(string message) : Exception(message)
{
    /// <summary>The data set that is not on this machine, if that is what is wrong: it may be downloaded.</summary>
    internal MissingSet? Missing { get; init; }
}
