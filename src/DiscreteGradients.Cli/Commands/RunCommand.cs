using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DiscreteGradients.Cli.Display;
using DiscreteGradients.Cli.Plots;
using DiscreteGradients.Experiments;
using TorchSharp;

namespace DiscreteGradients.Cli.Commands;

/// <summary><c>dgrad run EXPERIMENT</c>: trains with each estimator and each seed, and leaves a run folder, or a <see cref="Study"/> of several.</summary>
internal sealed class RunCommand(ExperimentEntry entry, OptionsBinder options, OptionsBinder settings, Terminal terminal)
{
    /// <summary>The folder in which a run has its own if none is given.</summary>
    internal const string DefaultFolders = "runs";

    internal static Command Create(Terminal terminal)
    {
        var run = new Command("run", "Run an experiment.");
        foreach (var entry in ExperimentCatalog.All)
        {
            var command = new Command(entry.Name, char.ToUpperInvariant(entry.Summary[0]) + entry.Summary[1..] + ".");
            var options = new OptionsBinder(Activator.CreateInstance(entry.OptionsType)!, command, lists: true);
            var settings = new OptionsBinder(new RunSettings { Estimator = entry.DefaultEstimators }, command, lists: true, settings: true);
            command.SetAction(new RunCommand(entry, options, settings, terminal).Run);
            run.Subcommands.Add(command);
        }

        run.Subcommands.Add(EfficiencyCommand.Create(terminal));
        return run;
    }

    /// <summary>The experiment's name.</summary>
    internal string Experiment => entry.Name;

    private int Run(ParseResult parsed)
    {
        var given = options.Given(parsed).Concat(settings.Given(parsed)).ToDictionary();
        var lists = Lists(given).ToList();
        var one = (RunSettings)settings.Bind(given.Where(g => !lists.Exists(list => "--" + list.Name == g.Key)).ToDictionary());
        if (one is { Resume: true, Out: { } folder } && StudyRecord.IsIn(folder))
            return new Study(this, terminal).Resume(given, one);
        if (one.Resume)
            return Resume(given);
        return lists.Count > 0 ? new Study(this, terminal).Start(given, one) : Start(given);
    }

    /// <summary>Whether there is a flag.</summary>
    internal bool Has(string flag) => options.Has(flag) || settings.Has(flag);

    /// <summary>The options that were given several values.</summary>
    internal IEnumerable<StudyAxis> Lists(IReadOnlyDictionary<string, string> given) => options.Lists(given).Concat(settings.Lists(given));

    /// <summary>What the numbers of a run depend on.</summary>
    internal IReadOnlyDictionary<string, string> Fixed(IReadOnlyDictionary<string, string> given) =>
        FixedSettings.Of(options.Bind(given))
            .Concat(FixedSettings.Of(WithoutSpaces((RunSettings)settings.Bind(given))))
            .Concat(GivenSettings.Texts(settings.Settings(given))).ToDictionary();

    /// <summary>Checks the settings of a run: all that can be checked before its data is there.</summary>
    /// <exception cref="OptionException">It cannot be run.</exception>
    internal (Experiment Experiment, IReadOnlyList<EstimatorChoice> Estimators, long[] Seeds, RunSettings Settings) Prepare(IReadOnlyDictionary<string, string> given)
    {
        var (resolved, wanted) = (options.Bind(given), (RunSettings)settings.Bind(given));
        var jobs = Jobs(wanted, wanted.Threads ?? 1);
        Machine.Use(wanted.Threads ?? (jobs > 1 ? 1 : Machine.PhysicalCores));
        var experiment = entry.Create(resolved);
        var seeds = SeedsOf(wanted);
        return (experiment, EstimatorChoice.Select(wanted.Estimator, settings.Settings(given), experiment), seeds, wanted);
    }

    /// <summary>Finds the data of an experiment, after everything else was checked.</summary>
    /// <exception cref="OptionException">It is not to be had, or damaged.</exception>
    internal void Load(Experiment experiment, bool json) => DataFetchCommand.WithData(experiment.Load, json, terminal);

    /// <param name="given">Texts by flag.</param>
    /// <param name="study">The folder of the study that the run is part of.</param>
    internal int Start(IReadOnlyDictionary<string, string> given, string? study = null)
    {
        var (experiment, estimators, seeds, wanted) = Prepare(given);
        OutputFolder.Check(wanted.Out, otherwise: DefaultFolders);
        Load(experiment, wanted.Json);

        var started = DateTimeOffset.UtcNow;
        using var folder = RunFolder.Create(wanted.Out ?? DefaultFolder(entry.Name, started), study);
        var record = new RunRecord
        {
            Experiment = entry.Name,
            Options = experiment.Options,
            Estimators = Records(estimators, experiment),
            Settings = GivenSettings.ToJson(settings.Settings(given)),
            Seeds = seeds,
            Epochs = experiment.Epochs,
            Optimum = experiment.Optimum,
            Versions = Machine.Versions,
            Commit = Machine.Commit,
            Machine = Machine.Description,
            Threads = torch.get_num_threads(),
            Jobs = wanted.Jobs,
            Started = started,
        };
        return Train(experiment, estimators, folder, record, wanted.Json);
    }

    /// <summary>Whether the run in a folder has come to its end; then what it leaves is made whole.</summary>
    internal bool IsFinished(IReadOnlyDictionary<string, string> given)
    {
        using var folder = RunFolder.Open(given["--out"]);
        var record = Read(folder, given).Record;
        if (record.Finished)
            Repair(folder, record);
        return record.Finished;
    }

    /// <summary>The run in a folder, and what is asked for, which must be the same.</summary>
    /// <exception cref="OptionException">It is not.</exception>
    private (RunRecord Record, RunSettings Wanted) Read(RunFolder folder, IReadOnlyDictionary<string, string> given)
    {
        var record = folder.Read(entry);
        var had = new RunSettings
        {
            Estimator = string.Join(',', record.Estimators.Select(e => e.Name)),
            Seed = record.Seeds[0],
            Seeds = record.Seeds.Count,
            Threads = record.Threads,
            Jobs = Math.Min(record.Jobs, Environment.ProcessorCount),
        };
        var wanted = WithoutSpaces((RunSettings)settings.Bind(given, had));
        var resolved = options.Bind(given, record.Options);
        Same(FixedSettings.Of(record.Options), FixedSettings.Of(resolved));
        Same(FixedSettings.Of(had), FixedSettings.Of(wanted));
        var (before, now) = (GivenSettings.FromJson(record.Settings), settings.Settings(given));
        Same(GivenSettings.Texts(before), GivenSettings.Texts(now.Concat(before.Where(s => !now.ContainsKey(s.Key))).ToDictionary()));
        return (record with { Options = resolved }, wanted);
    }

    /// <inheritdoc cref="Start"/>
    internal int Resume(IReadOnlyDictionary<string, string> given, string? study = null)
    {
        var path = given.GetValueOrDefault("--out")
            ?? throw new OptionException("--resume needs --out DIR, the folder of the run to go on with.");
        using var folder = RunFolder.Open(path, study);
        var (record, wanted) = Read(folder, given);
        if (record.Finished)
        {
            Repair(folder, record);
            if (!wanted.Json)
            {
                terminal.Out.WriteLine($"The run in {path} is finished; there is nothing to go on with.");
                RunReport.Write(record, EstimatorSummary.Of(folder.ReadMetrics()), path, terminal);
            }

            return DgradApp.Done;
        }

        var jobs = Jobs(wanted, record.Threads);
        Machine.Use(record.Threads);
        var experiment = entry.Create(record.Options);
        var estimators = EstimatorChoice.Select(wanted.Estimator, GivenSettings.FromJson(record.Settings), experiment);
        var records = Records(estimators, experiment);
        if (records.Zip(record.Estimators).FirstOrDefault(e => e.First.Configuration != e.Second.Configuration) is ({ } now, { } then))
        {
            var had = StrictJson.Printable(then.Configuration);
            throw new OptionException($"'{now.Name}' is {had} in the run to resume and {now.Configuration} here. Start a new run.");
        }

        foreach (var (before, after) in record.Estimators.Zip(records))
            Same(FixedSettings.Of(before.Options ?? record.Options), FixedSettings.Of(after.Options ?? record.Options));
        folder.CheckBelongings(record);

        record = record with { Estimators = records, Optimum = experiment.Optimum, Jobs = jobs };
        Load(experiment, wanted.Json);
        if (Changes(record) is { Count: > 0 } changes)
            terminal.Error.WriteLine($"The run began with {string.Join(" and ", changes)}; its numbers may differ from those of a run that was never interrupted.");
        return Train(experiment, estimators, folder, record, wanted.Json);
    }

    private int Train(Experiment experiment, IReadOnlyList<EstimatorChoice> estimators, RunFolder folder, RunRecord record, bool json)
    {
        var watch = Stopwatch.StartNew();
        var tensorBoard = new TensorBoardLog(folder.Output);
        var runner = new Runner(experiment, estimators.Select(e => e.Estimator), folder, record)
        {
            Keep = (line, pictures) =>
            {
                foreach (var picture in pictures)
                    folder.Output.WriteFile($"plots/{line.Estimator}-seed{line.Seed}-epoch{line.Epoch}-{picture.Name}.png", path => PictureFile.Write(path, picture));
                tensorBoard.Write(line, pictures);
            },
        };
        runner.Resume(terminal.Error.WriteLine);
        folder.Write(record);
        tensorBoard.Restore(folder.ReadMetrics());

        var progress = new RunProgress([.. estimators.Select(e => e.Name)], record.Seeds, record.Epochs, record.Jobs);
        foreach (var line in folder.ReadMetrics())
            progress.Remember(line);
        var finished = RunDisplay.For(json, record.Experiment, progress, terminal).Show(display => runner.Run(record.Jobs, display, terminal.Cancellation));
        record = record with { WallSeconds = record.WallSeconds + watch.Elapsed.TotalSeconds, Finished = finished };

        var lines = folder.ReadMetrics();
        var summaries = EstimatorSummary.Of(lines);
        WriteResults(folder, record, lines);
        folder.Write(record);  // last, so that a run that says it is finished has everything
        if (summaries.Count > 0 && !json)
        {
            HealthReport.Write(lines, terminal);
            RunReport.Write(record, summaries, folder.Output.Path, terminal);
        }

        if (finished)
            return DgradApp.Done;
        terminal.Error.WriteLine($"Interrupted; go on with: {folder.Command(record)}");
        return DgradApp.Interrupted;
    }

    /// <summary>Makes what a finished run leaves whole again: an earlier version may have been killed while it wrote it.</summary>
    private static void Repair(RunFolder folder, RunRecord record)
    {
        folder.CheckBelongings(record);
        var lines = folder.ReadMetrics();
        folder.Output.KeepsPictures = true;
        WriteResults(folder, record, lines);
        new TensorBoardLog(folder.Output).Restore(lines);
    }

    /// <summary>What follows from the metrics of a run.</summary>
    private static void WriteResults(RunFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines)
    {
        if (lines.Count == 0)
            return;
        folder.Output.WriteFile("summary.csv", path => File.WriteAllText(path, EstimatorSummary.ToCsv(EstimatorSummary.Of(lines))));
        LossPlots.Write(folder.Output, record, lines);
        ValuePlots.Write(folder.Output, record, lines);
    }

    private static EstimatorRecord[] Records(IEnumerable<EstimatorChoice> estimators, Experiment experiment) => [.. estimators.Select(choice =>
    {
        var options = experiment.TunedFor(choice.Name).Options;
        return new EstimatorRecord(choice.Name, choice.Estimator.ToString())
        {
            Settings = GivenSettings.ToJson(choice.Resolved),
            Options = options.Equals(experiment.Options) ? null : options,
        };
    })];

    private static RunSettings WithoutSpaces(RunSettings settings) =>
        settings with { Estimator = settings.Estimator?.Replace(" ", "", StringComparison.Ordinal) };

    /// <summary>Refuses to go on with other settings than a run or a study had.</summary>
    internal static void Same(IReadOnlyDictionary<string, string> had, IReadOnlyDictionary<string, string> wanted)
    {
        if (FixedSettings.Difference(had, wanted) is var (flag, before, now))
            throw new OptionException($"{flag} is {before} in the run to resume; got {now}. Leave it out or start a new run.");
    }

    /// <summary>What computes now and did not when the run began.</summary>
    private static List<string> Changes(RunRecord record)
    {
        var (then, now) = (Computing(record.Versions, record.Commit, record.Machine), Computing(Machine.Versions, Machine.Commit, Machine.Description));
        return
        [
            .. now.Where(n => then.GetValueOrDefault(n.Key) is { } t && t != n.Value)
                .Select(n => $"{n.Key} {StrictJson.Printable(then[n.Key]!)}, now {n.Value}"),
        ];

        static Dictionary<string, string?> Computing(IReadOnlyDictionary<string, string> versions, string? commit, IReadOnlyDictionary<string, string> machine) =>
            new(versions.Select(v => KeyValuePair.Create(v.Key, (string?)v.Value)))
            {
                ["revision"] = commit,
                ["cpu"] = machine.GetValueOrDefault("cpu"),
                ["vectors of"] = machine.GetValueOrDefault("vector"),
            };
    }

    private static int Jobs(RunSettings settings, int threads)
    {
        if (settings.Jobs < 1 || settings.Jobs > Environment.ProcessorCount)
            throw new OptionException($"--jobs must be from 1 to {Environment.ProcessorCount}, the processors here; got {settings.Jobs}.");
        return settings.Jobs == 1 || threads == 1
            ? settings.Jobs
            : throw new OptionException($"--jobs {settings.Jobs} gives each run one thread, which may change its numbers; got {threads} threads. Use --jobs 1 or --threads 1.");
    }

    private static long[] SeedsOf(RunSettings settings)
    {
        if (settings.Seeds is < 1 or > 10_000)
            throw new OptionException($"--seeds must be from 1 to 10000; got {settings.Seeds}.");
        return Seeds.InARow(settings.Seed, settings.Seeds);
    }

    /// <summary>Makes the folder used where none is given: one that nobody else has, even if several begin in the same second.</summary>
    /// <exception cref="OptionException">It cannot be made.</exception>
    internal static string DefaultFolder(string experiment, DateTimeOffset time)
    {
        var runs = OutputFolder.Open(DefaultFolders);
        var path = runs[string.Create(CultureInfo.InvariantCulture, $"{experiment}-{time:yyyyMMdd-HHmmss}")];
        runs.Write(() =>
        {
            Directory.CreateDirectory(runs.Path);
            path = Enumerable.Range(2, int.MaxValue - 2).Select(i => $"{path}-{i}").Prepend(path).First(Native.MakeFolder);
        });
        return path;
    }
}
