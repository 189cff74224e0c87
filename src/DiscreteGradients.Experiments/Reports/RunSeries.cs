namespace DiscreteGradients.Experiments;

/// <summary>One seed of a series.</summary>
/// <param name="Folder">Of the run it was part of.</param>
/// <param name="Lines">Its epochs, from the first.</param>
internal sealed record SeedRun(long Seed, string Folder, IReadOnlyList<MetricsLine> Lines)
{
    /// <summary>The last epoch that is done; 0 if none is.</summary>
    public int Epoch => Lines.Count;
}

/// <summary>A setting as it stands in <c>run.json</c>.</summary>
internal sealed record Setting(string Name, string Value)
{
    public override string ToString() => $"{Name} {Value}";
}

/// <summary>One method with one setting of everything; what its seeds differ in is chance alone.</summary>
/// <param name="Task">The options that say what is to be learnt and for how long.</param>
/// <param name="Tuning">The options that are chosen for each method, and the method's own settings.</param>
/// <param name="Optimum">The best reachable value of the headline metric, where it is known.</param>
/// <param name="Seeds">In ascending order, from one or several folders.</param>
internal sealed record RunSeries(
    string Experiment, MethodRecord Method, IReadOnlyList<Setting> Task, IReadOnlyList<Setting> Tuning, int Epochs, double? Optimum,
    IReadOnlyList<Metric> Metrics, IReadOnlyList<SeedRun> Seeds, IReadOnlyList<PublishedResult> Published)
{
    /// <summary>What to know of its numbers, as sentences.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Whether it depends on options that are chosen for each method.</summary>
    public bool DependsOnTuning { get; init; } = true;

    /// <summary>The furthest epoch of any seed.</summary>
    public int Epoch => Seeds.Max(s => s.Epoch);

    /// <summary>Whether a seed came to the end.</summary>
    public bool Complete => Epoch == Epochs;

    /// <summary>The seeds that came as far as the furthest one: the others count nowhere.</summary>
    public IReadOnlyList<SeedRun> Furthest => [.. Seeds.Where(s => s.Epoch == Epoch)];

    /// <summary>The metric here that is called like one of another series: its name may hold a setting.</summary>
    public Metric? Own(Metric metric) => Metrics.FirstOrDefault(own => own.Title == metric?.Title);

    /// <summary>Mean and deviation at an epoch, or null if the number does not exist there.</summary>
    /// <param name="epoch">1, 2, …</param>
    /// <param name="name">Of a metric, or of a part of one.</param>
    /// <param name="map">What to take of each value; null for the value itself.</param>
    public Spread? At(int epoch, string name, Func<double, double>? map = null)
    {
        var values = Furthest.Select(s => s.Lines[epoch - 1][name]).ToList();
        return values.TrueForAll(v => v is not null) ? Spread.Of([.. values.Select(v => map?.Invoke(v!.Value) ?? v!.Value)]) : null;
    }

    /// <summary>A metric at the furthest epoch, or null.</summary>
    public Spread? Last(Metric metric) => Epoch > 0 && Own(metric) is { } own ? At(Epoch, own.Name) : null;

    /// <summary>What a source reports of a metric, or null.</summary>
    public PublishedNumber? Theirs(Metric metric, PublishedSource source) =>
        Own(metric) is { } own ? Published.FirstOrDefault(p => p.Source == source)?[own] : null;

    /// <summary>The names of what a metric has parts of, in the order of the lines.</summary>
    public IReadOnlyList<string> Parts(Metric metric) =>
    [
        .. Furthest.SelectMany(s => s.Lines).SelectMany(line => line.Numbers.Keys)
            .Where(name => name.StartsWith(metric.Name + "/", StringComparison.Ordinal)).Distinct()
            .Select(name => name[(metric.Name.Length + 1)..]),
    ];

    /// <summary>How the metric compares; null where there is nothing to compare, or the series has not come to the end.</summary>
    public Verdict? VerdictOf(Metric metric, PublishedSource source) =>
        Complete && Last(metric) is { } ours && Theirs(metric, source) is { } theirs
            ? Verdicts.Of(ours, theirs.Value, metric.Better)
            : null;

    /// <summary>Puts together what belongs together.</summary>
    /// <exception cref="OptionException">The same seed of the same settings is there twice.</exception>
    public static IReadOnlyList<RunSeries> Of(IEnumerable<StoredRun> runs)
    {
        var parts =
            from run in runs
            let lines = run.Lines.ToLookup(line => (line.Method, line.Seed))
            let entry = ExperimentCatalog.Find(run.Record.Experiment)
            let type = entry?.OptionsType
            let metrics = ExperimentCatalog.Metrics(run.Record, run.Lines)
            from method in run.Record.Methods
            let isTuned = entry?.Methods.FirstOrDefault(m => m.Name == method.Name)?.IsTuned ?? true
            let options = Options(method.Options ?? run.Record.Options, type).FindAll(o => isTuned || !IsTuned(o, type))
            let series = new RunSeries(
                run.Record.Experiment, method, [.. options.Where(o => !IsTuned(o, type))],
                [.. options.Where(o => IsTuned(o, type)), .. Settings(method)], run.Record.Epochs, run.Record.Optimum, metrics,
                [.. run.Record.Seeds.Select(seed => new SeedRun(seed, run.Folder, [.. lines[(method.Name, seed)]]))],
                ExperimentCatalog.Published(run.Record.Experiment, run.Record.Options, method))
            {
                DependsOnTuning = isTuned,
                Notes = ExperimentCatalog.Notes(run.Record.Experiment, run.Record.Options),
            }
            group series by string.Join('\n', options.Order(Comparer<Setting>.Create(Compare))
                .Select(o => o.ToString()).Prepend($"{series.Epochs}")
                .Prepend($"{method.Name} {method.Configuration}").Prepend(series.Experiment));
        return [.. parts.Select(Merge).Order(Comparer<RunSeries>.Create(Compare))];
    }

    private static RunSeries Merge(IEnumerable<RunSeries> parts)
    {
        var series = parts.First();
        var seeds = parts.SelectMany(p => p.Seeds).OrderBy(s => s.Seed).ToList();
        if (!series.DependsOnTuning)  // the same may stand beside each of several settings of the others
            seeds = [.. seeds.DistinctBy(s => (s.Seed, string.Join(", ", s.Lines.SelectMany(line => line.Numbers))))];
        foreach (var (one, next) in seeds.Zip(seeds.Skip(1)))
        {
            if (one.Seed == next.Seed)
            {
                throw new OptionException(
                    $"'{one.Folder}' and '{next.Folder}' both hold seed {one.Seed} of {series.Method.Name} with the same settings; "
                    + "name only one of them.");
            }
        }

        return series with { Seeds = seeds };
    }

    private static List<Setting> Options(object options, Type? type) =>
    [
        .. ((JsonElement)options).EnumerateObject()
            .Where(o => !OptionRecord.IsMarked<IncidentalAttribute>(type, o.Name))
            .Select(o => new Setting(Printable(o.Name), Printable(
                o.Value.ValueKind == JsonValueKind.String ? o.Value.GetString()! : o.Value.GetRawText()))),
    ];

    private static bool IsTuned(Setting option, Type? type) => OptionRecord.IsMarked<TunedAttribute>(type, option.Name);

    /// <summary>A method's settings; of an earlier version's from its text, as <c>ReinMax { Order = 2, Temperature = 1 }</c>.</summary>
    private static IEnumerable<Setting> Settings(MethodRecord method)
    {
        if (method.Settings is { } settings)
            return settings.Select(s => new Setting(Printable(s.Key.Replace('_', ' ')), Printable(s.Value.ToString())));

        var text = Printable(method.Configuration);
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
        : string.CompareOrdinal(a.Method.Name, b.Method.Name) is not 0 and var name ? name
        : Compare(a.Tuning, b.Tuning);

    private static int Compare(IReadOnlyList<Setting> a, IReadOnlyList<Setting> b) =>
        a.Zip(b, Compare).FirstOrDefault(order => order != 0) is not 0 and var first ? first : a.Count.CompareTo(b.Count);

    private static int Compare(Setting a, Setting b) =>
        string.CompareOrdinal(a.Name, b.Name) is not 0 and var name ? name
        : Number(a.Value) is { } x && Number(b.Value) is { } y ? x.CompareTo(y)
        : string.CompareOrdinal(a.Value, b.Value);

    /// <summary>A value as a number, if it is one.</summary>
    internal static double? Number(string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static int Index(RunSeries series) =>
        (ExperimentCatalog.Find(series.Experiment)?.Methods ?? MethodEntry.AllEstimators).Index()
            .FirstOrDefault(e => e.Item.Name == series.Method.Name, (int.MaxValue, null!)).Index;
}
