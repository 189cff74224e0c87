using System.ComponentModel;

namespace DiscreteGradients.Experiments;

/// <summary>How a run is made, whatever the experiment.</summary>
internal sealed record RunSettings
{
    [OneValue]
    [Description("First seed.")]
    public long Seed { get; init; }

    [OneValue]
    [Description("Number of seeds: seed, seed + 1, ...")]
    public int Seeds { get; init; } = 1;

    [OneValue]
    [Description("Threads of libtorch; by default one per physical core, or one for each of several jobs.")]
    public int? Threads { get; init; }

    [MayChange]
    [Description("Runs side by side, each method and seed on one thread; the numbers are those of --threads 1.")]
    public int Jobs { get; init; } = 1;
}

/// <summary>Everything that says what a run is.</summary>
/// <param name="Methods">Names of methods, separated by commas; null for all that apply.</param>
/// <param name="Settings">What was given for all methods that have it, by name.</param>
internal sealed record RunPlan(
    ExperimentEntry Entry, object Options, string? Methods, IReadOnlyDictionary<string, object> Settings, RunSettings Run)
{
    private const int MostSeeds = 10_000;

    /// <summary>Everything that can be given for a run of an experiment.</summary>
    public static IReadOnlyList<Flag> Flags(ExperimentEntry entry)
    {
        return
        [
            .. OptionRecord.Flags(Activator.CreateInstance(entry.OptionsType)!, lists: true),
            new Flag(MethodFlag(entry), typeof(string), Words(entry), entry.DefaultMethods),
            .. new MethodSettings(entry.Methods).Flags(lists: true),
            .. OptionRecord.Flags(new RunSettings(), lists: true),
        ];
    }

    /// <summary>What was given several values, each of which makes a run.</summary>
    /// <exception cref="OptionException">One of the values cannot be.</exception>
    public static IReadOnlyList<StudyAxis> Axes(ExperimentEntry entry, IReadOnlyDictionary<string, string> given) =>
        [.. Flags(entry).Where(flag => given.ContainsKey(flag.Name)).Select(flag => flag.List(given[flag.Name])).OfType<StudyAxis>()];

    /// <summary>The plan that some texts, by flag, make.</summary>
    /// <exception cref="OptionException">A value is not of its type, or there is no such preset.</exception>
    public static RunPlan Parse(ExperimentEntry entry, IReadOnlyDictionary<string, string> given)
    {
        return new RunPlan(
            entry, OptionRecord.Bind(Activator.CreateInstance(entry.OptionsType)!, given),
            given.GetValueOrDefault(MethodFlag(entry)) is { } names ? WithoutSpaces(names) : entry.DefaultMethods,
            new MethodSettings(entry.Methods).Parse(given), OptionRecord.Bind(new RunSettings(), given));
    }

    /// <summary>The plan of a run that was begun.</summary>
    /// <param name="record">The run, with its options as a record.</param>
    internal static RunPlan Of(ExperimentEntry entry, RunRecord record) => new(
        entry, record.Options, string.Join(',', record.Methods.Select(method => method.Name)),
        new MethodSettings(entry.Methods).FromJson(record.Settings),
        new RunSettings
        {
            Seed = record.Seeds[0],
            Seeds = record.Seeds.Count,
            Threads = record.Threads,
            Jobs = Math.Min(record.Jobs, Environment.ProcessorCount),
        });

    /// <summary>This plan with some texts in place of what it holds.</summary>
    /// <exception cref="OptionException">A value is not of its type.</exception>
    internal RunPlan With(IReadOnlyDictionary<string, string> given)
    {
        var settings = new MethodSettings(Entry.Methods).Parse(given);
        return new RunPlan(
            Entry, OptionRecord.BindOnly(Options, given),
            given.GetValueOrDefault(MethodFlag(Entry)) is { } names ? WithoutSpaces(names) : Methods,
            settings.Concat(Settings.Where(s => !settings.ContainsKey(s.Key))).ToDictionary(), OptionRecord.BindOnly(Run, given));
    }

    /// <summary>What the numbers depend on, as text by flag.</summary>
    internal IReadOnlyDictionary<string, string> Fixed => OptionRecord.Fixed(Options)
        .Append(KeyValuePair.Create(MethodFlag(Entry), Methods ?? "not set"))
        .Concat(OptionRecord.Fixed(Run))
        .Concat(new MethodSettings(Entry.Methods).Texts(Settings)).ToDictionary();

    /// <summary>Checks all that can be checked before the data is there, and sets libtorch's threads.</summary>
    /// <exception cref="OptionException">It cannot be run.</exception>
    internal PreparedRun Prepare()
    {
        CheckJobs(Run.Threads ?? 1);
        Machine.Use(Run.Threads ?? (Run.Jobs > 1 ? 1 : Machine.PhysicalCores));
        var experiment = Entry.Create(Options);
        Require.Between(1, MostSeeds, Run.Seeds, "seeds");
        var seeds = Seeds.InARow(Run.Seed, Run.Seeds);
        return new PreparedRun(
            experiment,
            Experiments.Methods.Select(Entry.Methods, Entry.MethodWord, Methods, Settings, experiment.WhyNot, experiment.Settings),
            seeds);
    }

    private void CheckJobs(int threads)
    {
        if (Run.Jobs < 1 || Run.Jobs > Environment.ProcessorCount)
            throw new OptionException($"--jobs must be from 1 to {Environment.ProcessorCount}, the processors here; got {Run.Jobs}.");
        if (Run.Jobs > 1 && threads > 1)
        {
            throw new OptionException(
                $"--jobs {Run.Jobs} gives each run one thread, which may change its numbers; got {threads} threads. "
                + "Use --jobs 1 or --threads 1.");
        }
    }

    private static string MethodFlag(ExperimentEntry entry) => "--" + entry.MethodWord;

    private static string Words(ExperimentEntry entry) =>
        $"{Format.Capital(entry.MethodWord)}s, separated by commas{(entry.DefaultMethods is null ? "; by default all that apply" : "")}"
        + (ReferenceEquals(entry.Methods, MethodEntry.AllEstimators) ? ". See 'dgrad list'."
            : $": {string.Join(", ", entry.Methods.Select(method => method.Name))}.");

    private static string WithoutSpaces(string names) => names.Replace(" ", "", StringComparison.Ordinal);
}

/// <summary>A run that was checked, and can begin as soon as its data is there.</summary>
internal sealed record PreparedRun(Experiment Experiment, IReadOnlyList<Method> Methods, IReadOnlyList<long> Seeds)
{
    /// <summary>What <c>run.json</c> says of the methods.</summary>
    internal IReadOnlyList<MethodRecord> Records => [.. Methods.Select(method =>
    {
        var options = Experiment.TunedFor(method.Name).Options;
        return new MethodRecord(method.Name, method.Configuration)
        {
            Settings = MethodSettings.ToJson(method.Settings),
            Options = options.Equals(Experiment.Options) ? null : options,
        };
    })];
}
