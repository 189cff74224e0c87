using System.Globalization;
using System.Text.Json;

namespace DiscreteGradients;

/// <summary>A setting of an estimator, as its row in the registry declares it.</summary>
/// <param name="Name">In snake case, such as <c>noise_draws</c>; the tool's flag is the same with hyphens.</param>
/// <param name="Default">The published default: a <c>double</c>, an <c>int</c>, a <c>bool</c> or a <c>string</c>.</param>
/// <param name="Range">What values it takes, in words, such as <c>above 0</c>.</param>
/// <param name="Summary">What it is, in one line.</param>
public sealed record EstimatorSetting(string Name, object Default, string Range, string Summary)
{
    /// <summary>What people call it: <c>noise draws</c>.</summary>
    public string Title => Name.Replace('_', ' ');

    /// <summary>A number, text or JSON value as a value of the setting's type.</summary>
    /// <exception cref="ArgumentException">It is not one.</exception>
    internal object Convert(object value)
    {
        var given = value is JsonElement json ? Unwrap(json) : value;
        var number = given is string text
            ? double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) ? parsed : null
            : given is IConvertible and not (bool or char) ? System.Convert.ToDouble(given, CultureInfo.InvariantCulture) : (double?)null;
        return Default switch
        {
            double when number is { } n => n,
            int when number is { } n && n == Math.Floor(n) && Math.Abs(n) <= int.MaxValue => (int)n,
            bool when given is bool => given,
            bool when given is string word && bool.TryParse(word, out var flag) => flag,
            string when given is string => given,
            _ => throw new ArgumentException($"{Name} must be {Kind}; got {(given is string ? $"'{given}'" : given)}.", nameof(value)),
        };
    }

    private string Kind => Default switch
    {
        double => "a number",
        int => "a whole number",
        bool => "true or false",
        _ => "a text",
    };

    private static object Unwrap(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Number => json.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => json.GetString()!,
        _ => json.GetRawText(),
    };
}

/// <summary>Hands a registry row its settings. What the row asks for is what it declares.</summary>
internal sealed class SettingReader(IReadOnlyDictionary<string, object> given)
{
    private readonly List<EstimatorSetting> _declared = [];

    /// <summary>In the order in which they were asked for.</summary>
    internal IReadOnlyList<EstimatorSetting> Declared => _declared;

    internal double Temperature(double published) =>
        Number("temperature", published, "from 1e-30 to 1e30", "temperature of the gradient, which the sample does not depend on");

    internal double StartingTemperature(double published) =>
        Number("temperature", published, "from 1e-30 to 1e30", "temperature of the relaxed sample at the start; it is learnt");

    internal int Samples(int published, string range) =>
        Whole("samples", published, range, "points at which f is evaluated, for each example");

    internal double Number(string name, double published, string range, string summary) =>
        (double)Read(new(name, published, range, summary));

    internal int Whole(string name, int published, string range, string summary) => (int)Read(new(name, published, range, summary));

    private object Read(EstimatorSetting setting)
    {
        _declared.Add(setting);
        return given.TryGetValue(setting.Name, out var value) ? setting.Convert(value) : setting.Default;
    }
}
