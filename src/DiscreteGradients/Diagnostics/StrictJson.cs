using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace DiscreteGradients;

/// <summary>
/// Reads JSON that others may have touched. A field that is not known, missing, there twice or of the wrong kind, a null, a text that is no
/// text and a number beyond those of float64 are refused by the place where they stand.
/// </summary>
internal static partial class StrictJson
{
    /// <summary>What is wrong with a field that must be there.</summary>
    internal const string Missing = "is missing";

    /// <summary>What is wrong with a field that nobody would read.</summary>
    internal const string Unknown = "is not known";

    private const string MissingNames = "missing required properties including:";

    /// <summary>Names in snake case, enumerations by name, nothing unknown, nothing twice.</summary>
    internal static JsonSerializerOptions Options { get; } = new()
    {
        AllowDuplicateProperties = false,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Reads the bytes of a file.</summary>
    /// <exception cref="WrongJsonException">They are not what was expected.</exception>
    internal static T Read<T>(ReadOnlyMemory<byte> utf8, JsonSerializerOptions? options = null)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8.Span.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8);
            Check(document.RootElement);
            return Read<T>(document.RootElement, options);
        }
        catch (JsonException e)
        {
            throw new WrongJsonException(null, $"it is not JSON, or cut short, at line {e.LineNumber + 1}");
        }
    }

    /// <summary>Reads an element of a document that was read.</summary>
    /// <exception cref="WrongJsonException">It is not what was expected.</exception>
    internal static T Read<T>(JsonElement element, JsonSerializerOptions? options = null) => (T)Read(element, typeof(T), options);

    /// <inheritdoc cref="Read{T}(JsonElement, JsonSerializerOptions?)"/>
    internal static object Read(JsonElement element, Type type, JsonSerializerOptions? options = null)
    {
        try
        {
            return element.Deserialize(type, options ?? Options) ?? throw new WrongJsonException(null, "it is null");
        }
        catch (JsonException e)
        {
            throw Wrong(e);
        }
    }

    /// <summary>Refuses what no file of ours holds, whatever the fields are called.</summary>
    /// <param name="element">The document.</param>
    /// <param name="values">Whether nulls and numbers beyond those of float64 are refused too.</param>
    /// <exception cref="WrongJsonException">A field is there twice, no text, null or too large a number.</exception>
    internal static void Check(JsonElement element, bool values = true) => Check(element, "$", values);

    private static void Check(JsonElement element, string place, bool values)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var names = new HashSet<string>();
                foreach (var property in element.EnumerateObject())
                {
                    var name = Text(() => property.Name) ?? throw new WrongJsonException(Field(place), "has a field whose name is no text");
                    var inside = Word().IsMatch(name) ? $"{place}.{name}" : $"{place}['{name}']";
                    if (!names.Add(name))
                        throw new WrongJsonException(Field(inside), "is there twice");
                    Check(property.Value, inside, values);
                }

                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in element.EnumerateArray())
                {
                    if (values || item.ValueKind != JsonValueKind.Number)  // of which there may be millions
                        Check(item, $"{place}[{index}]", values);
                    index++;
                }

                break;
            case JsonValueKind.Null when values:
                throw new WrongJsonException(Field(place), "is null");
            case JsonValueKind.String when Text(element.GetString) is null:
                throw new WrongJsonException(Field(place), "is no text");
            case JsonValueKind.Number when values && !double.IsFinite(element.GetDouble()):
                throw new WrongJsonException(Field(place), "is too large a number");
        }
    }

    /// <summary>What is wrong, by its place and in words.</summary>
    internal static WrongJsonException Wrong(JsonException e)
    {
        var field = Field(e.Path ?? "$");
        if (e.Message.IndexOf(MissingNames, StringComparison.Ordinal) is >= 0 and var start)
        {
            var names = e.Message[(start + MissingNames.Length)..].Split('\'').Where((_, i) => i % 2 == 1);
            return new WrongJsonException(string.Join(", ", names.Select(name => field is null ? name : $"{field}.{name}")), Missing);
        }

        return new WrongJsonException(
            field,
            e.Message.Contains("could not be mapped", StringComparison.Ordinal) ? Unknown
            : field is null ? "it holds something else than the expected fields"
            : "holds something else than belongs there");
    }

    /// <summary>Files are not to be trusted with the terminal.</summary>
    internal static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '\ufffd' : c));

    /// <summary>A place without the sign of the root; null for the root.</summary>
    private static string? Field(string place) =>
        place.TrimStart('$').TrimStart('.') is { Length: > 0 } field ? Printable(field.Length > 100 ? field[..100] + "…" : field) : null;

    /// <summary>Null for half of a surrogate pair and for bytes that are not UTF-8.</summary>
    private static string? Text(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"^[\w-]+\z")]
    private static partial Regex Word();
}

/// <summary>JSON that is not what was expected.</summary>
/// <param name="place">Where, such as <c>seeds[0]</c>; null for the whole.</param>
/// <param name="what">What is wrong: goes on after the field, or is a clause of its own.</param>
internal sealed class WrongJsonException(string? place, string what) : Exception(place is null ? what : $"field '{place}' {what}")
{
    internal string? Field => place;

    internal string What => what;
}
