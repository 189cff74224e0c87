using DiscreteGradients.Experiments;

namespace DiscreteGradients.Cli;

/// <summary>The estimators of a command, made from --estimator and the knobs.</summary>
internal sealed record EstimatorChoice(string Name, GradientEstimator Estimator)
{
    /// <summary>The settings that some estimators have: the flag, the property of <see cref="EstimatorSettings"/>, and what people call it.</summary>
    internal static IReadOnlyList<(string Flag, string Knob, string Name)> Knobs { get; } =
    [
        ("--temperature", nameof(EstimatorSettings.Temperature), "temperature"),
        ("--noise-draws", nameof(EstimatorSettings.Draws), "noise draws"),
        ("--samples", nameof(EstimatorSettings.Samples), "number of samples"),
    ];

    /// <summary>The estimators of an experiment, with its preset's knobs where none are given.</summary>
    /// <inheritdoc cref="Select(string?, EstimatorSettings, Func{GradientEstimator, string?}, Func{EstimatorEntry, EstimatorSettings, EstimatorSettings}?)"/>
    internal static IReadOnlyList<EstimatorChoice> Select(string? names, EstimatorSettings knobs, Experiment experiment) =>
        Select(names, knobs, experiment.WhyNot, experiment.Settings);

    /// <summary>Names separated by commas, or null for all that apply; a knob goes to those that have it.</summary>
    /// <exception cref="OptionException">Unknown or unfit estimator, or a knob that none of them has.</exception>
    internal static IReadOnlyList<EstimatorChoice> Select(
        string? names, EstimatorSettings knobs, Func<GradientEstimator, string?> whyNot, Func<EstimatorEntry, EstimatorSettings, EstimatorSettings>? complete = null)
    {
        var entries = names is null ? [.. Estimators.All.Where(e => whyNot(Create(e, complete?.Invoke(e, new EstimatorSettings()) ?? new EstimatorSettings())) is null)] : Named(names);
        foreach (var ((flag, knob, name), isSet) in Knobs.Zip([knobs.Temperature is not null, knobs.Draws is not null, knobs.Samples is not null]))
        {
            if (isSet)
                Owned(flag, knob, name, entries);
        }

        var choices = entries.ConvertAll(entry => new EstimatorChoice(entry.Name, Create(entry, complete?.Invoke(entry, knobs) ?? knobs)));
        return choices.Find(choice => whyNot(choice.Estimator) is not null) is { } unfit
            ? throw new OptionException($"'{unfit.Name}' does not apply here: {whyNot(unfit.Estimator)}")
            : choices;
    }

    private static List<EstimatorEntry> Named(string names)
    {
        var entries = names.Split(',', StringSplitOptions.TrimEntries).Select(Estimators.Get).ToList();
        return entries.GroupBy(e => e.Name).FirstOrDefault(g => g.Count() > 1) is { } twice
            ? throw new OptionException($"--estimator must name each estimator once; got '{twice.Key}' {twice.Count()} times.")
            : entries;
    }

    private static GradientEstimator Create(EstimatorEntry entry, EstimatorSettings knobs)
    {
        try
        {
            return entry.Create(new EstimatorSettings(
                Has(entry, nameof(knobs.Temperature)) ? knobs.Temperature : null,
                Has(entry, nameof(knobs.Draws)) ? knobs.Draws : null,
                Has(entry, nameof(knobs.Samples)) ? knobs.Samples : null));
        }
        catch (ArgumentException e)
        {
            throw new OptionException($"'{entry.Name}': {DgradApp.WithoutParameter(e)}");
        }
    }

    private static void Owned(string flag, string knob, string name, List<EstimatorEntry> entries)
    {
        if (entries.Exists(entry => Has(entry, knob)))
            return;
        var owners = Estimators.All.Where(entry => Has(entry, knob)).Select(entry => entry.Name);
        throw new OptionException(entries is [var one]
            ? $"'{one.Name}' has no {name}; {flag} is for {string.Join(", ", owners)}."
            : $"None of the chosen estimators has a {name}; {flag} is for {string.Join(", ", owners)}.");
    }

    private static bool Has(EstimatorEntry entry, string knob) => entry.Knobs.Contains(knob);
}
