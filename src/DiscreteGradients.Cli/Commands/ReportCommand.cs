using System.CommandLine;
using DiscreteGradients.Cli.Display;
using DiscreteGradients.Cli.Plots;
using Spectre.Console;

namespace DiscreteGradients.Cli.Commands;

/// <summary><c>dgrad report DIR...</c>: tables and plots over all runs in some folders, beside what others report.</summary>
internal static class ReportCommand
{
    internal static Command Create(Terminal terminal)
    {
        var folders = new Argument<string[]>("DIR")
        {
            Description = "Run folders, or folders that hold some.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("report", "Tabulate and plot all runs found in the given folders.") { folders };
        var flags = new CommandFlags(command, OptionRecord.Flags(new ReportSettings()));
        command.SetAction(parsed =>
            Report(parsed.GetRequiredValue(folders), OptionRecord.Bind(new ReportSettings(), flags.Given(parsed)), terminal));
        return command;
    }

    private static int Report(string[] folders, ReportSettings settings, Terminal terminal)
    {
        var sections = RunSection.Of(RunSeries.Of(StoredRun.ReadAll(folders)));
        var output = OutputFolder.Create(settings.Out ?? RunLauncher.DefaultFolder("report", DateTimeOffset.UtcNow));
        var report = sections.Select(section => new SectionReport(section, ReportPlots.Write(output, section))).ToList();
        var studies = folders.SelectMany(StudyRecord.Find).DistinctBy(Path.GetFullPath).Select(StudyResults.Read).ToList();
        var maps = studies.SelectMany(
            (study, i) => StudyPlots.Write(output, study, studies.Count == 1 ? "study-" : $"study-{i + 1}-")).ToList();
        output.WriteFile("report.md", path => File.WriteAllText(path, ReportMarkdown.Of(report, maps)));
        output.WriteFile("report.csv", path => File.WriteAllText(path, ReportRow.ToCsv(sections.SelectMany(ReportRow.Of))));
        if (settings.Json)
        {
            foreach (var row in sections.SelectMany(ReportRow.Of))
                terminal.Out.Write(row.ToJson() + "\n");
        }
        else
        {
            Print(report, output.Path, terminal);
        }

        return DgradApp.Done;
    }

    private static void Print(List<SectionReport> report, string folder, Terminal terminal)
    {
        foreach (var section in report)
        {
            terminal.Out.WriteLine(section.Section.Title);
            foreach (var table in section.Tables)
            {
                terminal.Out.WriteLine();
                terminal.Write(Grid(table));
            }

            terminal.Out.WriteLine();
            foreach (var note in section.Notes)
                terminal.Out.WriteLine(note);
            terminal.Out.WriteLine();
        }

        terminal.Out.WriteLine($"Files: {folder}");
    }

    private static Table Grid(ReportTable table)
    {
        var grid = FittingTable.Of(table.Header[0], table.Header.Skip(1));
        foreach (var row in table.Rows)
            grid.AddRow(row.Cells.Select(cell => new Text(cell, cell is "below" or "above" ? new Style(Color.Yellow) : Style.Plain)));
        return grid;
    }
}
