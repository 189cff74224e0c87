using System.Text;

namespace DiscreteGradients.Cli.Reports;

/// <summary><c>report.md</c>.</summary>
internal static class ReportMarkdown
{
    internal static string Of(IReadOnlyList<SectionReport> sections)
    {
        var text = new StringBuilder("# Report\n");
        foreach (var section in sections)
        {
            text.Append($"\n## {Escape(section.Section.Title)}\n\n{Escape(string.Join(", ", section.Section.Task))}.\n");
            foreach (var table in section.Tables)
                text.Append($"\n{Of(table)}");
            text.Append('\n');
            foreach (var note in section.Notes)
                text.Append($"- {Escape(note)}\n");
            foreach (var (file, caption) in section.Plots)
                text.Append($"\n![{Escape(caption)}](plots/{file}.png)\n");
        }

        return text.ToString();
    }

    /// <summary>With the settings of each row, for which a terminal has no room.</summary>
    private static string Of(ReportTable table)
    {
        var rows = table.Rows.Select(row => (IReadOnlyList<string>)[row.Series.Estimator.Name, string.Join(", ", row.Series.Tuning), .. row.Cells.Skip(1)]);
        string[] header = ["estimator", "settings", .. table.Header.Skip(1)];
        string[] rule = ["---", "---", .. table.Header.Skip(1).Select(_ => "--:")];
        return string.Concat(rows.Prepend(rule).Prepend(header).Select(cells => $"| {string.Join(" | ", cells.Select(Escape))} |\n"));
    }

    private static string Escape(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal);
}
