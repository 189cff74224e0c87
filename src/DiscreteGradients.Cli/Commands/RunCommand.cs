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
            command.SetAction(parsed => Run(entry, options.Bind(parsed), (RunSettings)settings.Bind(parsed), terminal));
            run.Subcommands.Add(command);
        }

        run.Subcommands.Add(EfficiencyCommand.Create(terminal));
        return run;
    }

    private static int Run(ExperimentEntry entry, object options, RunSettings settings, Terminal terminal)
    {
        Machine.Use(settings.Threads ?? Machine.PhysicalCores);
        var experiment = DataFetchCommand.WithData(() => entry.Create(options), settings.Json, terminal);
        return settings.Temperature is { Length: > 1 } temperatures
            ? new TemperatureStudy(temperatures, settings.Out ?? DefaultFolder(entry.Name, DateTimeOffset.UtcNow), terminal).Run(
                settings, one => Choose(one, experiment), one => Run(entry, experiment, one, terminal))
            : Run(entry, experiment, settings, terminal);
    }

    private static IReadOnlyList<EstimatorChoice> Choose(RunSettings settings, Experiment experiment) => EstimatorChoice.Select(
        settings.Estimator, new EstimatorSettings(settings.Temperature?[0], settings.NoiseDraws, settings.Samples), experiment);

    private static int Run(ExperimentEntry entry, Experiment experiment, RunSettings settings, Terminal terminal)
    {
        var seeds = Seeds(settings);
        var estimators = Choose(settings, experiment);

        var started = DateTimeOffset.UtcNow;
        using var folder = RunFolder.Create(settings.Out ?? DefaultFolder(entry.Name, started));
        var record = new RunRecord
        {
            Experiment = entry.Name,
            Options = experiment.Options,
            Estimators = [.. estimators.Select(e => Record(e, experiment))],
            Seeds = seeds,
            Epochs = experiment.Epochs,
            Optimum = experiment.Optimum,
            Versions = Machine.Versions,
            Commit = Machine.Commit,
            Machine = Machine.Description,
            Threads = torch.get_num_threads(),
            Started = started,
        };
        folder.Write(record);

        var watch = Stopwatch.StartNew();
        var progress = new RunProgress([.. estimators.Select(e => e.Name)], seeds, experiment.Epochs);
        var finished = RunDisplay.For(settings.Json, entry.Name, progress, terminal)
            .Show(display => Train(entry.Name, experiment, estimators, seeds, folder, display, terminal.Cancellation));
        record = record with { WallSeconds = watch.Elapsed.TotalSeconds, Finished = finished };
        folder.Write(record);

        var lines = folder.ReadMetrics();
        var summaries = EstimatorSummary.Of(lines);
        if (summaries.Count > 0)
        {
            folder.Output.WriteFile("summary.csv", path => File.WriteAllText(path, EstimatorSummary.ToCsv(summaries)));
            LossPlots.Write(folder.Output, record, lines);
            ValuePlots.Write(folder.Output, record, lines);
            if (!settings.Json)
            {
                HealthReport.Write(lines, terminal);
                RunReport.Write(record, summaries, folder.Output.Path, terminal);
            }
        }

        if (finished)
            return DgradApp.Done;
        terminal.Error.WriteLine($"Interrupted; what was finished is in {folder.Output.Path}. Run the same command again to start over in a new folder.");
        return DgradApp.Interrupted;
    }

    /// <summary>True if it went through, false if it was interrupted.</summary>
    private static bool Train(
        string name, Experiment experiment, IReadOnlyList<EstimatorChoice> estimators, IReadOnlyList<long> seeds,
        RunFolder folder, RunDisplay display, CancellationToken cancellation)
    {
        var tensorBoard = new TensorBoardLog(folder.Output);
        try
        {
            foreach (var (estimatorName, estimator) in estimators)
            {
                foreach (var seed in seeds)
                {
                    display.Begin(estimatorName, seed);
                    foreach (var epoch in experiment.TunedFor(estimatorName).Run(estimator, seed, display.Step, cancellation))
                    {
                        var line = MetricsLine.Of(name, estimatorName, seed, epoch);
                        folder.Append(line);
                        foreach (var picture in epoch.Pictures)
                            folder.Output.WriteFile($"plots/{estimatorName}-seed{seed}-epoch{epoch.Epoch}-{picture.Name}.png", path => PictureFile.Write(path, picture));
                        tensorBoard.Write(line, epoch.Pictures);
                        display.Epoch(line);
                    }
                }
            }

            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static EstimatorRecord Record(EstimatorChoice choice, Experiment experiment)
    {
        var options = experiment.TunedFor(choice.Name).Options;
        return new EstimatorRecord(choice.Name, choice.Estimator.ToString()) { Options = options.Equals(experiment.Options) ? null : options };
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
