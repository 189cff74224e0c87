using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Serialization;
using DiscreteGradients.Cli.Display;
using DiscreteGradients.Cli.Plots;
using Spectre.Console;
using TorchSharp;

namespace DiscreteGradients.Cli.Commands;

/// <summary><c>dgrad compare</c>: every estimator's gradient against the exact one, on a small problem.</summary>
internal static class CompareCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command("compare", "Measure every estimator's gradient against the exact one, on a small problem.");
        var flags = new CommandFlags(command, OptionRecord.Flags(new CompareSettings()).Concat(MethodSettings.OfEstimators.Flags()));
        command.SetAction(parsed => Compare(flags.Given(parsed), terminal));
        return command;
    }

    private static int Compare(IReadOnlyDictionary<string, string> given, Terminal terminal)
    {
        var settings = OptionRecord.Bind(new CompareSettings(), given);
        Seeds.Check(settings.Seed);
        Require.AtLeast(0, settings.LearningSteps, "learning-steps");
        Require.AtLeast(2, settings.Draws, "draws");
        var estimators = Methods.Select(
            MethodEntry.AllEstimators, "estimator", settings.Estimator, MethodSettings.OfEstimators.Parse(given),
            method => Applicability.WhyNot(method.Estimator, settings.Categories));
        Machine.Use(settings.Threads);
        using var problem = new ComparisonProblem(settings.Problem, settings.Latents, settings.Categories, settings.Seed);
        var folder = settings.Out is { } path ? OutputFolder.Create(path) : null;

        var rows = new List<ComparisonRow>();
        foreach (var choice in estimators)
        {
            terminal.Cancellation.ThrowIfCancellationRequested();
            var row = Measure(choice, problem, settings, terminal.Cancellation);
            rows.Add(row);
            if (settings.Json)
                terminal.Out.Write(JsonLine.Of(row) + "\n");
        }

        if (!settings.Json)
            Print(rows, settings, terminal);
        if (folder is not null)
        {
            folder.WriteFile("compare.jsonl", file => File.WriteAllLines(file, rows.Select(row => JsonLine.Of(row))));
            QualityPlot.Write(folder, settings.Problem, rows);
            if (!settings.Json)
                terminal.Out.WriteLine($"Files: {folder.Path}");
        }

        return DgradApp.Done;
    }

    private static ComparisonRow Measure(Method choice, ComparisonProblem problem, CompareSettings settings, CancellationToken cancellation)
    {
        using var weights = Seeds.Generator(settings.Seed);
        using var trained = new EstimatorInTraining(choice.Estimator, settings.Latents, settings.Categories, weights);
        using (var first = trained.Copy(settings.Latents, settings.Categories))  // loads and compiles, so that the time is fair
            GradientQuality.Measure(first.Estimator, problem.Logits, problem.Value, draws: 256);
        using var generator = Seeds.Generator(settings.Seed, purpose: 1);
        problem.Learn(trained, settings.LearningSteps, settings.Seed, cancellation);
        var watch = Stopwatch.StartNew();
        var report = GradientQuality.Measure(trained.Estimator, problem.Logits, problem.Value, settings.Draws, generator);
        var order = choice.Estimator.Order;
        return new ComparisonRow(
            choice.Name, choice.Estimator.ToString(), order == GradientEstimator.Unbiased ? null : order, settings.Draws,
            report.Bias.Value, report.Bias.StandardError, report.RelativeBias.Value, report.LargestZ, report.StandardDeviation.Value,
            report.StandardDeviation.Value / report.ExactNorm, report.MeanSquaredError.Value, report.Cosine.Value, report.ExactNorm,
            report.Evaluations, watch.Elapsed.TotalSeconds / settings.Draws);
    }

    private static void Print(List<ComparisonRow> rows, CompareSettings settings, Terminal terminal)
    {
        var table = FittingTable.Of("estimator", "exact\nto degree", "bias", "relative\nbias", "std", "cosine", "evals", "time\na draw");
        foreach (var row in rows)
        {
            string[] cells =
            [
                row.Estimator,
                row.Order?.ToString() ?? "all",
                row.Unbiased ? "0 (within noise)" : $"{Number(row.Bias)} ± {Number(row.BiasStandardError)}",
                row.Unbiased ? "0 %" : (row.RelativeBias * 100).ToString("0.0", CultureInfo.InvariantCulture) + " %",
                row.StandardDeviation < 1e-6 * row.ExactNorm ? "0" : Number(row.StandardDeviation),
                row.Cosine.ToString("0.0000", CultureInfo.InvariantCulture),
                row.Evaluations.ToString(),
                (row.SecondsPerDraw * 1e6).ToString(row.SecondsPerDraw < 1e-4 ? "0.0" : "0", CultureInfo.InvariantCulture) + " µs",
            ];
            table.AddRow(cells.Select(cell => new Text(cell, row.Unbiased ? new Style(Color.Green) : Style.Plain)));
        }

        terminal.Write(table);
        var kind = settings.Problem.ToString().ToLowerInvariant();
        terminal.Out.WriteLine(
            $"{kind} objective, {Format.Count(settings.Latents, "latent")} of {settings.Categories} categories, {settings.Draws} draws, "
            + $"seed {settings.Seed}; exact gradient norm {Number(rows[0].ExactNorm)}.");
        terminal.Out.WriteLine("Within noise: no entry of the mean gradient is more than 5 standard errors off.");
    }

    /// <summary>Four decimals, or three digits of what is too small for them: a toy's gradient may be a thousandth.</summary>
    private static string Number(double value) =>
        Math.Abs(value) < 0.001 ? value.ToString("G3", CultureInfo.InvariantCulture) : Format.Number(value);
}

/// <summary>One estimator's row of the comparison; lengths are Euclidean norms over all logits.</summary>
/// <param name="Order">Null: exact for every f.</param>
internal sealed record ComparisonRow(
    string Estimator, string Configuration, int? Order, int Draws, double Bias, double BiasStandardError, double RelativeBias,
    double LargestZ, double StandardDeviation, double RelativeStandardDeviation, double MeanSquaredError, double Cosine, double ExactNorm,
    long Evaluations, double SecondsPerDraw)
{
    /// <summary>One bound for all statistical statements.</summary>
    [JsonIgnore]
    internal bool Unbiased => LargestZ <= 5;
}
