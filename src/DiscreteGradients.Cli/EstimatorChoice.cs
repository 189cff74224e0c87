using DiscreteGradients.Experiments;

namespace DiscreteGradients.Cli;

/// <summary>The estimators of a command, made from --estimator and the flags of their settings.</summary>
internal sealed record EstimatorChoice(EstimatorEntry Entry, IReadOnlyDictionary<string, object> Settings, GradientEstimator Estimator)
{
    internal string Name => Entry.Name;

    /// <summary>Every setting that it has, resolved.</summary>
    internal IReadOnlyDictionary<string, object> Resolved =>
        Entry.Settings.ToDictionary(s => s.Name, s => Settings.TryGetValue(s.Name, out var given) ? s.Convert(given) : s.Default);

    /// <summary>The estimators of an experiment, with its preset's settings where none are given.</summary>
    internal static IReadOnlyList<EstimatorChoice> Select(string? names, IReadOnlyDictionary<string, object> settings, Experiment experiment) =>
        Select(names, settings, experiment.WhyNot, experiment.Settings);

    /// <summary>Names separated by commas, or null for all that apply; a setting goes to those that have it.</summary>
    /// <exception cref="OptionException">Unknown or unfit estimator, or a setting that none of them has.</exception>
    internal static IReadOnlyList<EstimatorChoice> Select(
        string? names, IReadOnlyDictionary<string, object> settings, Func<GradientEstimator, string?> whyNot,
        Func<EstimatorEntry, IReadOnlyDictionary<string, object>, IReadOnlyDictionary<string, object>>? complete = null)
    {
        EstimatorChoice Choose(EstimatorEntry entry, IReadOnlyDictionary<string, object> given)
        {
            var own = given.Where(s => entry.Has(s.Key)).ToDictionary();
            var all = complete?.Invoke(entry, own) ?? own;
            return new EstimatorChoice(entry, all, Create(entry, all));
        }

        var nothing = new Dictionary<string, object>();
        var entries = names is null ? [.. Estimators.All.Where(entry => whyNot(Choose(entry, nothing).Estimator) is null)] : Named(names);
        foreach (var setting in GivenSettings.All.Where(s => settings.ContainsKey(s.Name)))
            Owned(setting, entries);
        var choices = entries.ConvertAll(entry => Choose(entry, settings));
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

    private static GradientEstimator Create(EstimatorEntry entry, IReadOnlyDictionary<string, object> settings)
    {
        try
        {
            return entry.Create(settings);
        }
        catch (ArgumentException e)
        {
            throw new OptionException($"'{entry.Name}': {DgradApp.WithoutParameter(e)}");
        }
    }

    private static void Owned(EstimatorSetting setting, List<EstimatorEntry> entries)
    {
        if (entries.Exists(entry => entry.Has(setting.Name)))
            return;
        var owners = string.Join(", ", Estimators.All.Where(entry => entry.Has(setting.Name)).Select(entry => entry.Name));
        var who = entries is [var one] ? $"'{one.Name}' has" : "The chosen estimators have";
        throw new OptionException($"{who} no {setting.Title}; {GivenSettings.Flag(setting)} is for {owners}.");
    }
}
