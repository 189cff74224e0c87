using System.Globalization;
using System.Text.Json;

namespace DiscreteGradients.Experiments;

/// <summary>Settings of estimators as the user gave them: by flag on the command line, by name in <c>run.json</c>.</summary>
public static class GivenSettings
{
    /// <summary>What <c>noise_draws</c> was called in run folders of earlier versions.</summary>
    private const string EarlierDraws = "draws";

    /// <summary>Every setting that an estimator of the registry has, once each.</summary>
    public static IReadOnlyList<EstimatorSetting> All { get; } = [.. Estimators.All.SelectMany(entry => entry.Settings).DistinctBy(s => s.Name)];

    /// <summary>The flag of a setting.</summary>
    public static string Flag(EstimatorSetting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        return "--" + setting.Name.Replace('_', '-');
    }

    /// <summary>As JSON, for files.</summary>
    public static IReadOnlyDictionary<string, JsonElement> ToJson(IReadOnlyDictionary<string, object> settings) =>
        settings.ToDictionary(s => s.Key, s => JsonSerializer.SerializeToElement(s.Value));

    /// <summary>From a file.</summary>
    /// <exception cref="OptionException">A value is of another type.</exception>
    public static IReadOnlyDictionary<string, object> FromJson(IReadOnlyDictionary<string, JsonElement> settings)
    {
        try
        {
            return settings.ToDictionary(s => Name(s.Key), s => All.First(known => known.Name == Name(s.Key)).Convert(s.Value));
        }
        catch (ArgumentException e)
        {
            throw new OptionException($"The settings in run.json are damaged: {e.Message.Split(" (Parameter")[0]}");
        }
    }

    /// <summary>As text by flag, for comparisons: all of them, those that were not given too.</summary>
    public static IReadOnlyDictionary<string, string> Texts(IReadOnlyDictionary<string, object> settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return All.ToDictionary(Flag, s => settings.TryGetValue(s.Name, out var value) ? Convert.ToString(value, CultureInfo.InvariantCulture)! : "not set");
    }

    internal static bool IsKnown(string name) => All.Any(s => s.Name == Name(name));

    private static string Name(string name) => name == EarlierDraws ? "noise_draws" : name;
}
