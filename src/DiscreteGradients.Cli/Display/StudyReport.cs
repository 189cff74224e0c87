using Spectre.Console;

namespace DiscreteGradients.Cli.Display;

/// <summary>The tables at the end of a study: methods by the values of the last axis, one for each combination of the others.</summary>
internal static class StudyReport
{
    internal static void Write(StudyResults results, Terminal terminal)
    {
        var columns = results.Study.Axes[^1];
        foreach (var cells in results.Study.Cells.GroupBy(cell => cell.Outer(1).Title))
        {
            var table = FittingTable.Of(columns.Name, columns.Values);
            foreach (var method in results.Methods)
                table.AddRow([new Text(method), .. cells.Select(cell => Cell(results, method, cell))]);
            if (cells.Key.Length > 0)
                terminal.Out.WriteLine(cells.Key);
            terminal.Write(table);
        }

        var name = results.ValueName;
        terminal.Out.WriteLine($"{Format.Capital(name)} at the end{(results.Seeds > 1 ? ", mean ± std over seeds" : "")}.");
        foreach (var note in results.Notes)
            terminal.Out.WriteLine(note);
        var folders = string.Join('-', results.Study.Axes.Select(axis => $"{axis.Name}-{axis.Name[..1].ToUpperInvariant()}"));
        terminal.Out.WriteLine($"Folders: {Path.Combine(results.Folder, folders)}");
    }

    /// <summary>Green if no method is better there.</summary>
    private static Text Cell(StudyResults results, string method, StudyCell cell)
    {
        var value = results.Value(method, cell);
        var text = results.IsGap && value is { N: 1, Mean: var gap }
            ? gap.ToString("0.00000", CultureInfo.InvariantCulture)
            : Format.Number(value);
        return new Text(text, results.IsBest(method, cell) ? new Style(Color.Green) : Style.Plain);
    }
}
