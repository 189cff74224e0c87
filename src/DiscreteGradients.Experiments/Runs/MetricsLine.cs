using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DiscreteGradients.Experiments;

/// <summary>One line of <c>metrics.jsonl</c>: one epoch of one estimator and seed. Names are snake case; losses that do not exist are left out.</summary>
/// <remarks>
/// As JSON it ends with the field <c>check</c>: the first eight digits of the SHA-256, in hex, of the line as it would be without it.
/// </remarks>
public sealed record MetricsLine(
    string Experiment, string Estimator, [property: JsonRequired] long Seed, [property: JsonRequired] int Epoch,
    [property: JsonRequired] double TrainLoss, double? TestLoss, double? ExpectedLoss, double Seconds, int Steps)
{
    /// <inheritdoc cref="EpochMetrics.Values"/>
    public IReadOnlyDictionary<string, double>? Values { get; init; }

    /// <summary>The bound of several samples on the test loss, <c>bound_N</c> of the values, where it was computed.</summary>
    [JsonIgnore]
    public double? TestBound => Values?.Where(v => v.Key.StartsWith("bound_", StringComparison.Ordinal)).Select(v => (double?)v.Value).FirstOrDefault();

    /// <summary>The variance of the gradient before the epoch, <c>gradient_variance</c> of the values, where it was measured.</summary>
    [JsonIgnore]
    public double? GradientVariance => Values?.Where(v => v.Key == "gradient_variance").Select(v => (double?)v.Value).FirstOrDefault();

    private const string CheckStart = ",\"check\":\"";
    private const string CheckEnd = "\"}";
    private const int CheckDigits = 8;

    private static readonly JsonSerializerOptions Json = new(StrictJson.Options)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,  // a diverged loss is "NaN"
    };

    /// <summary>The line of an epoch.</summary>
    public static MetricsLine Of(string experiment, string estimator, long seed, EpochMetrics epoch) => new(
        experiment, estimator, seed, epoch.Epoch, epoch.TrainLoss, epoch.TestLoss, epoch.ExpectedLoss, epoch.Seconds, epoch.Steps)
    { Values = epoch.Values };

    /// <summary>The line as JSON, without a line break.</summary>
    public string ToJson()
    {
        var content = JsonSerializer.Serialize(this, Json);
        return content[..^1] + CheckStart + Check(content) + CheckEnd;
    }

    /// <summary>Reads a line; one of an earlier version has no check.</summary>
    /// <exception cref="JsonException">Not a metrics line, or it was changed.</exception>
    public static MetricsLine Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            return Read(json.TrimEnd('\n', '\r'));
        }
        catch (WrongJsonException e)
        {
            throw new JsonException($"{char.ToUpperInvariant(e.Message[0])}{e.Message[1..]}.", e);
        }
    }

    /// <inheritdoc cref="Parse"/>
    /// <exception cref="WrongJsonException">Not a metrics line, or it was changed.</exception>
    internal static MetricsLine Read(string json)
    {
        var content = json;
        if (IsChecked(json))
        {
            content = json[..CheckPlace(json)] + "}";
            if (!json.AsSpan(CheckPlace(json) + CheckStart.Length, CheckDigits).SequenceEqual(Check(content)))
                throw new WrongJsonException(null, "its check is not that of its content");
        }

        MetricsLine line;
        try
        {
            line = StrictJson.Read<MetricsLine>(Encoding.UTF8.GetBytes(content), Json);
        }
        catch (WrongJsonException e) when (e.Field is null)
        {
            throw new WrongJsonException(null, "it is not the line of an epoch");
        }

        return !(line.Seconds >= 0) ? throw new WrongJsonException("seconds", "is no time")
            : line.Steps < 0 ? throw new WrongJsonException("steps", "is no number of steps")
            : line;
    }

    /// <summary>Whether a line carries a check.</summary>
    internal static bool IsChecked(string json) =>
        CheckPlace(json) is > 0 and var place
        && json.AsSpan(place).StartsWith(CheckStart, StringComparison.Ordinal)
        && json.EndsWith(CheckEnd, StringComparison.Ordinal);

    private static int CheckPlace(string json) => json.Length - CheckStart.Length - CheckDigits - CheckEnd.Length;

    private static string Check(string content) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..CheckDigits];
}
