using System.CommandLine;
using DiscreteGradients.Cli.Display;
using Spectre.Console;
using TorchSharp;

namespace DiscreteGradients.Cli.Commands;

/// <summary><c>dgrad list</c>: estimators, experiments, and what computes here.</summary>
internal static class ListCommand
{
    // One problem size at which evaluations per estimate are told apart.
    private const int Latents = 4;
    private const int Categories = 3;

    internal static Command Create(Terminal terminal)
    {
        var command = new Command("list", "List estimators, experiments and versions; shows whether libtorch loads.");
        command.SetAction(_ => List(terminal));
        return command;
    }

    private static int List(Terminal terminal)
    {
        var estimators = Grid("estimator", "kind", "order", "evals", "settings");
        foreach (var entry in Estimators.All)
        {
            string[] row =
            [
                entry.Name,
                entry.Kind,
                Order(entry.Default),
                entry.Default is ExactEnumeration ? "K^L" : entry.Default.Evaluations(Latents, Categories).ToString(),
                string.Join(' ', entry.Settings.Select(s => Flag.Of(s.Name)[2..])),
            ];
            estimators.AddRow(row.Select(cell => new Text(cell)));
        }

        var summaries = Grid("estimator", "");
        foreach (var entry in Estimators.All)
            summaries.AddRow(new Text(entry.Name), new Text(entry.Summary));

        var experiments = Grid("experiment", "");
        foreach (var experiment in RunCommand.Create(terminal).Subcommands)
        {
            experiments.AddRow(
                new Text(experiment.Name),
                new Text(char.ToLowerInvariant(experiment.Description![0]) + experiment.Description[1..].TrimEnd('.')));
        }

        terminal.Write(estimators);
        terminal.Out.WriteLine();
        terminal.Out.WriteLine("order: the expected gradient is exact for polynomials of that degree");
        terminal.Out.WriteLine("evals: evaluations of f per estimate, for L latents of K categories");
        terminal.Out.WriteLine();
        terminal.Write(summaries);
        terminal.Out.WriteLine();
        terminal.Write(experiments);
        terminal.Out.WriteLine();

        Machine.Use(Machine.PhysicalCores);
        var facts = Grid("machine", "");
        foreach (var (name, value) in Machine.Versions.Concat(Machine.Description))
            facts.AddRow(new Text(name), new Text(value));
        facts.AddRow(new Text("threads"), new Text($"{torch.get_num_threads()} of {Environment.ProcessorCount}"));
        terminal.Write(facts);
        return DgradApp.Done;
    }

    internal static string Order(GradientEstimator estimator) =>
        estimator.Order == GradientEstimator.Unbiased ? "all" : estimator.Order.ToString();

    private static Table Grid(params string[] headers)
    {
        var table = new Table().Border(TableBorder.None);
        foreach (var header in headers[..^1])
            table.AddColumn(Column(header).NoWrap().PadRight(2));
        table.AddColumn(Column(headers[^1]).PadRight(0));
        return table;
    }

    private static TableColumn Column(string header) => new(new Text(header, new Style(Color.Aqua)));
}
