using System.CommandLine;
using System.ComponentModel;
using DiscreteGradients.Cli.Display;
using DiscreteGradients.Experiments.Efficiency;
using Spectre.Console;

namespace DiscreteGradients.Cli.Commands;

/// <summary>Tasks of <c>dgrad run efficiency</c>.</summary>
internal enum EfficiencyTasks
{
    Both,
    Polynomial,
    Vae,
}

/// <summary>Flags of <c>dgrad run efficiency</c>.</summary>
internal sealed record EfficiencySettings
{
    [Description("Task: polynomial programming, the variational autoencoder 10x30, or both.")]
    public EfficiencyTasks Task { get; init; }

    [Description("Steps of each estimator that are timed, in turn; the median counts.")]
    public int Rounds { get; init; } = 15;

    [Description("New or empty folder for the results; by default runs/efficiency-TIME.")]
    public string? Out { get; init; }

    [Description("Print one JSON object per line of the table on standard output and nothing else.")]
    public bool Json { get; init; }

    [Description("Threads of libtorch; by default one per physical core.")]
    public int? Threads { get; init; }
}

/// <summary><c>dgrad run efficiency</c>: what a training step takes with each estimator, beside the paper's table.</summary>
internal static class EfficiencyCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command("efficiency",
            "Time and memory of a training step with each estimator, as in the paper's efficiency table.");
        var flags = new CommandFlags(command, OptionRecord.Flags(new EfficiencySettings()));
        command.SetAction(parsed => Run(OptionRecord.Bind(new EfficiencySettings(), flags.Given(parsed)), terminal));
        return command;
    }

    private static int Run(EfficiencySettings settings, Terminal terminal)
    {
        Require.AtLeast(1, settings.Rounds, "rounds");
        Machine.Use(settings.Threads ?? Machine.PhysicalCores);
        var folder = OutputFolder.Create(settings.Out ?? RunLauncher.DefaultFolder("efficiency", DateTimeOffset.UtcNow));
        var rows = new List<EfficiencyRow>();
        foreach (var create in Tasks(settings.Task))
        {
            using var task = create();
            if (!settings.Json)
            {
                terminal.Out.WriteLine(
                    $"{task.Name}: {task.Description}; {settings.Rounds} rounds of {EfficiencyStudy.Cases.Count} estimators");
            }

            var measured = Measure(task, settings, terminal);
            rows.AddRange(measured);
            if (settings.Json)
                terminal.Out.Write(string.Concat(measured.Select(row => JsonLine.Of(row) + "\n")));
            else
                Print(measured, terminal);
            folder.WriteFile("efficiency.csv", path => File.WriteAllText(path, EfficiencyRow.ToCsv(rows)));
        }

        if (!settings.Json)
        {
            terminal.Out.WriteLine("Forward and backward pass, no update; medians, "
                + $"on {Format.Count(TorchSharp.torch.get_num_threads(), "thread")} of {Machine.Description["cpu"]}.");
            terminal.Out.WriteLine(
                "Memory: what one step adds at its peak. Paper: arXiv 2304.08612, table 3, on one A6000 GPU, so compare within a column.");
            terminal.Out.WriteLine($"Files: {folder.Path}");
        }

        return DgradApp.Done;
    }

    private static IReadOnlyList<EfficiencyRow> Measure(EfficiencyTask task, EfficiencySettings settings, Terminal terminal)
    {
        if (settings.Json || !terminal.Interactive)
            return EfficiencyStudy.Measure(task, EfficiencyStudy.Cases, settings.Rounds, cancellation: terminal.Cancellation);
        return terminal.Console.Live(new Text("Warming up, then memory.")).AutoClear(true).Start(live => EfficiencyStudy.Measure(
            task, EfficiencyStudy.Cases, settings.Rounds,
            round => live.UpdateTarget(new Text($"Round {round} of {settings.Rounds} done.")),
            terminal.Cancellation));
    }

    private static IEnumerable<Func<EfficiencyTask>> Tasks(EfficiencyTasks tasks)
    {
        if (tasks != EfficiencyTasks.Vae)
            yield return () => new PolynomialTask();
        if (tasks != EfficiencyTasks.Polynomial)
            yield return () => new VaeTask();
    }

    private static void Print(IReadOnlyList<EfficiencyRow> rows, Terminal terminal)
    {
        var table = FittingTable.Of("estimator", "time\na step", "time\nan epoch", "peak\nmemory", "paper:\nan epoch", "\nmemory");
        foreach (var row in rows)
        {
            table.AddRow(
                row.Estimator, Format.Milliseconds(row.SecondsPerStep), Seconds(row.SecondsPerEpoch), Megabytes(row.PeakMegabytes),
                Seconds(row.PaperSeconds), Megabytes(row.PaperMegabytes));
        }

        terminal.Write(table);
    }

    private static string Seconds(double? seconds) =>
        seconds is { } s ? s.ToString(s < 100 ? "0.0" : "0", CultureInfo.InvariantCulture) + " s" : "";

    private static string Megabytes(double? megabytes) =>
        megabytes is { } m ? m.ToString(m < 10 ? "0.0" : "0", CultureInfo.InvariantCulture) + " MB" : "";
}
