using System.ComponentModel;
using System.Reflection;
using System.Text.Json;

namespace DiscreteGradients.Experiments;

/// <summary>The options that the numbers of a run depend on, as text by their flags: what two of them differ in can be named.</summary>
public static class FixedSettings
{
    /// <summary>Of an options record: every property with a description but those that <see cref="MayChangeAttribute">may change</see>.</summary>
    public static IReadOnlyDictionary<string, string> Of(object options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.GetType().GetProperties()
            .Where(property => property.IsDefined(typeof(DescriptionAttribute)) && !property.IsDefined(typeof(MayChangeAttribute)))
            .ToDictionary(property => "--" + JsonNamingPolicy.KebabCaseLower.ConvertName(property.Name), property => Text(property.GetValue(options)));
    }

    /// <summary>The first difference between two lists of settings, or null. What only one of them has is of another version of dgrad.</summary>
    public static (string Flag, string Before, string Now)? Difference(IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> now)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(now);
        foreach (var (flag, value) in now)
        {
            if (before.TryGetValue(flag, out var old) && old != value)
                return (flag, old, value);
        }

        return null;
    }

    private static string Text(object? value) => value switch
    {
        null => "not set",
        _ => JsonSerializer.SerializeToElement(value, RunFolder.Json).ToString(),
    };
}
