using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace DiscreteGradients.Experiments;

/// <summary><c>run.json</c>: everything that is needed to tell what a run was and to repeat it.</summary>
internal sealed partial record RunRecord
{
    private const int MostSeeds = 10_000;
    private const int MostThreads = 1024;
    private const int LongestTime = 1_000_000_000;

    /// <summary>The experiment's name.</summary>
    public required string Experiment { get; init; }

    /// <summary>The options record, resolved.</summary>
    public required object Options { get; init; }

    /// <summary>The methods, in the order of the run.</summary>
    [JsonPropertyName("estimators")]
    public required IReadOnlyList<MethodRecord> Methods { get; init; }

    /// <summary>Settings that were given for all methods that have them, by name; the others are as published or preset.</summary>
    public IReadOnlyDictionary<string, JsonElement> Settings { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>The seeds.</summary>
    public required IReadOnlyList<long> Seeds { get; init; }

    /// <summary>Epochs of a run.</summary>
    public required int Epochs { get; init; }

    /// <summary>The best reachable value of the headline metric, where it is known.</summary>
    public double? Optimum { get; init; }

    /// <summary>Versions of everything that computes.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>The source revision, where it is known.</summary>
    public string? Commit { get; init; }

    /// <summary>Operating system and processor.</summary>
    public required IReadOnlyDictionary<string, string> Machine { get; init; }

    /// <summary>Threads of libtorch, for each run.</summary>
    public required int Threads { get; init; }

    /// <summary>Runs side by side.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>When the run began, UTC.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>Duration of the run so far, without parts that were killed.</summary>
    public double WallSeconds { get; init; }

    /// <summary>False while it runs, and until it is resumed if it was interrupted.</summary>
    public bool Finished { get; init; }

    /// <summary>Reads a file; the options are what stands there.</summary>
    /// <exception cref="WrongJsonException">It is not the record of a run.</exception>
    internal static RunRecord Read(string path)
    {
        var record = StrictJson.Read<RunRecord>(File.ReadAllBytes(path));
        return record.Flaw() is { } flaw ? throw new WrongJsonException(null, flaw) : record;
    }

    /// <summary>With the options as records of a type.</summary>
    /// <exception cref="WrongJsonException">They are none.</exception>
    internal RunRecord WithOptions(Type type, JsonSerializerOptions json)
    {
        return this with { Options = Typed(Options, "options"), Methods = [.. Methods.Select(TypedMethod)] };

        MethodRecord TypedMethod(MethodRecord method, int index) =>
            method with { Options = method.Options is { } options ? Typed(options, $"estimators[{index}].options") : null };

        object Typed(object options, string field)
        {
            try
            {
                return StrictJson.Read((JsonElement)options, type, json);
            }
            catch (WrongJsonException e)
            {
                throw new WrongJsonException(e.Field is null ? field : $"{field}.{e.Field}", e.What);
            }
        }
    }

    private string? Flaw() =>
        !Name().IsMatch(Experiment) ? "experiment must be a name"
        : Options is not JsonElement { ValueKind: JsonValueKind.Object } ? "options must be an object"
        : Methods.Count == 0 ? "estimators must be at least one"
        : Methods.Any(e => !Name().IsMatch(e.Name)) ? "estimators must have names"
        : Methods.Any(e => e.Options is not (null or JsonElement { ValueKind: JsonValueKind.Object })) ? "options must be an object"
        : Methods.Select(e => e.Name).Distinct().Count() < Methods.Count ? "an estimator is named twice"
        : Seeds.Count is 0 or > MostSeeds ? $"seeds must be from 1 to {MostSeeds} numbers"
        : Seeds.Distinct().Count() < Seeds.Count ? "a seed is named twice"
        : Seeds[0] < 0 || Seeds.Index().Any(seed => seed.Item != unchecked(Seeds[0] + seed.Index))
            ? "seeds must be numbers from 0 up that follow each other"
        : Epochs < 1 ? "epochs must be at least 1"
        : Threads is < 1 or > MostThreads ? $"threads must be from 1 to {MostThreads}"
        : Jobs < 1 ? "jobs must be at least 1"
        : WallSeconds is < 0 or > LongestTime ? $"wall_seconds must be from 0 to {LongestTime}"
        : null;

    /// <summary>What an experiment or a method may be called; names become names of files.</summary>
    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex Name();
}

/// <summary>A method by its name, with its settings spelt out.</summary>
public sealed record MethodRecord([property: JsonRequired] string Name, [property: JsonRequired] string Configuration)
{
    /// <summary>Every setting by its name; null in a file of an earlier version.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Settings { get; init; }

    /// <summary>The options record as this method has it, where a preset gives each its own.</summary>
    public object? Options { get; init; }
}
