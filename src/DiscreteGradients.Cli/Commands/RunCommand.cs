using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DiscreteGradients.Cli.Display;
using DiscreteGradients.Cli.Plots;
using DiscreteGradients.Experiments;
using TorchSharp;

namespace DiscreteGradients.Cli.Commands;

/// <summary><c>dgrad run EXPERIMENT</c>: trains with each estimator and each seed, and leaves a run folder.</summary>
internal static class RunCommand
{
    internal static Command Create(Terminal terminal)
    {
        var run = new Command("run", "Run an experiment.");
        foreach (var entry in ExperimentCatalog.All)
        {
            var command = new Command(entry.Name, char.ToUpperInvariant(entry.Summary[0]) + entry.Summary[1..] + ".");
            var options = new OptionsBinder(Activator.CreateInstance(entry.OptionsType)!, command);
            var settings = new OptionsBinder(new RunSettings { Estimator = entry.DefaultEstimators }, command);
            command.SetAction(parsed => ((RunSettings)settings.Bind(parsed)).Resume
                ? Resume(entry, options, settings, parsed, terminal)
                : Start(entry, options.Bind(parsed), (RunSettings)settings.Bind(parsed), terminal));
            run.Subcommands.Add(command);
        }

        run.Subcommands.Add(EfficiencyCommand.Create(terminal));
        return run;
    }

    private static int Start(ExperimentEntry entry, object options, RunSettings settings, Terminal terminal)
    {
        var jobs = Jobs(settings, settings.Threads ?? 1);
        Machine.Use(settings.Threads ?? (jobs > 1 ? 1 : Machine.PhysicalCores));
        var experiment = DataFetchCommand.WithData(() => entry.Create(options), settings.Json, terminal);
        return settings.Temperature is { Length: > 1 } temperatures
            ? new TemperatureStudy(temperatures, settings.Out ?? DefaultFolder(entry.Name, DateTimeOffset.UtcNow), terminal).Run(
                settings, one => EstimatorChoice.Select(one.Estimator, Knobs(one), experiment), one => Start(entry, experiment, one, terminal))
            : Start(entry, experiment, settings, terminal);
    }

    private static int Start(ExperimentEntry entry, Experiment experiment, RunSettings settings, Terminal terminal)
    {
        var seeds = Seeds(settings);
        var estimators = EstimatorChoice.Select(settings.Estimator, Knobs(settings), experiment);

        var started = DateTimeOffset.UtcNow;
        using var folder = RunFolder.Create(settings.Out ?? DefaultFolder(entry.Name, started));
        var record = new RunRecord
        {
            Experiment = entry.Name,
            Options = experiment.Options,
            Estimators = Records(estimators, experiment),
            Settings = Knobs(settings),
            Seeds = seeds,
            Epochs = experiment.Epochs,
            Optimum = experiment.Optimum,
            Versions = Machine.Versions,
            Commit = Machine.Commit,
            Machine = Machine.Description,
            Threads = torch.get_num_threads(),
            Jobs = settings.Jobs,
            Started = started,
        };
        folder.Write(record);
        return Train(experiment, estimators, folder, record, settings.Json, terminal);
    }

    private static int Resume(ExperimentEntry entry, OptionsBinder options, OptionsBinder settings, ParseResult parsed, Terminal terminal)
    {
        var path = ((RunSettings)settings.Bind(parsed)).Out ?? throw new OptionException("--resume needs --out DIR, the folder of the run to go on with.");
        using var folder = RunFolder.Open(path);
        var record = folder.Read(entry);
        var had = new RunSettings
        {
            Estimator = string.Join(',', record.Estimators.Select(e => e.Name)),
            Temperature = record.Settings.Temperature is { } temperature ? [temperature] : null,
            NoiseDraws = record.Settings.Draws,
            Samples = record.Settings.Samples,
            Seed = record.Seeds[0],
            Seeds = record.Seeds.Count,
            Threads = record.Threads,
            Jobs = Math.Min(record.Jobs, Environment.ProcessorCount),
        };
        var wanted = (RunSettings)settings.Bind(parsed, had);
        wanted = wanted with { Estimator = wanted.Estimator?.Replace(" ", "", StringComparison.Ordinal) };
        var resolved = options.Bind(parsed, record.Options);
        Same(record.Options, resolved);
        Same(had, wanted);

        var jobs = Jobs(wanted, record.Threads);
        Machine.Use(record.Threads);
        var experiment = DataFetchCommand.WithData(() => entry.Create(resolved), wanted.Json, terminal);
        var estimators = EstimatorChoice.Select(wanted.Estimator, record.Settings, experiment);
        var records = Records(estimators, experiment);
        if (records.Zip(record.Estimators).FirstOrDefault(e => e.First.Configuration != e.Second.Configuration) is ({ } now, { } then))
            throw new OptionException($"'{now.Name}' is {then.Configuration} in the run to resume and {now.Configuration} here. Start a new run.");

        record = record with { Options = resolved, Estimators = records, Jobs = jobs };
        if (record.Finished)
        {
            if (!wanted.Json)
            {
                terminal.Out.WriteLine($"The run in {path} is finished; there is nothing to go on with.");
                RunReport.Write(record, EstimatorSummary.Of(folder.ReadMetrics()), path, terminal);
            }

            return DgradApp.Done;
        }

        if (Changes(record) is { Count: > 0 } changes)
            terminal.Error.WriteLine($"The run began with {string.Join(" and ", changes)}; its numbers may differ from those of a run that was never interrupted.");
        folder.Write(record);
        return Train(experiment, estimators, folder, record, wanted.Json, terminal);
    }

    private static int Train(
        Experiment experiment, IReadOnlyList<EstimatorChoice> estimators, RunFolder folder, RunRecord record, bool json, Terminal terminal)
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

        var progress = new RunProgress([.. estimators.Select(e => e.Name)], record.Seeds, record.Epochs, record.Jobs);
        var finished = RunDisplay.For(json, record.Experiment, progress, terminal).Show(display => runner.Run(record.Jobs, display, terminal.Cancellation));
        record = record with { WallSeconds = record.WallSeconds + watch.Elapsed.TotalSeconds, Finished = finished };
        folder.Write(record);

        var lines = folder.ReadMetrics();
        var summaries = EstimatorSummary.Of(lines);
        if (summaries.Count > 0)
        {
            folder.Output.WriteFile("summary.csv", path => File.WriteAllText(path, EstimatorSummary.ToCsv(summaries)));
            LossPlots.Write(folder.Output, record, lines);
            ValuePlots.Write(folder.Output, record, lines);
            if (!json)
            {
                HealthReport.Write(lines, terminal);
                RunReport.Write(record, summaries, folder.Output.Path, terminal);
            }
        }

        if (finished)
            return DgradApp.Done;
        terminal.Error.WriteLine($"Interrupted; go on with: {folder.Command(record)}");
        return DgradApp.Interrupted;
    }

    private static EstimatorSettings Knobs(RunSettings settings) => new(settings.Temperature?[0], settings.NoiseDraws, settings.Samples);

    private static EstimatorRecord[] Records(IEnumerable<EstimatorChoice> estimators, Experiment experiment) => [.. estimators.Select(choice =>
    {
        var options = experiment.TunedFor(choice.Name).Options;
        return new EstimatorRecord(choice.Name, choice.Estimator.ToString()) { Options = options.Equals(experiment.Options) ? null : options };
    })];

    /// <summary>Refuses to go on with other settings than a run had.</summary>
    private static void Same(object had, object wanted)
    {
        if (FixedSettings.Difference(FixedSettings.Of(had), FixedSettings.Of(wanted)) is var (flag, before, now))
            throw new OptionException($"{flag} is {before} in the run to resume; got {now}. Leave it out or start a new run.");
    }

    /// <summary>What computes now and did not when the run began.</summary>
    private static List<string> Changes(RunRecord record)
    {
        var (then, now) = (Computing(record.Versions, record.Commit, record.Machine), Computing(Machine.Versions, Machine.Commit, Machine.Description));
        return [.. now.Where(n => then.GetValueOrDefault(n.Key) is { } t && t != n.Value).Select(n => $"{n.Key} {then[n.Key]}, now {n.Value}")];

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

    private static long[] Seeds(RunSettings settings)
    {
        if (settings.Seed < 0)
            throw new OptionException($"--seed must be at least 0; got {settings.Seed}.");
        if (settings.Seeds is < 1 or > 10_000)
            throw new OptionException($"--seeds must be from 1 to 10000; got {settings.Seeds}.");
        return [.. Enumerable.Range(0, settings.Seeds).Select(i => settings.Seed + i)];
    }

    internal static string DefaultFolder(string experiment, DateTimeOffset time)
    {
        var path = Path.Combine("runs", string.Create(CultureInfo.InvariantCulture, $"{experiment}-{time:yyyyMMdd-HHmmss}"));
        return Enumerable.Range(2, int.MaxValue - 2).Select(i => $"{path}-{i}").Prepend(path).First(p => !Path.Exists(p));
    }
}
