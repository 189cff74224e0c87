using System.ComponentModel;

namespace DiscreteGradients.Cli.Commands;

/// <summary>Which passes <c>dgrad bench</c> times.</summary>
internal enum BenchPasses
{
    Both,
    Forward,
    ForwardBackward,
}

/// <summary>Flags of <c>dgrad bench</c>.</summary>
internal sealed record BenchSettings
{
    [Description("Pathwise estimators, separated by commas; by default all that have a published form. See 'dgrad list'.")]
    public string? Estimator { get; init; }

    [Description("Logits, ROWSxCATEGORIES, separated by commas.")]
    public string Shapes { get; init; } = "";

    [Description("Instead of --shapes, about so many logits in rows of 2 to 151,936 categories, and a picture of what each costs.")]
    public int? Curve { get; init; }

    [Description("What is timed: the sample, or the sample and the gradient of the logits.")]
    public BenchPasses Pass { get; init; }

    [Description("Numbers of threads, separated by commas.")]
    public string Threads { get; init; } = "";

    [Description("Seconds for one estimator, shape, pass and number of threads.")]
    public double Seconds { get; init; } = 1;

    [Description("New file for all figures, as comma-separated values; by default none is written.")]
    public string? Out { get; init; }

    [Description("Measure nothing: show the figures of a file that --out wrote.")]
    public string? From { get; init; }

    [Description("Print Markdown tables on standard output and nothing else.")]
    public bool Markdown { get; init; }

    [Description("Print one JSON object per line of the table on standard output and nothing else.")]
    public bool Json { get; init; }
}
