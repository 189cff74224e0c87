using System.Text.Json.Nodes;
using DiscreteGradients.Cli.Tests.Plots;

namespace DiscreteGradients.Cli.Tests.Guessing;

/// <summary>
/// An experiment that is no autoencoder, with methods that are no estimators and a headline that should be high, in every place that
/// shows runs.
/// </summary>
public sealed class GuessingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public GuessingTests() => ExperimentCatalog.Invite(GuessingExperiment.Entry);

    public void Dispose()
    {
        ExperimentCatalog.Invite();
        GuessingExperiment.EpochDone = _ => { };
        _folder.Dispose();
    }

    [Fact]
    public void The_table_is_titled_by_its_methods_and_metrics_and_sorted_by_the_headline()
    {
        var result = Tool.Run("run", "guessing", "--seeds", "2", "--threads", "1", "--out", _folder["run"]);

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Contains("guesser cost accuracy gap time n book", result.Lines.Select(Words));
        var rows = result.Lines
            .Where(line => line.Contains(" ± ", StringComparison.Ordinal) && !line.StartsWith("Values", StringComparison.Ordinal))
            .Select(line => Words(line).Split(' ')).ToList();
        Assert.Equal(["learner", "coin"], rows.Select(row => row[0]));
        var learner = Summary("run", "learner");
        Assert.Equal(
            FormattableString.Invariant($"{learner.Mean:0.0000} ± {learner.Std:0.0000} {1 - learner.Mean:0.0000} 2.50 ms 2 0.9000"),
            string.Join(' ', rows[0][4..]));
        Assert.Contains("Sorted by accuracy, the best first.", result.Lines);
        Assert.Contains("Known optimum 1.0000; gap: accuracy below it.", result.Lines);
        Assert.Contains("Luck is guesses that were right at once.", result.Lines);
        Assert.Contains(result.Lines, line => line.StartsWith("Warning: coin was lucky: ", StringComparison.Ordinal));
    }

    [Fact]
    public void Files_hold_what_the_experiment_declares()
    {
        Tool.Run("run", "guessing", "--guesser", "coin,learner", "--memory", "0.5", "--threads", "1", "--out", _folder["run"]);

        Assert.StartsWith(
            "estimator,epoch,seeds,cost_mean,cost_std,accuracy_mean,accuracy_std,seconds_per_step\ncoin,4,1,",
            File.ReadAllText(_folder["run", "summary.csv"]), StringComparison.Ordinal);
        Assert.Equal(
            ["accuracy.png", "accuracy.svg", "cost.png", "cost.svg"],
            Directory.GetFiles(_folder["run", "plots"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains("cost (guesses)", File.ReadAllText(_folder["run", "plots", "cost.svg"]), StringComparison.Ordinal);
        var events = EventReader.Read(File.ReadAllBytes(Assert.Single(Directory.GetFiles(_folder["run", "tensorboard", "learner-seed0"]))));
        Assert.Equal(["accuracy", "cost", "luck", "seconds"], events[^1].Values.Select(value => value.Tag).Order(StringComparer.Ordinal));
        var record = JsonNode.Parse(File.ReadAllText(_folder["run", "run.json"]))!;
        Assert.Equal(0.5, record["estimators"]![1]!["settings"]!["memory"]!.GetValue<double>());
        Assert.Equal(
            ["epoch", "seconds", "steps", "values"],
            Keys(File.ReadLines(_folder["run", "metrics.jsonl"]).First()).Intersect(["epoch", "seconds", "steps", "train_loss", "values"]));
    }

    [Fact]
    public void A_report_has_a_table_a_plot_and_a_verdict_of_each_metric()
    {
        Tool.Run("run", "guessing", "--seeds", "2", "--threads", "1", "--out", _folder["run"]);

        var result = Tool.Run("report", _folder["run"], "--out", _folder["out"]);

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Contains("guesser n cost", result.Lines.Select(Words));
        Assert.Contains("guesser n accuracy gap book verdict", result.Lines.Select(Words));
        var accuracy = Summary("run", "learner");
        var verdict = Verdicts.Of(accuracy, new Spread(0.9, 0.01, 5), Direction.Higher)!.Value.ToString().ToLowerInvariant();
        Assert.Contains(
            result.Lines,
            line => Words(line) == FormattableString.Invariant(
                $"learner 2 {accuracy.Mean:0.0000} ± {accuracy.Std:0.0000} {1 - accuracy.Mean:0.0000} 0.9000 ± 0.0100 {verdict}"));
        Assert.Equal(
            ["guessing-accuracy.png", "guessing-cost.png"],
            Directory.GetFiles(_folder["out", "plots"], "*.png").Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_list_of_texts_is_an_axis_of_a_study()
    {
        var result = Tool.Run(
            "run", "guessing", "--hint", "none,parity", "--guesses", "100,200", "--threads", "1", "--out", _folder["study"]);

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal(
            ["hint-none-guesses-100", "hint-none-guesses-200", "hint-parity-guesses-100", "hint-parity-guesses-200"],
            Directory.GetDirectories(_folder["study"], "hint*").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains("Accuracy below the optimum at the end.", result.Lines);
        var csv = File.ReadAllLines(_folder["study", "study.csv"]);
        Assert.Equal("hint,guesses,estimator,epoch,seeds,cost_mean,cost_std,accuracy_mean,accuracy_std,seconds_per_step,optimum", csv[0]);
        Assert.Equal(9, csv.Length);
        Assert.True(File.Exists(_folder["study", "plots", "losses.png"]));
        var all = Tool.Run("report", _folder["study"], "--out", _folder["out"]);
        Assert.Equal(0, all.Code);
        Assert.Contains("guessing, hint parity", all.Lines);
    }

    [Fact]
    public void A_run_of_a_study_that_fails_ends_the_study_with_its_own_sentence()
    {
        GuessingExperiment.EpochDone = epoch => _ = epoch < 3 ? 0 : throw new OptionException("Guessing diverged.");

        var result = Tool.Run("run", "guessing", "--hint", "none,parity", "--threads", "1", "--out", _folder["study"]);

        Assert.Equal((2, "Guessing diverged." + Environment.NewLine), (result.Code, result.Error));
        Assert.DoesNotContain(result.Lines, line => line.Contains("another dgrad", StringComparison.Ordinal));
        Assert.False(Directory.Exists(_folder["study", "hint-parity"]));
    }

    [Fact]
    public void A_run_that_was_killed_ends_as_one_that_was_not()
    {
        string[] line = ["run", "guessing", "--seeds", "2", "--threads", "1", "--out"];
        Tool.Run([.. line, _folder["whole"]]);
        var epochs = 0;
        GuessingExperiment.EpochDone = _ =>
        {
            if (++epochs == 7)
                throw new InvalidOperationException("killed");
        };
        Assert.Equal(DgradApp.Broken, Tool.Run([.. line, _folder["killed"]]).Code);
        GuessingExperiment.EpochDone = _ => { };

        var result = Tool.Run("run", "guessing", "--resume", "--out", _folder["killed"]);

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal(File.ReadAllText(_folder["whole", "metrics.jsonl"]), File.ReadAllText(_folder["killed", "metrics.jsonl"]));
        Assert.Equal(File.ReadAllText(_folder["whole", "summary.csv"]), File.ReadAllText(_folder["killed", "summary.csv"]));
    }

    [Theory]
    [InlineData("run guessing --guesser leaner", "Unknown guesser 'leaner'. Did you mean 'learner'?")]
    [InlineData("run guessing --guesser coin --memory 0.5", "'coin' has no memory; --memory is for learner.")]
    [InlineData("run guessing --guesser learner --memory 2", "'learner': memory must be from 0 to 1; got 2.")]
    [InlineData("run guessing --hint odd", "None of the guessers applies here; 'coin' does not: it knows the hints none and parity only.")]
    [InlineData(
        "run guessing --hint none,no/ne",
        "--hint must be a list of values of letters, digits, dots, hyphens and underscores, which name folders; "
        + "got 'no/ne' in 'none,no/ne'.")]
    [InlineData("run guessing --hint none,None", "--hint must name each value once; got none 2 times.")]
    [InlineData("run guessing --hint none,parity --json", "--json is for one run; --hint makes several.")]
    public void Wrong_input_is_refused_in_the_experiments_own_words(string line, string sentence)
    {
        var result = Tool.Run(line.Split(' '));

        Assert.Equal((2, "", sentence + Environment.NewLine), (result.Code, result.Out, result.Error));
    }

    [Fact]
    public void Help_and_list_show_it()
    {
        var help = Tool.Run("run", "guessing", "--help");

        Assert.Contains(help.Lines, line => line.Contains("--guesser", StringComparison.Ordinal));
        Assert.Contains(
            "Share of errors that is remembered: learner (from 0 to 1).",
            string.Join(' ', help.Lines.Select(Words)),
            StringComparison.Ordinal);
        Assert.Contains("  dgrad run guessing --guesser learner", help.Lines);
        Assert.Contains("guessing guesses digits", Tool.Run("list").Lines.Select(Words));
    }

    private Spread Summary(string run, string method)
    {
        var lines = File.ReadAllLines(_folder[run, "metrics.jsonl"]).Select(MetricsLine.Parse).ToList();
        return MethodSummary.Of(lines, GuessingExperiment.Entry.Metrics(new GuessingOptions()))
            .Single(s => s.Method == method).Values["accuracy"];
    }

    private static IEnumerable<string> Keys(string json) => JsonNode.Parse(json)!.AsObject().Select(field => field.Key);

    private static string Words(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
