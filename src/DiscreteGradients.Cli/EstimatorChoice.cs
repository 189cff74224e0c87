using DiscreteGradients.Experiments;

namespace DiscreteGradients.Cli;

/// <summary>The estimators of a command, made from --estimator and the knobs.</summary>
internal sealed record EstimatorChoice(string Name, GradientEstimator Estimator)
{
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
        Owned(knobs.Temperature, "temperature", "--temperature", nameof(EstimatorSettings.Temperature), entries);
        Owned(knobs.Draws, "noise draws", "--noise-draws", nameof(EstimatorSettings.Draws), entries);
        Owned(knobs.Samples, "number of samples", "--samples", nameof(EstimatorSettings.Samples), entries);

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

    private static void Owned<T>(T? value, string knob, string option, string name, List<EstimatorEntry> entries) where T : struct
    {
        if (value is null || entries.Exists(entry => Has(entry, name)))
            return;
        var owners = Estimators.All.Where(entry => Has(entry, name)).Select(entry => entry.Name);
        throw new OptionException(entries is [var one]
            ? $"'{one.Name}' has no {knob}; {option} is for {string.Join(", ", owners)}."
            : $"None of the chosen estimators has a {knob}; {option} is for {string.Join(", ", owners)}.");
    }

    private static bool Has(EstimatorEntry entry, string knob) => entry.Knobs.Contains(knob);
}
