using System.ComponentModel;

namespace DiscreteGradients.Cli.Commands;

/// <summary>Flags of <c>dgrad report</c>.</summary>
internal sealed record ReportSettings
{
    [Description("New or empty folder for report.md, report.csv and the plots; by default runs/report-TIME.")]
    public string? Out { get; init; }

    [Description("Print one JSON object per series on standard output and nothing else.")]
    public bool Json { get; init; }
}
