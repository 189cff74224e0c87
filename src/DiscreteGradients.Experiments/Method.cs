namespace DiscreteGradients.Experiments;

/// <summary>Something that an experiment compares, by name: an estimator of the registry, or what the experiment itself declares.</summary>
/// <param name="Make">Makes it, with the values of all its settings.</param>
public sealed record MethodEntry(
    string Name, string Summary, IReadOnlyList<EstimatorSetting> Settings, Func<IReadOnlyDictionary<string, object>, object> Make)
{
    /// <summary>Whether it is no candidate but says what the others are worth: a control, or a baseline.</summary>
    public bool IsReference { get; init; }

    /// <summary>Whether options that are chosen for each method, such as the learning rate, apply to it.</summary>
    public bool IsTuned { get; init; } = true;

    /// <summary>All estimators of the registry.</summary>
    public static IReadOnlyList<MethodEntry> AllEstimators { get; } = [.. Estimators.All.Select(Of)];

    /// <summary>Whether it has a setting of that name.</summary>
    public bool Has(string setting) => Settings.Any(s => s.Name == setting);

    /// <summary>Makes it; settings that are not given have their defaults.</summary>
    /// <exception cref="OptionException">A value is out of range.</exception>
    public Method With(IReadOnlyDictionary<string, object> settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        try
        {
            var all = Settings.ToDictionary(s => s.Name, s => settings.TryGetValue(s.Name, out var given) ? s.Convert(given) : s.Default);
            return new Method(Name, Make(all)) { Settings = all };
        }
        catch (ArgumentException e)
        {
            throw new OptionException($"'{Name}': {OptionException.WithoutParameter(e)}");
        }
    }

    private static MethodEntry Of(EstimatorEntry entry) => new(entry.Name, entry.Summary, entry.Settings, entry.Create);
}

/// <summary>A method with its settings, ready to be compared.</summary>
/// <param name="Made">What <see cref="MethodEntry.Make"/> has made: a <see cref="GradientEstimator"/> where methods are estimators.</param>
public sealed record Method(string Name, object Made)
{
    /// <summary>The value of every setting.</summary>
    public IReadOnlyDictionary<string, object> Settings { get; init; } = new Dictionary<string, object>();

    /// <summary>The estimator that it is.</summary>
    public GradientEstimator Estimator => (GradientEstimator)Made;

    /// <summary>Everything it was made with, spelt out.</summary>
    public string Configuration => Made.ToString()!;

    /// <summary>The method that an estimator is, called like the first row of the registry that makes it, or else like its type.</summary>
    public static Method Of(GradientEstimator estimator)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        return new(Estimators.All.FirstOrDefault(entry => entry.Default.Equals(estimator))?.Name ?? estimator.GetType().Name, estimator);
    }
}

/// <summary>The methods of a command, from their names and the settings that are given.</summary>
internal static class Methods
{
    /// <summary>Names separated by commas, or null for all that apply; a setting goes to those that have it.</summary>
    /// <param name="word">What they are called, such as <c>estimator</c>; the flag is called so too.</param>
    /// <param name="settings">What was given, by name.</param>
    /// <param name="whyNot">Null for a method that applies, else one sentence.</param>
    /// <param name="complete">The settings of a method, from those that were given of its own.</param>
    /// <exception cref="OptionException">Unknown or unfit method, or a setting that none of them has.</exception>
    internal static IReadOnlyList<Method> Select(
        IReadOnlyList<MethodEntry> all, string word, string? names, IReadOnlyDictionary<string, object> settings,
        Func<Method, string?> whyNot,
        Func<MethodEntry, IReadOnlyDictionary<string, object>, IReadOnlyDictionary<string, object>>? complete = null)
    {
        var entries = names is null
            ? [.. all.Where(entry => whyNot(Choose(entry, new Dictionary<string, object>())) is null)]
            : Named(all, word, names);
        if (entries.Count == 0)
        {
            var first = Choose(all[0], new Dictionary<string, object>());
            throw new OptionException($"None of the {word}s applies here; '{first.Name}' does not: {whyNot(first)}");
        }

        foreach (var name in settings.Keys.Where(name => !entries.Exists(entry => entry.Has(name))))
            throw NoOwner(all, word, entries, name);
        var chosen = entries.ConvertAll(entry => Choose(entry, settings));
        return chosen.Find(method => whyNot(method) is not null) is { } unfit
            ? throw new OptionException($"'{unfit.Name}' does not apply here: {whyNot(unfit)}")
            : chosen;

        Method Choose(MethodEntry entry, IReadOnlyDictionary<string, object> given)
        {
            var own = given.Where(s => entry.Has(s.Key)).ToDictionary();
            return entry.With(complete?.Invoke(entry, own) ?? own);
        }
    }

    private static List<MethodEntry> Named(IReadOnlyList<MethodEntry> all, string word, string names)
    {
        var entries = names.Split(',', StringSplitOptions.TrimEntries).Select(name => all.FirstOrDefault(entry => entry.Name == name)
            ?? throw new OptionException(Suggestion.Sentence(word, name, all.Select(entry => entry.Name)))).ToList();
        return entries.GroupBy(e => e.Name).FirstOrDefault(g => g.Count() > 1) is { } twice
            ? throw new OptionException($"--{word} must name each {word} once; got '{twice.Key}' {twice.Count()} times.")
            : entries;
    }

    private static OptionException NoOwner(IReadOnlyList<MethodEntry> all, string word, List<MethodEntry> entries, string setting)
    {
        var owners = all.Where(entry => entry.Has(setting)).ToList();
        var (title, flag) = (setting.Replace('_', ' '), Flag.Of(setting));
        var who = entries is [var one] ? $"'{one.Name}' has" : $"The chosen {word}s have";
        return new OptionException($"{who} no {title}; {flag} is for {string.Join(", ", owners.Select(entry => entry.Name))}.");
    }
}
