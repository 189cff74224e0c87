using System.ComponentModel;

namespace DiscreteGradients.Cli.Commands;

/// <summary>Flags of <c>dgrad nas lookup</c>.</summary>
internal sealed record NasLookupSettings
{
    [Description("New file for a drawing of the cell, which ends with .png or .svg; by default none is made.")]
    public string? Draw { get; init; }

    [Description("A table of your own in the form of the one that comes with dgrad, gzipped or not.")]
    public string? Table { get; init; }

    [Description("Print one JSON object on standard output and nothing else.")]
    public bool Json { get; init; }
}

/// <summary>Flags of <c>dgrad nas baselines</c>.</summary>
internal sealed record NasBaselinesSettings
{
    [Description("Numbers of random cells of which the best is taken, separated by commas.")]
    public string Cells { get; init; } = NasBaselines.DefaultCells;

    [Description("A table of your own in the form of the one that comes with dgrad, gzipped or not.")]
    public string? Table { get; init; }

    [Description("Print one JSON object for each row on standard output and nothing else.")]
    public bool Json { get; init; }
}

/// <summary>Flags of <c>dgrad nas rank</c>.</summary>
internal sealed record NasRankSettings
{
    [Description("The data set whose test accuracy orders the cells.")]
    public NasSet Dataset { get; init; }

    [Description("How many of the best cells are listed.")]
    public int Top { get; init; } = 10;

    [Description("A table of your own in the form of the one that comes with dgrad, gzipped or not.")]
    public string? Table { get; init; }

    [Description("Print one JSON object for each cell on standard output and nothing else.")]
    public bool Json { get; init; }
}
