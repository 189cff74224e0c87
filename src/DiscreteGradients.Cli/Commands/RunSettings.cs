using System.ComponentModel;
using DiscreteGradients.Experiments;

namespace DiscreteGradients.Cli.Commands;

/// <summary>Flags of every <c>dgrad run</c>.</summary>
internal sealed record RunSettings
{
    [Description("Estimators, separated by commas; without a default, all that apply. See 'dgrad list'.")]
    public string? Estimator { get; init; }

    [OneValue]
    [Description("First seed.")]
    public long Seed { get; init; }

    [OneValue]
    [Description("Number of seeds: seed, seed + 1, ...")]
    public int Seeds { get; init; } = 1;

    [MayChange]
    [Description("New or empty folder for the results; by default runs/EXPERIMENT-TIME. With --resume, the folder to go on with.")]
    public string? Out { get; init; }

    [MayChange]
    [Description("Print the lines of metrics.jsonl on standard output and nothing else.")]
    public bool Json { get; init; }

    [OneValue]
    [Description("Threads of libtorch; by default one per physical core, or one for each of several jobs.")]
    public int? Threads { get; init; }

    [MayChange]
    [Description("Runs side by side, each estimator and seed on one thread; the numbers are those of --threads 1.")]
    public int Jobs { get; init; } = 1;

    [MayChange]
    [Description("Go on with the run or study in --out, which was interrupted; its settings hold.")]
    public bool Resume { get; init; }
}
