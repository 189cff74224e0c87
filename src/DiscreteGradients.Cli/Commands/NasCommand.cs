using System.CommandLine;
using DiscreteGradients.Cli.Display;
using DiscreteGradients.Cli.Plots;
using Spectre.Console;

namespace DiscreteGradients.Cli.Commands;

/// <summary><c>dgrad nas</c>: what NAS-Bench-201 measured of every cell, without training anything.</summary>
internal static class NasCommand
{
    internal static Command Create(Terminal terminal) =>
        new("nas", "Look up cells of the NAS-Bench-201 space in the table of their accuracies; train nothing.")
        {
            Lookup(terminal),
            Baselines(terminal),
            Rank(terminal),
        };

    private static Command Lookup(Terminal terminal)
    {
        var arch = new Argument<string>("ARCH") { Description = $"{NasCell.Form} in quotes, or the benchmark's number of the cell." };
        var command = new Command("lookup", "Show a cell, its accuracies and how many cells are better; draw it.") { arch };
        var flags = new CommandFlags(command, OptionRecord.Flags(new NasLookupSettings()));
        command.SetAction(parsed => NasCommand.Lookup(
            parsed.GetRequiredValue(arch), OptionRecord.Bind(new NasLookupSettings(), flags.Given(parsed)), terminal));
        return command;
    }

    private static Command Baselines(Terminal terminal)
    {
        var command = new Command("baselines", "Show what a search has to beat: random search, a trivial proxy, trivial cells.");
        var flags = new CommandFlags(command, OptionRecord.Flags(new NasBaselinesSettings()));
        command.SetAction(parsed =>
            NasCommand.Baselines(OptionRecord.Bind(new NasBaselinesSettings(), flags.Given(parsed)), terminal));
        return command;
    }

    private static Command Rank(Terminal terminal)
    {
        var arch = new Argument<string?>("ARCH")
        {
            Description = "A cell to be ranked beside the best, as for 'dgrad nas lookup'.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("rank", "List the best cells, and where one cell stands.") { arch };
        var flags = new CommandFlags(command, OptionRecord.Flags(new NasRankSettings()));
        command.SetAction(parsed => NasCommand.Rank(
            parsed.GetValue(arch), OptionRecord.Bind(new NasRankSettings(), flags.Given(parsed)), terminal));
        return command;
    }

    private static int Lookup(string arch, NasLookupSettings settings, Terminal terminal)
    {
        if (settings.Draw is { } drawing)
            CellDrawing.Check(drawing);
        var table = Table(settings.Table);
        var row = table.Find(arch);
        var alike = table.Alike(row).Where(other => other != row).ToList();
        if (settings.Draw is { } path)
        {
            CellDrawing.Write(path, NasCellSketch.Draw(row.Cell,
                $"{row.Cell}",
                "test accuracy: " + string.Join(", ", NasTable.Sets.Select(set => $"{set.Title} {Percent(row[set.Set].Test)}"))));
        }

        if (settings.Json)
        {
            terminal.Out.Write(JsonLine.Of(new
            {
                row.Index,
                Arch = row.Cell.ToString(),
                row.IsoClass,
                Isomorphic = alike.Select(other => other.Index),
                Accuracies = NasTable.Sets.ToDictionary(set => set.Name, set => new
                {
                    row[set.Set].Test,
                    row[set.Set].EarlyValidation,
                    row[set.Set].EarlyTest,
                    Regret = table.Regret(row, set.Set),
                    Rank = table.Rank(row, set.Set),
                    Percentile = table.Percentile(row, set.Set),
                }),
            }) + "\n");
            return DgradApp.Done;
        }

        terminal.Out.WriteLine($"{row.Cell}");
        terminal.Out.WriteLine();
        terminal.Out.WriteLine(NasCellSketch.Draw(row.Cell).Text);
        terminal.Write(Accuracies(table, row));
        terminal.Out.WriteLine();
        terminal.Console.Write(new Text(
            "Accuracies in per cent: of test images after 200 epochs (mean over up to three seeds); early: after 12 epochs.\n"
            + $"Regret, rank and percentile: by that test accuracy, among {table.Rows.Count} cells.\n"
            + $"Cell {row.Index} of the benchmark; class {row.IsoClass} of isomorphic cells, "
            + (alike.Count == 0
                ? "alone in it.\n" : $"with {Format.Count(alike.Count, "other")}: {Some(alike.ConvertAll(o => o.Index))}.\n")));
        if (settings.Draw is { } file)
            terminal.Out.WriteLine($"Picture: {file}");
        WriteSource(settings.Table, terminal);
        return DgradApp.Done;
    }

    private static Table Accuracies(NasTable table, NasRow row)
    {
        var grid = FittingTable.Of("data set", ["test", "regret", "rank", "percentile", "early valid", "early test"]);
        foreach (var (set, _, title) in NasTable.Sets)
        {
            string[] cells =
            [
                title, Percent(row[set].Test), Percent(table.Regret(row, set)), $"{table.Rank(row, set)}",
                Percent(table.Percentile(row, set)), Percent(row[set].EarlyValidation), Percent(row[set].EarlyTest),
            ];
            grid.AddRow(cells.Select(cell => new Text(cell)));
        }

        return grid;
    }

    private static int Baselines(NasBaselinesSettings settings, Terminal terminal)
    {
        var table = Table(settings.Table);
        var baselines = NasBaselines.All(table, Counts(settings.Cells, table.Rows.Count)).ToList();
        var proxies = NasBaselines.Proxies(table).ToList();
        if (settings.Json)
        {
            foreach (var baseline in baselines)
            {
                terminal.Out.Write(JsonLine.Of(new
                {
                    Baseline = baseline.Name,
                    Accuracies = NasTable.Sets.Zip(baseline.Outcomes).ToDictionary(pair => pair.First.Name, pair => pair.Second),
                }) + "\n");
            }

            foreach (var proxy in proxies)
            {
                terminal.Out.Write(JsonLine.Of(new
                {
                    Proxy = proxy.Name,
                    Dataset = proxy.Set,
                    Spearman = NasBaselines.Shares.Zip(proxy.Correlations)
                        .Select(pair => new { Share = pair.First, Correlation = pair.Second }),
                }) + "\n");
            }

            return DgradApp.Done;
        }

        var reached = FittingTable.Of("test accuracy", NasTable.Sets.Select(set => set.Title));
        foreach (var baseline in baselines)
            reached.AddRow([.. baseline.Outcomes.Select(Words).Prepend(baseline.Name).Select(cell => new Text(cell))]);
        var ranks = FittingTable.Of("rank correlation", ["data set", .. NasBaselines.Shares.Select(Best)]);
        foreach (var proxy in proxies)
        {
            ranks.AddRow([
                new Text(proxy.Name), new Text(NasTable.Sets.First(set => set.Set == proxy.Set).Title),
                .. proxy.Correlations.Select(r => new Text(r.ToString("0.000", CultureInfo.InvariantCulture)))]);
        }

        terminal.Write(reached);
        terminal.Out.WriteLine();
        terminal.Write(ranks);
        terminal.Out.WriteLine();
        foreach (var note in (string[])
        [
            "Test accuracy after 200 epochs, in per cent: mean ± std over all ways to draw the cells, computed and not simulated.",
            "validation: accuracy of the set's own validation images after 12 epochs of training each cell.",
            "convolutions: how many edges are conv 3x3, and half of those that are conv 1x1; nothing is trained.",
            "Rank correlation (Spearman) with test accuracy, over all cells and over the best by test accuracy.",
        ])
        {
            terminal.Console.Write(new Text($"{note}\n"));
        }

        WriteSource(settings.Table, terminal);
        return DgradApp.Done;
    }

    private static int Rank(string? arch, NasRankSettings settings, Terminal terminal)
    {
        var table = Table(settings.Table);
        Require.Between(1, table.Rows.Count, settings.Top, "top");
        var (set, _, title) = NasTable.Sets.First(s => s.Set == settings.Dataset);
        var own = arch is null ? null : table.Find(arch);
        var shown = table.Rows.OrderByDescending(row => row[set].Test).ThenBy(row => row.Index).Take(settings.Top).ToList();
        if (own is not null && !shown.Contains(own))
            shown.Add(own);
        var grid = FittingTable.Of("rank", ["cell", .. NasTable.Sets.Select(s => s.Title), "percentile"]);
        var architectures = FittingTable.Of("cell", ["architecture"]);
        architectures.Columns[^1].LeftAligned();
        foreach (var row in shown)
        {
            if (settings.Json)
            {
                terminal.Out.Write(JsonLine.Of(new
                {
                    Rank = table.Rank(row, set),
                    row.Index,
                    Arch = row.Cell.ToString(),
                    Percentile = table.Percentile(row, set),
                    Test = NasTable.Sets.ToDictionary(s => s.Name, s => row[s.Set].Test),
                }) + "\n");
            }

            string[] cells =
            [
                $"{table.Rank(row, set)}", $"{row.Index}", .. NasTable.Sets.Select(s => Percent(row[s.Set].Test)),
                Percent(table.Percentile(row, set)),
            ];
            var style = row == own ? new Style(Color.Green) : Style.Plain;
            grid.AddRow(cells.Select(cell => new Text(cell, style)));
            architectures.AddRow(new Text($"{row.Index}", style), new Text($"{row.Cell}", style));
        }

        if (settings.Json)
            return DgradApp.Done;
        terminal.Write(grid);
        terminal.Out.WriteLine();
        terminal.Write(architectures);
        terminal.Out.WriteLine();
        terminal.Out.WriteLine($"By test accuracy on {title} after 200 epochs, in per cent.");
        if (own is not null)
        {
            terminal.Out.WriteLine(
                $"Cell {own.Index} is number {table.Rank(own, set)} of {table.Rows.Count}; "
                + $"{Percent(100 * table.Share(set, own[set].Test))} % of the cells are at least as good.");
        }

        WriteSource(settings.Table, terminal);
        return DgradApp.Done;
    }

    private static void WriteSource(string? table, Terminal terminal) =>
        terminal.Console.Write(new Text($"Table: {table ?? NasTable.Source}.\n"));

    private static NasTable Table(string? path) => path is null ? NasTable.Shipped : NasTableFile.Read(path);

    private static List<int> Counts(string text, int most) =>
    [
        .. text.Split(',', StringSplitOptions.TrimEntries).Select(part =>
            int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= 1 && count <= most
                ? count
                : throw new OptionException(
                    $"--cells must be whole numbers from 1 to {most}, separated by commas, such as {NasBaselines.DefaultCells}; "
                    + $"got '{part}'."))
            .Distinct(),
    ];

    private static string Words(NasOutcome outcome) =>
        outcome.Std is { } std ? $"{Percent(outcome.Mean)} ± {Percent(std)}" : Percent(outcome.Mean);

    private static string Best(double share) =>
        share == 1 ? "all" : string.Create(CultureInfo.InvariantCulture, $"best {100 * share:0} %");

    private static string Some(List<int> numbers) =>
        numbers.Count <= 10 ? string.Join(", ", numbers) : $"{string.Join(", ", numbers.Take(10))} and {numbers.Count - 10} more";

    private static string Percent(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
