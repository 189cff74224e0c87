using System.ComponentModel;

namespace DiscreteGradients.Cli.Commands;

/// <summary>Flags of <c>dgrad data</c>.</summary>
internal sealed record DataSettings
{
    [Description("Folder with one folder per data set (mnist/, omniglot/, ...); tried before $DGRAD_DATA, the cache and the system.")]
    public string? Data { get; init; }

    [Description("Print one JSON object for each set on standard output and nothing else.")]
    public bool Json { get; init; }
}
