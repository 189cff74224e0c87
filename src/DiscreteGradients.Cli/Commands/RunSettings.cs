using System.ComponentModel;

namespace DiscreteGradients.Cli.Commands;

/// <summary>Flags of every <c>dgrad run</c>.</summary>
internal sealed record RunSettings
{
    [Description("Estimators, separated by commas; without a default, all that apply. See 'dgrad list'.")]
    public string? Estimator { get; init; }

    [Description("Temperature of the estimators that have one; several, separated by commas, are one run each.")]
    public double[]? Temperature { get; init; }

    [Description("Noise draws of gumbel-rao.")]
    public int? NoiseDraws { get; init; }

    [Description("Samples of the score-function estimators.")]
    public int? Samples { get; init; }

    [Description("First seed.")]
    public long Seed { get; init; }

    [Description("Number of seeds: seed, seed + 1, ...")]
    public int Seeds { get; init; } = 1;

    [Description("New or empty folder for the results; by default runs/EXPERIMENT-TIME.")]
    public string? Out { get; init; }

    [Description("Print the lines of metrics.jsonl on standard output and nothing else.")]
    public bool Json { get; init; }

    [Description("Threads of libtorch; by default one per physical core.")]
    public int? Threads { get; init; }
}
