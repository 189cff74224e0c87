using System.Text;

namespace DiscreteGradients.Experiments;

/// <summary><c>report.md</c>.</summary>
internal static class ReportMarkdown
{
    /// <param name="studies">The maps of the studies among the runs: names of files and captions.</param>
    internal static string Of(IReadOnlyList<SectionReport> sections, IReadOnlyList<(string File, string Caption)> studies)
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
            text.Append(Images(section.Plots));
        }

        if (studies.Count > 0)
            text.Append($"\n## Studies\n{Images(studies)}");
        return text.ToString();
    }

    private static string Images(IEnumerable<(string File, string Caption)> plots) =>
        string.Concat(plots.Select(plot => $"\n![{Escape(plot.Caption)}](plots/{plot.File}.png)\n"));

    /// <summary>With the settings of each row, for which a terminal has no room.</summary>
    private static string Of(ReportTable table)
    {
        var rows = table.Rows.Select(row =>
            (IReadOnlyList<string>)[row.Series.Method.Name, string.Join(", ", row.Series.Tuning), .. row.Cells.Skip(1)]);
        string[] header = [table.Header[0], "settings", .. table.Header.Skip(1)];
        string[] rule = ["---", "---", .. table.Header.Skip(1).Select(_ => "--:")];
        return string.Concat(rows.Prepend(rule).Prepend(header).Select(cells => $"| {string.Join(" | ", cells.Select(Escape))} |\n"));
    }

    private static string Escape(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal);
}
