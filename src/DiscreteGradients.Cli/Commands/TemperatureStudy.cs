using System.Globalization;
using DiscreteGradients.Cli.Display;
using DiscreteGradients.Experiments;
using Spectre.Console;

namespace DiscreteGradients.Cli.Commands;

/// <summary>Several temperatures: a whole run for each, in folders <c>temperature-T</c> of one folder.</summary>
internal sealed class TemperatureStudy(double[] temperatures, string folder, Terminal terminal)
{
    /// <param name="settings">The settings of all runs.</param>
    /// <param name="choose">The estimators of the run with these settings.</param>
    /// <param name="run">Does the run with these settings.</param>
    internal int Run(RunSettings settings, Func<RunSettings, IReadOnlyList<EstimatorChoice>> choose, Func<RunSettings, int> run)
    {
        if (settings.Json)
            throw new OptionException("--json is for one run; give one --temperature.");
        if (temperatures.GroupBy(t => t).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new OptionException($"--temperature must name each temperature once; got {Text(twice.Key)} {twice.Count()} times.");
        var runs = temperatures.Select(t => settings with { Temperature = [t], Out = Path.Combine(folder, Name(t)) }).ToList();
        foreach (var one in runs)
        {
            if (choose(one).FirstOrDefault(choice => !Estimators.Get(choice.Name).Knobs.Contains(nameof(EstimatorSettings.Temperature))) is { } without)
                throw new OptionException($"'{without.Name}' has no temperature: leave it out of --estimator, or give one --temperature.");
        }

        foreach (var one in runs)
        {
            terminal.Out.WriteLine($"Temperature {Text(one.Temperature![0])}, {runs.IndexOf(one) + 1} of {runs.Count}:");
            if (run(one) is var code and not DgradApp.Done)
                return code;
        }

        Print([.. runs.Select(one => EstimatorSummary.Of(File.ReadLines(Path.Combine(one.Out!, "metrics.jsonl")).Select(MetricsLine.Parse)))]);
        return DgradApp.Done;
    }

    private void Print(IReadOnlyList<EstimatorSummary>[] summaries)
    {
        var table = new Table().Border(TableBorder.None).AddColumn(Column("temperature"));
        foreach (var temperature in temperatures)
            table.AddColumn(Column(Text(temperature)).RightAligned());
        for (var i = 0; i < summaries[0].Count; i++)
        {
            var losses = summaries.Select(run => run[i].TrainLoss).ToList();
            var best = losses.Min(loss => loss.Mean);
            table.AddRow([new Text(summaries[0][i].Estimator), .. losses.Select(loss => new Text(Format.Loss(loss), loss.Mean == best ? new Style(Color.Green) : Style.Plain))]);
        }

        terminal.Console.Write(table);
        terminal.Out.WriteLine("Train losses of the last epoch.");
        terminal.Out.WriteLine($"Folders: {Path.Combine(folder, Name("T"))}");
    }

    private static string Name(double temperature) => Name(Text(temperature));

    private static string Name(string temperature) => $"temperature-{temperature}";

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static TableColumn Column(string header) => new TableColumn(new Text(header)).NoWrap();
}
