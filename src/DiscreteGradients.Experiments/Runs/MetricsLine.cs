using System.Text.Json;
using System.Text.Json.Serialization;

namespace DiscreteGradients.Experiments;

/// <summary>One line of <c>metrics.jsonl</c>: one epoch of one estimator and seed. Names are snake case; losses that do not exist are left out.</summary>
public sealed record MetricsLine(
    string Experiment, string Estimator, long Seed, [property: JsonRequired] int Epoch, [property: JsonRequired] double TrainLoss, double? TestLoss, double? ExpectedLoss, double Seconds, int Steps)
{
    /// <inheritdoc cref="EpochMetrics.Values"/>
    public IReadOnlyDictionary<string, double>? Values { get; init; }

    /// <summary>The bound of several samples on the test loss, <c>bound_N</c> of the values, where it was computed.</summary>
    [JsonIgnore]
    public double? TestBound => Values?.Where(v => v.Key.StartsWith("bound_", StringComparison.Ordinal)).Select(v => (double?)v.Value).FirstOrDefault();

    /// <summary>The variance of the gradient before the epoch, <c>gradient_variance</c> of the values, where it was measured.</summary>
    [JsonIgnore]
    public double? GradientVariance => Values?.Where(v => v.Key == "gradient_variance").Select(v => (double?)v.Value).FirstOrDefault();

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,  // a diverged loss is "NaN"
    };

    /// <summary>The line of an epoch.</summary>
    public static MetricsLine Of(string experiment, string estimator, long seed, EpochMetrics epoch) => new(
        experiment, estimator, seed, epoch.Epoch, epoch.TrainLoss, epoch.TestLoss, epoch.ExpectedLoss, epoch.Seconds, epoch.Steps)
    { Values = epoch.Values };

    /// <summary>The line as JSON, without a line break.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>Reads a line.</summary>
    /// <exception cref="JsonException">Not a metrics line.</exception>
    public static MetricsLine Parse(string json) =>
        JsonSerializer.Deserialize<MetricsLine>(json, Json) ?? throw new JsonException("A metrics line must be an object; got null.");
}
