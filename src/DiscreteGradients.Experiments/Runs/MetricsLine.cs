using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace DiscreteGradients.Experiments;

/// <summary>One line of <c>metrics.jsonl</c>: one epoch of one method and seed.</summary>
/// <remarks>
/// As JSON, train_loss, test_loss and expected_loss stand at the top, if the experiment has them, all other numbers under <c>values</c>.
/// It ends with the field <c>check</c>: the first eight digits of the SHA-256, in hex, of the line as it would be without it.
/// </remarks>
/// <param name="Method">Name of the method; the field is called <c>estimator</c>.</param>
/// <param name="Epoch">1, 2, …</param>
/// <param name="Numbers">The values of metrics by their names; those at the top come first.</param>
internal sealed record MetricsLine(
    string Experiment, string Method, long Seed, int Epoch, IReadOnlyDictionary<string, double> Numbers, double Seconds, int Steps)
{
    /// <summary>The value of a metric, or null.</summary>
    public double? this[string name] => Numbers.TryGetValue(name, out var value) ? value : null;

    private const string CheckStart = ",\"check\":\"";
    private const string CheckEnd = "\"}";
    private const int CheckDigits = 8;

    private static readonly JsonSerializerOptions Json = new(StrictJson.Options)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,  // a diverged loss is "NaN"
    };

    /// <summary>The line of an epoch.</summary>
    public static MetricsLine Of(string experiment, string method, long seed, EpochMetrics epoch) =>
        new(experiment, method, seed, epoch.Epoch, epoch.Numbers, epoch.Seconds, epoch.Steps);

    /// <summary>The line as JSON, without a line break.</summary>
    public string ToJson()
    {
        var content = JsonSerializer.Serialize(Row.Of(this), Json);
        return content[..^1] + CheckStart + Check(content) + CheckEnd;
    }

    /// <summary>Reads a line; one of an earlier version has no check.</summary>
    /// <exception cref="JsonException">Not a metrics line, or it was changed.</exception>
    public static MetricsLine Parse(string json)
    {
        try
        {
            return Read(json.TrimEnd('\n', '\r'));
        }
        catch (WrongJsonException e)
        {
            throw new JsonException($"{Format.Capital(e.Message)}.", e);
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

        Row line;
        try
        {
            line = StrictJson.Read<Row>(Encoding.UTF8.GetBytes(content), Json);
        }
        catch (WrongJsonException e) when (e.Field is null)
        {
            throw new WrongJsonException(null, "it is not the line of an epoch");
        }

        return !(line.Seconds >= 0) ? throw new WrongJsonException("seconds", "is no time")
            : line.Steps < 0 ? throw new WrongJsonException("steps", "is no number of steps")
            : line.ToLine();
    }

    /// <summary>Whether a line carries a check.</summary>
    internal static bool IsChecked(string json) =>
        CheckPlace(json) is > 0 and var place
        && json.AsSpan(place).StartsWith(CheckStart, StringComparison.Ordinal)
        && json.EndsWith(CheckEnd, StringComparison.Ordinal);

    private static int CheckPlace(string json) => json.Length - CheckStart.Length - CheckDigits - CheckEnd.Length;

    private static string Check(string content) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..CheckDigits];

    /// <summary>The fields in their order.</summary>
    private sealed record Row(
        string Experiment, string Estimator, [property: JsonRequired] long Seed, [property: JsonRequired] int Epoch,
        double? TrainLoss, double? TestLoss, double? ExpectedLoss, double Seconds, int Steps, IReadOnlyDictionary<string, double>? Values)
    {
        private static readonly string[] Top = [Metrics.TrainLoss, Metrics.TestLoss, Metrics.ExpectedLoss];

        internal static Row Of(MetricsLine line)
        {
            var others = line.Numbers.Where(number => !Top.Contains(number.Key)).ToDictionary();
            return new(
                line.Experiment, line.Method, line.Seed, line.Epoch, line[Top[0]], line[Top[1]], line[Top[2]], line.Seconds, line.Steps,
                others.Count > 0 ? others : null);
        }

        internal MetricsLine ToLine()
        {
            var top = Top.Zip([TrainLoss, TestLoss, ExpectedLoss]).Where(number => number.Second is not null)
                .Select(number => KeyValuePair.Create(number.First, number.Second!.Value)).ToList();
            foreach (var (name, _) in Values ?? new Dictionary<string, double>())
            {
                if (Top.Contains(name))
                    throw new WrongJsonException($"values.{name}", "must stand at the top");
            }

            return new(
                Experiment, Estimator, Seed, Epoch, top.Concat(Values ?? new Dictionary<string, double>()).ToDictionary(), Seconds, Steps);
        }
    }
}
