using System.Text.RegularExpressions;

namespace DiscreteGradients.Experiments;

/// <summary>A value that can be given as text: its name on the command line, its type and what it is.</summary>
/// <param name="Name">With its hyphens.</param>
/// <param name="Type">A number, a text, a truth value or an enumeration; may be nullable.</param>
/// <param name="Default">What holds if nothing is given; null for nothing.</param>
public sealed partial record Flag(string Name, Type Type, string Description, object? Default = null)
{
    /// <summary>Whether several values, separated by commas, make a study with a run for each.</summary>
    public bool TakesList { get; init; }

    /// <summary>Whether it is true or false, and stands alone for true.</summary>
    public bool IsSwitch => Plain == typeof(bool);

    /// <summary>What stands for its value in help.</summary>
    public string Placeholder =>
        Plain.IsEnum ? string.Join('|', Names(Plain)) + (TakesList ? ",..." : "")
        : IsSwitch ? "[true|false]"
        : (Plain == typeof(string) ? "text" : Plain == typeof(double) ? "number" : "int") + (TakesList ? ",..." : "");

    /// <summary>The default as text, or null where there is none to show.</summary>
    public string? DefaultText => Default is null or false ? null : Text(Default);

    private Type Plain => Nullable.GetUnderlyingType(Type) ?? Type;

    /// <summary>The flag of a name in snake case.</summary>
    internal static string Of(string name) => "--" + name.Replace('_', '-');

    /// <summary>The flag of a property.</summary>
    internal static string OfProperty(string name) => "--" + JsonNamingPolicy.KebabCaseLower.ConvertName(name);

    /// <summary>A value as it would be given.</summary>
    internal static string Text(object value) =>
        value is Enum ? JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString()!)
            : Convert.ToString(value, CultureInfo.InvariantCulture)!;

    /// <summary>Reads a value.</summary>
    /// <param name="place">What the text is part of, for the error.</param>
    /// <exception cref="OptionException">It is not of the flag's type.</exception>
    public object Parse(string text, string place = "")
    {
        var invariant = CultureInfo.InvariantCulture;
        if (Plain == typeof(string))
            return text;
        if (Plain == typeof(int))
        {
            return int.TryParse(text, NumberStyles.AllowLeadingSign, invariant, out var i) ? i
                : throw Wrong($"a whole number of at most {int.MaxValue}");
        }

        if (Plain == typeof(long))
            return long.TryParse(text, NumberStyles.AllowLeadingSign, invariant, out var l) ? l : throw Wrong("a whole number");
        if (Plain == typeof(double))
            return double.TryParse(text, NumberStyles.Float, invariant, out var d) ? d : throw Wrong("a number, such as 0.5");
        if (Plain == typeof(bool))
            return bool.TryParse(text, out var b) ? b : throw Wrong("true or false, or stand alone");
        if (Plain.IsEnum)
        {
            return Enum.GetValues(Plain).Cast<object>().FirstOrDefault(v => Text(v) == text)
                ?? throw new OptionException(Suggestion.Sentence(Name.TrimStart('-'), text, Names(Plain)));
        }

        throw new InvalidOperationException($"Option {Name} has type {Plain}, for which there is no flag.");

        OptionException Wrong(string expected) => new($"{Name} must be {expected}; got '{text}'{place}.");
    }

    /// <summary>The values of a list, or null if the text is none.</summary>
    /// <exception cref="OptionException">A value is not of the flag's type, cannot name a folder or stands there twice.</exception>
    internal StudyAxis? List(string text)
    {
        if (!TakesList || !text.Contains(',', StringComparison.Ordinal))
            return null;
        var values = text.Split(',', StringSplitOptions.TrimEntries).Select(part => Text(Parse(part, $" in '{text}'"))).ToList();
        if (values.Find(value => !IsAxisValue(value)) is { } odd)
        {
            throw new OptionException(
                $"{Name} must be a list of values of letters, digits, dots, hyphens and underscores, which name folders; "
                + $"got '{odd}' in '{text}'.");
        }

        return values.GroupBy(value => value, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } twice
            ? throw new OptionException($"{Name} must name each value once; got {twice.Key} {twice.Count()} times.")
            : new StudyAxis(Name[2..], values);
    }

    /// <summary>Whether a value of a list can be part of the name of a folder.</summary>
    internal static bool IsAxisValue(string value) => AxisValue().IsMatch(value);

    private static IEnumerable<string> Names(Type type) => Enum.GetNames(type).Select(JsonNamingPolicy.KebabCaseLower.ConvertName);

    [GeneratedRegex(@"^[A-Za-z0-9+-][A-Za-z0-9._+-]{0,63}\z")]
    private static partial Regex AxisValue();
}
