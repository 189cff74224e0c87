using System.CommandLine;
using System.ComponentModel;
using DiscreteGradients.Cli.Display;

namespace DiscreteGradients.Cli.Commands;

/// <summary>Flags of every <c>dgrad run</c> that say where and how, not what.</summary>
internal sealed record RunFlags
{
    [Description("New or empty folder for the results; by default runs/EXPERIMENT-TIME. With --resume, the folder to go on with.")]
    public string? Out { get; init; }

    [Description("Print the lines of metrics.jsonl on standard output and nothing else.")]
    public bool Json { get; init; }

    [Description("Go on with the run or study in --out, which was interrupted or is shared with other processes; its settings hold.")]
    public bool Resume { get; init; }
}

/// <summary>
/// <c>dgrad run EXPERIMENT</c>: trains with each method and seed and leaves a run folder; where an option has several values, a study.
/// </summary>
internal static class RunCommand
{
    private static readonly RunFlags Nothing = new();

    internal static Command Create(Terminal terminal)
    {
        var run = new Command("run", "Run an experiment.");
        foreach (var entry in ExperimentCatalog.All)
        {
            var command = new Command(entry.Name, Format.Capital(entry.Summary) + ".");
            var flags = new CommandFlags(command, RunPlan.Flags(entry).Concat(OptionRecord.Flags(Nothing)));
            command.SetAction(parsed => Run(entry, flags.Given(parsed), terminal));
            run.Subcommands.Add(command);
        }

        run.Subcommands.Add(EfficiencyCommand.Create(terminal));
        return run;
    }

    private static int Run(ExperimentEntry entry, IReadOnlyDictionary<string, string> all, Terminal terminal)
    {
        var flags = OptionRecord.Bind(Nothing, all);
        var given = all.Where(text => !OptionRecord.Flags(Nothing).Any(flag => flag.Name == text.Key)).ToDictionary();
        var host = new RunHost(flags.Json, terminal);
        return Go() ? DgradApp.Done : DgradApp.Interrupted;

        bool Go()
        {
            if (flags is { Resume: true, Out: { } folder } && StudyRecord.IsIn(folder))
                return OneRunOnly(StudyRecord.Read(folder).Axes) && new StudyLauncher(host).Resume(entry, given, folder);
            if (flags.Resume)
            {
                return new RunLauncher(host).Resume(
                    entry, given, flags.Out ?? throw new OptionException("--resume needs --out DIR, the folder of the run to go on with."));
            }

            return RunPlan.Axes(entry, given) is { Count: > 0 } axes
                ? OneRunOnly(axes) && new StudyLauncher(host).Start(entry, given, flags.Out)
                : new RunLauncher(host).Start(RunPlan.Parse(entry, given), flags.Out);
        }

        bool OneRunOnly(IReadOnlyList<StudyAxis> axes) => flags.Json
            ? throw new OptionException(
                $"--json is for one run; {string.Join(" and ", axes.Select(axis => "--" + axis.Name))}"
                + $" {(axes.Count == 1 ? "makes" : "make")} several.")
            : true;
    }
}
