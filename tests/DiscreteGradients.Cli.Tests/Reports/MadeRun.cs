using System.Globalization;
using System.Text;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Cli.Tests.Reports;

/// <summary>A run folder of an autoencoder, made by hand: every epoch has the same losses but the last one.</summary>
internal sealed record MadeRun(string Estimator, string Configuration, long Seed, double Train, double Test)
{
    internal string Options { get; init; } =
        """{"dataset":"mnist","data":"/somewhere","categories":8,"latents":4,"epochs":160,"batch":100,"optimizer":"adam","lr":"""
        + """0.0005,"activation":"relu"}""";

    internal string Experiment { get; init; } = "vae";

    internal int Epochs { get; init; } = 160;

    /// <summary>Epochs that are done.</summary>
    internal int Done { get; init; } = 160;

    /// <summary>More of each line, such as values.</summary>
    internal string More { get; init; } = "";

    /// <summary>What stands after the last line.</summary>
    internal string Tail { get; init; } = "";

    internal string Write(TemporaryFolder folder, string name)
    {
        folder.Write(Encoding.UTF8.GetBytes(
            $$"""
            {
              "experiment": "{{Experiment}}", "options": {{Options}},
              "estimators": [{ "name": "{{Estimator}}", "configuration": "{{Configuration}}" }],
              "seeds": [{{Seed}}], "epochs": {{Epochs}}, "versions": {}, "machine": {}, "threads": 1,
              "started": "2026-11-23T09:53:32+00:00", "wall_seconds": 1, "finished": {{(Done == Epochs ? "true" : "false")}}
            }
            """), name, "run.json");
        var lines = string.Concat(Enumerable.Range(1, Done).Select(epoch => Line(epoch) + "\n"));
        folder.Write(Encoding.UTF8.GetBytes(lines + Tail), name, "metrics.jsonl");
        return folder[name];
    }

    internal string Line(int epoch)
    {
        var (train, test) = epoch == Epochs ? (Train, Test) : (200, 201);
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"experiment":"{{Experiment}}","estimator":"{{Estimator}}","seed":{{Seed}},"epoch":{{epoch}},"train_loss":"""
            + $$"""{{train}},"test_loss":{{test}},"seconds":6.5,"steps":600{{More}}}""");
    }

    internal static MadeRun ReinMax(long seed, double train, double test, double temperature = 1.3) =>
        new(
            "reinmax", FormattableString.Invariant($"ReinMax {{ Order = 0, Form = Automatic, Temperature = {temperature} }}"),
            seed, train, test);

    internal static MadeRun StraightThrough(long seed, double train, double test) =>
        new("st", "StraightThrough { Order = 0, Form = Automatic, Temperature = 1.3 }", seed, train, test);
}
