namespace DiscreteGradients;

/// <summary>The few knobs the papers sweep. Null means the estimator's published default.</summary>
/// <param name="Temperature">τ of the pathwise estimators, and of <c>rebar</c> and <c>relax</c> at the start; from 1e-30 to 1e30.</param>
/// <param name="Draws">Conditional noise draws of Gumbel-Rao.</param>
/// <param name="Samples">Samples of the score-function estimators.</param>
public sealed record EstimatorSettings(double? Temperature = null, int? Draws = null, int? Samples = null)
{
    /// <summary>All published defaults.</summary>
    public static EstimatorSettings Default { get; } = new();
}

/// <summary>Hands a registry row its knobs and remembers which of them it has, so that a knob nobody reads is an error.</summary>
internal sealed class Knobs(EstimatorSettings settings)
{
    private readonly HashSet<string> _read = [];

    internal double Temperature(double published) => Read(nameof(EstimatorSettings.Temperature), settings.Temperature) ?? published;

    internal int Draws(int published) => Read(nameof(EstimatorSettings.Draws), settings.Draws) ?? published;

    internal int Samples(int published) => Read(nameof(EstimatorSettings.Samples), settings.Samples) ?? published;

    internal IReadOnlyCollection<string> Names => _read;

    internal string? FirstUnread() =>
        settings.Temperature is not null && !_read.Contains(nameof(EstimatorSettings.Temperature)) ? "temperature"
        : settings.Draws is not null && !_read.Contains(nameof(EstimatorSettings.Draws)) ? "number of draws"
        : settings.Samples is not null && !_read.Contains(nameof(EstimatorSettings.Samples)) ? "number of samples"
        : null;

    private T? Read<T>(string name, T? value) where T : struct
    {
        _read.Add(name);
        return value;
    }
}
