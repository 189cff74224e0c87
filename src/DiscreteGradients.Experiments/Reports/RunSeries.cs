using System.Text.Json;

namespace DiscreteGradients.Experiments;

/// <summary>One seed of a series.</summary>
/// <param name="Folder">Of the run it was part of.</param>
/// <param name="Lines">Its epochs, from the first.</param>
public sealed record SeedRun(long Seed, string Folder, IReadOnlyList<MetricsLine> Lines)
{
    /// <summary>The last epoch that is done; 0 if none is.</summary>
    public int Epoch => Lines.Count;
}

/// <summary>A setting as it stands in <c>run.json</c>.</summary>
public sealed record Setting(string Name, string Value)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Value}";
}

/// <summary>One estimator with one setting of everything; what its seeds differ in is chance alone.</summary>
/// <param name="Task">The options that say what is to be learnt and for how long.</param>
/// <param name="Tuning">The options that are chosen for each estimator, and the estimator's own settings.</param>
/// <param name="Seeds">In ascending order, from one or several folders.</param>
/// <param name="Published">What others report for it.</param>
public sealed record RunSeries(
    string Experiment, EstimatorRecord Estimator, IReadOnlyList<Setting> Task, IReadOnlyList<Setting> Tuning, int Epochs, double? Optimum,
    IReadOnlyList<SeedRun> Seeds, IReadOnlyList<PublishedLoss> Published)
{
    /// <summary>Options that do not change what is trained; a preset stands for the options that it sets.</summary>
    private static readonly HashSet<string> Aside =
    [
        "data", "preset", "device", "picture_every", "quality_every", "quality_estimators", "quality_images", "quality_draws",
        "bound_every", "bound_samples", "variance_every", "variance_draws",
    ];

    /// <summary>Options that are tuned for each estimator.</summary>
    private static readonly HashSet<string> Tuned = ["optimizer", "lr"];

    /// <summary>The furthest epoch of any seed.</summary>
    public int Epoch => Seeds.Max(s => s.Epoch);

    /// <summary>Whether a seed came to the end.</summary>
    public bool Complete => Epoch == Epochs;

    /// <summary>The seeds that came as far as the furthest one: the others count nowhere.</summary>
    public IReadOnlyList<SeedRun> Furthest => [.. Seeds.Where(s => s.Epoch == Epoch)];

    /// <summary>Mean and deviation of a loss at an epoch, or null if it does not exist there.</summary>
    public Spread? Loss(int epoch, Func<MetricsLine, double?> loss)
    {
        var values = Furthest.Select(s => loss(s.Lines[epoch - 1])).ToList();
        return values.TrueForAll(v => v is not null) ? Spread.Of([.. values.Select(v => v!.Value)]) : null;
    }

    /// <summary>Puts together what belongs together.</summary>
    /// <exception cref="OptionException">The same seed of the same settings is there twice.</exception>
    public static IReadOnlyList<RunSeries> Of(IEnumerable<StoredRun> runs)
    {
        var parts =
            from run in runs
            let lines = run.Lines.ToLookup(line => (line.Estimator, line.Seed))
            from estimator in run.Record.Estimators
            let options = Options(estimator.Options ?? run.Record.Options)
            let series = new RunSeries(
                run.Record.Experiment, estimator, [.. options.Where(o => !Tuned.Contains(o.Name))],
                [.. options.Where(o => Tuned.Contains(o.Name)), .. Settings(estimator)], run.Record.Epochs, run.Record.Optimum,
                [.. run.Record.Seeds.Select(seed => new SeedRun(seed, run.Folder, [.. lines[(estimator.Name, seed)]]))],
                ExperimentCatalog.Published(run.Record.Experiment, run.Record.Options, estimator))
            group series by string.Join('\n', options.Order(Comparer<Setting>.Create(Compare))
                .Select(o => o.ToString()).Prepend($"{series.Epochs}").Prepend($"{estimator.Name} {estimator.Configuration}").Prepend(series.Experiment));
        return [.. parts.Select(Merge).Order(Comparer<RunSeries>.Create(Compare))];
    }

    private static RunSeries Merge(IEnumerable<RunSeries> parts)
    {
        var series = parts.First();
        var seeds = parts.SelectMany(p => p.Seeds).OrderBy(s => s.Seed).ToList();
        foreach (var (one, next) in seeds.Zip(seeds.Skip(1)))
        {
            if (one.Seed == next.Seed)
            {
                throw new OptionException(
                    $"'{one.Folder}' and '{next.Folder}' both hold seed {one.Seed} of {series.Estimator.Name} with the same settings; name only one of them.");
            }
        }

        return series with { Seeds = seeds };
    }

    private static List<Setting> Options(object options) =>
    [
        .. ((JsonElement)options).EnumerateObject()
            .Where(o => !Aside.Contains(o.Name))
            .Select(o => new Setting(Printable(o.Name), Printable(o.Value.ValueKind == JsonValueKind.String ? o.Value.GetString()! : o.Value.GetRawText()))),
    ];

    /// <summary>The settings of an estimator; of an earlier version's from its text, such as <c>ReinMax { Order = 2, Temperature = 1 }</c>.</summary>
    private static IEnumerable<Setting> Settings(EstimatorRecord estimator)
    {
        if (estimator.Settings is { } settings)
            return settings.Select(s => new Setting(Printable(s.Key.Replace('_', ' ')), Printable(s.Value.ToString())));

        var text = Printable(estimator.Configuration);
        var (open, close) = (text.IndexOf('{'), text.LastIndexOf('}'));
        return open < 0 || close < open
            ? [new Setting("configuration", text)]
            : text[(open + 1)..close].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(part => part.Split('=', 2, StringSplitOptions.TrimEntries))
                .Where(pair => pair is not (["Order", _] or ["Form", "Automatic"]))
                .Select(pair => new Setting(JsonNamingPolicy.SnakeCaseLower.ConvertName(pair[0]).Replace('_', ' '), pair[^1]));
    }

    /// <summary>Files are not to be trusted with the terminal.</summary>
    private static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '\ufffd' : c));

    private static int Compare(RunSeries a, RunSeries b) =>
        string.CompareOrdinal(a.Experiment, b.Experiment) is not 0 and var experiment ? experiment
        : Compare(a.Task, b.Task) is not 0 and var task ? task
        : Index(a).CompareTo(Index(b)) is not 0 and var index ? index
        : string.CompareOrdinal(a.Estimator.Name, b.Estimator.Name) is not 0 and var name ? name
        : Compare(a.Tuning, b.Tuning);

    private static int Compare(IReadOnlyList<Setting> a, IReadOnlyList<Setting> b) =>
        a.Zip(b, Compare).FirstOrDefault(order => order != 0) is not 0 and var first ? first : a.Count.CompareTo(b.Count);

    private static int Compare(Setting a, Setting b) =>
        string.CompareOrdinal(a.Name, b.Name) is not 0 and var name ? name
        : Number(a.Value) is { } x && Number(b.Value) is { } y ? x.CompareTo(y)
        : string.CompareOrdinal(a.Value, b.Value);

    /// <summary>A value as a number, if it is one.</summary>
    internal static double? Number(string value) =>
        double.TryParse(value, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;

    private static int Index(RunSeries series) => Estimators.All.Index().FirstOrDefault(e => e.Item.Name == series.Estimator.Name, (int.MaxValue, null!)).Index;
}
