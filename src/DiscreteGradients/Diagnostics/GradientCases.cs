using System.Text.Json;
using System.Text.Json.Serialization;

namespace DiscreteGradients;

/// <summary>
/// One gradient computed elsewhere, with every random draw it used, so that it can be recomputed exactly. Arrays are row-major and flat.
/// </summary>
public sealed record GradientCase
{
    /// <summary>Name of a pathwise estimator of the registry.</summary>
    public required string Method { get; init; }

    /// <summary>[rows, K].</summary>
    public required int[] Shape { get; init; }

    /// <summary>τ.</summary>
    public required double Temperature { get; init; }

    /// <summary>Further settings of the estimator, by the names that the registry has for them.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Settings { get; init; }

    /// <summary>[rows, K].</summary>
    public required double[] Logits { get; init; }

    /// <summary>[rows]: the index of the hard sample.</summary>
    public required int[] Sample { get; init; }

    /// <summary>[rows, K]: the upstream gradient at the one-hot sample.</summary>
    public required double[] GradientAtSample { get; init; }

    /// <summary>[rows, K]: the upstream gradient at the second output of <c>reinmax</c>, the probabilities.</summary>
    public double[]? GradientAtProbabilities { get; init; }

    /// <summary>[rows, K]: the noise G of <c>st-gumbel</c>; the sample is argmax(logits + G).</summary>
    public double[]? GumbelNoise { get; init; }

    /// <summary>R, the draws of <c>gumbel-rao</c>.</summary>
    public int? Draws { get; init; }

    /// <summary>[rows, K, R]: the standard exponential noise of <c>gumbel-rao</c>.</summary>
    public double[]? ExponentialNoise { get; init; }

    /// <summary>[rows, K]: the expected answer.</summary>
    public required double[] GradientAtLogits { get; init; }

    /// <summary>The gradient at the logits [rows, K] by this library's formulas in float64.</summary>
    public double[] Recompute()
    {
        Check.Libtorch();
        using var scope = NewDisposeScope();
        var logits = Matrix(Logits).requires_grad_(true);
        var hard = OneHot.FromIndex(tensor(Array.ConvertAll(Sample, i => (long)i)), Shape[1], ScalarType.Float64);
        var soft = Estimator() switch
        {
            GumbelRao when GumbelNoise is { } noise => ((logits + Matrix(noise)) / Temperature).softmax(-1),
            GumbelRao => GumbelRao.Soften(
                logits.log_softmax(-1), hard,
                tensor(ExponentialNoise!).view(Shape[0], Shape[1], Draws!.Value).permute(2, 0, 1), Temperature),
            var other => other.Attach(logits, hard),
        };
        var loss = (soft * Matrix(GradientAtSample)).sum();
        if (GradientAtProbabilities is { } atProbabilities)
            loss += (logits.softmax(-1) * Matrix(atProbabilities)).sum();
        return Derivatives.Of(loss, [logits])[0]!.data<double>().ToArray();
    }

    /// <summary>The largest |recomputed − expected| / max(1, |expected|) of the case.</summary>
    public double LargestError() =>
        Recompute().Zip(GradientAtLogits, (got, right) => Math.Abs(got - right) / Math.Max(1, Math.Abs(right))).DefaultIfEmpty().Max();

    /// <summary>The estimator, with the settings of the case.</summary>
    /// <exception cref="ArgumentException">There is none of that name, or it cannot have them.</exception>
    internal PathwiseEstimator Estimator()
    {
        var entry = Estimators.Get(Method);
        var settings = (Settings ?? new Dictionary<string, JsonElement>()).ToDictionary(s => s.Key, s => (object)s.Value);
        if (entry.Has("temperature"))
            settings["temperature"] = Temperature;
        return (PathwiseEstimator)entry.Create(settings);
    }

    private Tensor Matrix(double[] values) => tensor(values).view(Shape[0], Shape[1]);
}

/// <summary>Reads <c>{ "about": …, "cases": [ … ] }</c> with the fields of <see cref="GradientCase"/> in snake case.</summary>
public static class GradientCases
{
    private static readonly string[] Methods = [.. Estimators.All.Where(e => e.Default is PathwiseEstimator).Select(e => e.Name)];

    /// <summary>Reads and checks every case.</summary>
    /// <exception cref="InvalidDataException">One sentence that names the case and the field.</exception>
    public static IReadOnlyList<GradientCase> Read(Stream stream)
    {
        Check.Given(stream);
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(stream);
        }
        catch (JsonException e)
        {
            var place = $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}";
            throw new InvalidDataException($"not JSON, or cut short, at {place} (NaN and Infinity are not JSON).", e);
        }

        using (document)
        {
            var root = document.RootElement;
            try
            {
                StrictJson.Check(root, values: false);
            }
            catch (WrongJsonException e)
            {
                throw new InvalidDataException($"{e.Message}.", e);
            }

            if (root.ValueKind != JsonValueKind.Object
                || !root.TryGetProperty("cases", out var cases)
                || cases.ValueKind != JsonValueKind.Array
                || cases.GetArrayLength() == 0)
            {
                throw new InvalidDataException("""no gradient cases; expected {"cases": [...]} with at least one case.""");
            }

            foreach (var field in root.EnumerateObject().Where(field => field.Name is not ("about" or "cases")))
                throw new InvalidDataException($"field '{StrictJson.Printable(field.Name)}' is not known; expected about and cases.");
            return [.. cases.EnumerateArray().Select(Case)];
        }
    }

    private static GradientCase Case(JsonElement element, int index)
    {
        if (element.ValueKind == JsonValueKind.Null)
            throw new InvalidDataException($"case {index}: null where an object was expected.");
        if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("method", out var method))
            KnownMethod(method, index);  // before the fields, which follow from it
        try
        {
            return Checked(element.Deserialize<GradientCase>(StrictJson.Options)!, index);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"case {index}: {Reason(e)}", e);
        }
    }

    private static void KnownMethod(JsonElement method, int index)
    {
        if (method.ValueKind == JsonValueKind.String && method.GetString() is var name && !Methods.Contains(name))
            throw new InvalidDataException($"case {index}: {Suggestion.Sentence("method", StrictJson.Printable(name!), Methods)}");
    }

    private static string Reason(JsonException e) => StrictJson.Wrong(e) switch
    {
        { What: StrictJson.Missing, Field: var fields } => $"fields are missing: {fields}.",
        { What: StrictJson.Unknown, Field: var field } => $"field '{field}' is not known.",
        { Field: { } field } => $"field '{field}' holds something else than the expected numbers.",
        _ => "not an object with the fields of a gradient case.",
    };

    private static GradientCase Checked(GradientCase c, int index)
    {
        if (c.Shape.Length != 2 || c.Shape[0] < 1 || c.Shape[1] < 1)
        {
            throw new InvalidDataException(
                $"case {index}: field 'shape' must be [rows, categories], both at least 1; got [{string.Join(", ", c.Shape)}].");
        }

        if (!(c.Temperature > 0) || !double.IsFinite(c.Temperature))
            throw new InvalidDataException($"case {index}: field 'temperature' must be a finite number above 0; got {c.Temperature}.");
        if (c.Temperature is < Precision.LeastTemperature or > Precision.LargestTemperature)
            throw new InvalidDataException($"case {index}: field 'temperature' must be from 1e-30 to 1e30; got {c.Temperature}.");

        CheckSettings(c, index);

        var entries = (long)c.Shape[0] * c.Shape[1];
        Numbers(c.Logits, entries, "logits", index);
        Numbers(c.GradientAtSample, entries, "gradient_at_sample", index);
        Numbers(c.GradientAtLogits, entries, "gradient_at_logits", index);
        Numbers(c.GradientAtProbabilities, entries, "gradient_at_probabilities", index, required: c.Method == "reinmax");
        Numbers(c.GumbelNoise, entries, "gumbel_noise", index, required: c.Method == "st-gumbel");
        if (c.Method == "gumbel-rao" && c.Draws is not >= 1)
            throw new InvalidDataException($"case {index}: field 'draws' must be at least 1; got {c.Draws?.ToString() ?? "nothing"}.");
        Numbers(c.ExponentialNoise, entries * (c.Draws ?? 0), "exponential_noise", index, required: c.Method == "gumbel-rao");

        if (c.Sample.Length != c.Shape[0])
            throw new InvalidDataException($"case {index}: field 'sample' must hold {c.Shape[0]} numbers; got {c.Sample.Length}.");
        if (Array.FindIndex(c.Sample, i => i < 0 || i >= c.Shape[1]) is >= 0 and var bad)
        {
            throw new InvalidDataException(
                $"case {index}: field 'sample' must hold category indices from 0 to {c.Shape[1] - 1}; got {c.Sample[bad]}.");
        }

        return c;
    }

    private static void CheckSettings(GradientCase c, int index)
    {
        if (c.Settings?.Keys.FirstOrDefault(name => !Estimators.Get(c.Method).Has(name)) is { } unknown)
            throw new InvalidDataException($"case {index}: field '{StrictJson.Printable(unknown)}' is not known.");
        try
        {
            c.Estimator();
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"case {index}: {e.Message.Split(" (Parameter")[0]}", e);
        }
    }

    private static void Numbers(double[]? values, long count, string field, int index, bool required = true)
    {
        if (values is null)
        {
            if (required)
                throw new InvalidDataException($"case {index}: field '{field}' is missing.");
            return;
        }

        if (values.Length != count)
            throw new InvalidDataException($"case {index}: field '{field}' must hold {count} numbers; got {values.Length}.");
        if (Array.FindIndex(values, v => !double.IsFinite(v)) is >= 0 and var at)
            throw new InvalidDataException($"case {index}: field '{field}' holds {values[at]} at {at}; every number must be finite.");
    }
}
