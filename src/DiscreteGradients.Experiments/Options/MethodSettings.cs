namespace DiscreteGradients.Experiments;

/// <summary>The settings of some methods as the user gives them: by flag on the command line, by name in <c>run.json</c>.</summary>
internal sealed class MethodSettings(IReadOnlyList<MethodEntry> methods)
{
    /// <summary>What <c>noise_draws</c> was called in run folders of earlier versions.</summary>
    private const string EarlierDraws = "draws";

    private readonly List<EstimatorSetting> _all = [.. methods.SelectMany(entry => entry.Settings).DistinctBy(s => s.Name)];

    /// <summary>Of the estimators of the registry.</summary>
    public static MethodSettings OfEstimators { get; } = new(MethodEntry.AllEstimators);

    /// <summary>A flag for each setting that one of the methods has.</summary>
    public IReadOnlyList<Flag> Flags(bool lists = false) => [.. _all.Select(setting => FlagOf(setting, lists))];

    /// <summary>What was given, by name.</summary>
    /// <exception cref="OptionException">A value is not of its type.</exception>
    public IReadOnlyDictionary<string, object> Parse(IReadOnlyDictionary<string, string> given) => _all
        .Where(setting => given.ContainsKey(Flag.Of(setting.Name)))
        .ToDictionary(setting => setting.Name, setting => FlagOf(setting, lists: false).Parse(given[Flag.Of(setting.Name)]));

    /// <summary>As JSON, for files.</summary>
    public static IReadOnlyDictionary<string, JsonElement> ToJson(IReadOnlyDictionary<string, object> settings) =>
        settings.ToDictionary(s => s.Key, s => JsonSerializer.SerializeToElement(s.Value));

    /// <summary>From a file.</summary>
    /// <exception cref="WrongJsonException">One is not known, there twice under two names, or of another type.</exception>
    internal IReadOnlyDictionary<string, object> FromJson(IReadOnlyDictionary<string, JsonElement> settings)
    {
        var read = new Dictionary<string, object>();
        foreach (var (name, value) in settings)
        {
            var known = _all.Find(setting => setting.Name == (name == EarlierDraws ? "noise_draws" : name))
                ?? throw new WrongJsonException($"settings.{StrictJson.Printable(name)}", StrictJson.Unknown);
            try
            {
                if (!read.TryAdd(known.Name, known.Convert(value)))
                    throw new WrongJsonException($"settings.{name}", $"is there twice: as '{EarlierDraws}' and as '{known.Name}'");
            }
            catch (ArgumentException e)
            {
                var what = OptionException.WithoutParameter(e)[(known.Name.Length + 1)..];  // the name begins the sentence
                throw new WrongJsonException($"settings.{name}", what.TrimEnd('.'));
            }
        }

        return read;
    }

    /// <summary>As text by flag, for comparisons: all of them, those that were not given too.</summary>
    public IReadOnlyDictionary<string, string> Texts(IReadOnlyDictionary<string, object> settings) =>
        _all.ToDictionary(
            s => Flag.Of(s.Name),
            s => settings.TryGetValue(s.Name, out var value) ? Convert.ToString(value, CultureInfo.InvariantCulture)! : "not set");

    /// <summary>The flag says whose a summary is, and in which range: <c>Samples: reinforce (at least 1); rloo (at least 2).</c></summary>
    private Flag FlagOf(EstimatorSetting setting, bool lists)
    {
        var owned = methods.SelectMany(
            entry => entry.Settings.Where(s => s.Name == setting.Name), (entry, own) => (entry.Name, own.Range, own.Summary));
        var words = string.Join("; ", owned.GroupBy(own => own.Summary).Select(alike => $"{alike.Key}: " + string.Join("; ",
            alike.GroupBy(own => own.Range).Select(range => $"{string.Join(", ", range.Select(own => own.Name))} ({range.Key})"))));
        return new Flag(Flag.Of(setting.Name), setting.Default.GetType(), $"{Format.Capital(words)}.") { TakesList = lists };
    }
}
