using System.ComponentModel;

namespace DiscreteGradients.Cli.Commands;

/// <summary>Flags of <c>dgrad compare</c>.</summary>
internal sealed record CompareSettings
{
    [Description(
        "The objective: a polynomial of degree 1 to 4, a small network, or the toy (b - 0.499)^2 of the papers on unbiased estimators.")]
    public ProblemKind Problem { get; init; } = ProblemKind.Quadratic;

    [Description("Categories K of a latent.")]
    public int Categories { get; init; } = 3;

    [Description("Latents L; all K^L states are enumerated.")]
    public int Latents { get; init; } = 2;

    [Description("Monte-Carlo draws of the gradient.")]
    public int Draws { get; init; } = 20_000;

    [Description("Training steps for estimators that learn, before they are measured; 0 measures them untrained.")]
    public int LearningSteps { get; init; } = 1_000;

    [Description("Estimators, separated by commas; by default all that apply. See 'dgrad list'.")]
    public string? Estimator { get; init; }

    [Description("Seed of the problem and of the draws.")]
    public long Seed { get; init; }

    [Description("New or empty folder for compare.jsonl and the plots; by default nothing is written.")]
    public string? Out { get; init; }

    [Description("Print one JSON object per estimator on standard output and nothing else.")]
    public bool Json { get; init; }

    [Description("Threads of libtorch; one is fastest for problems of this size.")]
    public int Threads { get; init; } = 1;
}
