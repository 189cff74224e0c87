using System.Globalization;
using DiscreteGradients.Experiments;
using Spectre.Console;

namespace DiscreteGradients.Cli.Display;

/// <summary>The tables at the end of a study: estimators by the values of the last axis, one for each combination of the others.</summary>
internal static class StudyReport
{
    internal static void Write(StudyResults results, string folder, Terminal terminal)
    {
        var columns = results.Study.Axes[^1];
        foreach (var cells in results.Study.Cells.GroupBy(cell => cell.Outer(1).Title))
        {
            var table = new Table().Border(TableBorder.None).AddColumn(Column(columns.Name));
            foreach (var value in columns.Values)
                table.AddColumn(Column(value).RightAligned());
            foreach (var estimator in results.Estimators)
                table.AddRow([new Text(estimator), .. cells.Select(cell => Cell(results, estimator, cell))]);
            if (cells.Key.Length > 0)
                terminal.Out.WriteLine(cells.Key);
            terminal.Write(table);
        }

        terminal.Out.WriteLine($"{(results.IsGap ? "Expected losses above the optimum" : "Train losses")} at the end{(results.Seeds > 1 ? ", mean ± std over seeds" : "")}.");
        terminal.Out.WriteLine($"Folders: {Path.Combine(folder, string.Join('-', results.Study.Axes.Select(axis => $"{axis.Name}-{axis.Name[..1].ToUpperInvariant()}")))}");
    }

    /// <summary>Green if no estimator is better there.</summary>
    private static Text Cell(StudyResults results, string estimator, StudyCell cell)
    {
        var (loss, best) = (results.Loss(estimator, cell), results.Estimators.Min(other => results.Loss(other, cell)?.Mean));
        var text = results.IsGap && loss is { N: 1, Mean: var gap } ? gap.ToString("0.00000", CultureInfo.InvariantCulture) : Format.Loss(loss);
        return new Text(text, loss?.Mean == best ? new Style(Color.Green) : Style.Plain);
    }

    private static TableColumn Column(string header) => new TableColumn(new Text(header)).NoWrap();
}
