using System.Text.Json;
using System.Text.RegularExpressions;
using DiscreteGradients.Testing;
using SkiaSharp;

namespace DiscreteGradients.Cli.Tests.Reports;

public sealed partial class ReportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Seeds_of_all_folders_stand_beside_the_published_losses()
    {
        MadeRun.ReinMax(0, 124, 126).Write(_folder, "runs/a");
        MadeRun.ReinMax(1, 125, 127).Write(_folder, "runs/b");
        MadeRun.ReinMax(2, 1, 1).Write(_folder, "runs/c");
        (MadeRun.ReinMax(2, 1, 1) with { Done = 35, Tail = """{"experiment":"vae","estim""" }).Write(_folder, "runs/c");
        MadeRun.StraightThrough(7, 134.7, 138.6).Write(_folder, "runs/d");

        var result = Tool.Run("report", _folder["runs"], "--out", _folder["out"]);

        Assert.Equal((0, ""), (result.Code, result.Error));
        const string within =
            "at most 2 √(s² + t²) off, with the standard deviations over seeds s of ours and t of theirs; below, above: further off.";
        Assert.Equal(
            $"""
            # Report

            ## vae

            dataset mnist, categories 8, latents 4, epochs 160, batch 100, activation relu.

            | estimator | settings | n | train loss | paper | verdict | rerun | verdict |
            | --- | --- | --: | --: | --: | --: | --: | --: |
            | reinmax | optimizer adam, lr 0.0005, temperature 1.3 | 2 | 124.50 ± 0.71 | 124.66 ± 0.88 | within | 125.08 ± 0.63 | within |
            | st | optimizer adam, lr 0.0005, temperature 1.3 | 1 | 134.70 | 135.53 ± 0.31 | within | 136.40 ± 1.30 | within |

            | estimator | settings | n | test loss | paper | verdict | rerun | verdict |
            | --- | --- | --: | --: | --: | --: | --: | --: |
            | reinmax | optimizer adam, lr 0.0005, temperature 1.3 | 2 | 126.50 ± 0.71 | 126.89 ± 0.79 | within | 127.27 ± 0.51 | within |
            | st | optimizer adam, lr 0.0005, temperature 1.3 | 1 | 138.60 | 137.06 ± 0.51 | above | 137.01 ± 1.42 | within |

            - Values of the last epoch, mean ± std over n seeds.
            - Paper: arXiv 2304.08612, tables 2 and 9, mean ± std over 10 seeds at the best settings of its grid.
            - Rerun: an independent repetition at the paper's settings, from the results published with arXiv 2603.08257.
            - Within: {within}
            - One seed only, so t stands for both deviations: st.
            - Unfinished: reinmax, seed 2, stands at epoch 35 of 160 ({_folder["runs", "c"]}).

            ![vae: train loss, mean ± std over 1 to 2 seeds](plots/vae-train-loss.png)

            ![vae: test loss, mean ± std over 1 to 2 seeds](plots/vae-test-loss.png)

            """,
            File.ReadAllText(_folder["out", "report.md"]));
        Assert.Equal(
            """
            vae

            estimator n    train loss         paper verdict         rerun verdict
            reinmax   2 124.50 ± 0.71 124.66 ± 0.88  within 125.08 ± 0.63  within
            st        1        134.70 135.53 ± 0.31  within 136.40 ± 1.30  within
            """.Split('\n'),
            result.Out.Split('\n').Take(5).Select(line => line.TrimEnd()));
        Assert.Equal($"Files: {_folder["out"]}", result.Lines[^1]);
    }

    [Fact]
    public void Machines_get_the_same_numbers()
    {
        MadeRun.StraightThrough(7, 134.7, 138.6).Write(_folder, "run");

        var result = Tool.Run("report", _folder["run"], "--out", _folder["out"], "--json");

        Assert.Equal(0, result.Code);
        const string task = "dataset mnist, categories 8, latents 4, epochs 160, batch 100, activation relu";
        Assert.Equal(
            $$"""{"experiment":"vae","task":"{{task}}","estimator":"st","settings":"optimizer adam, lr 0.0005, temperature 1.3","epoch":"""
            + """160,"epochs":160,"loss":"train_loss","seeds":1,"mean":134.7,"published":["""
            + """{"source":"paper","seeds":10,"mean":135.53,"std":0.31,"verdict":"within"},"""
            + $$"""{"source":"rerun","seeds":10,"mean":136.4,"std":{{0.41 * Math.Sqrt(10):r}},"verdict":"within"}]}""",
            result.Lines[0]);
        Assert.Equal(2, result.Lines.Length);
        Assert.Equal(
            [
                "experiment,task,estimator,settings,epoch,epochs,loss,seeds,mean,std,"
                + "source,published_seeds,published_mean,published_std,verdict",
                $"vae,\"{task}\",st,\"optimizer adam, lr 0.0005, temperature 1.3\",160,160,train_loss,1,134.7,,paper,10,135.53,0.31,within",
            ],
            File.ReadAllLines(_folder["out", "report.csv"]).Take(2));
    }

    [Fact]
    public void Runs_with_other_settings_are_never_mixed()
    {
        MadeRun.ReinMax(0, 124, 126).Write(_folder, "runs/a");
        MadeRun.ReinMax(0, 123, 126, temperature: 1).Write(_folder, "runs/b");
        const string options =
            """{"dataset":"mnist","categories":4,"latents":24,"epochs":160,"batch":100,"optimizer":"radam","lr":"""
            + """0.0005,"activation":"relu"}""";
        (MadeRun.ReinMax(0, 110, 112) with { Options = options }).Write(_folder, "runs/c");

        var result = Tool.Run("report", _folder["runs"], "--out", _folder["out"]);

        Assert.Equal(
            ["vae, categories 4, latents 24", "vae, categories 8, latents 4"],
            result.Lines.Where(line => line.StartsWith("vae", StringComparison.Ordinal)));
        Assert.Equal(
            ["reinmax", "reinmax, temperature 1", "reinmax, temperature 1.3"],
            result.Lines.Select(line => RowOfOneSeed().Match(line)).Where(match => match.Success)
                .Select(match => match.Groups[1].Value).Distinct());
        Assert.Equal(
            ["vae-1-test-loss", "vae-1-train-loss", "vae-2-temperature", "vae-2-test-loss", "vae-2-train-loss"],
            Directory.GetFiles(_folder["out", "plots"], "*.png").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_does_not_change_the_training_separates_no_seeds()
    {
        var run = MadeRun.ReinMax(0, 124, 126);
        run.Write(_folder, "runs/a");
        var other = run.Options.Replace("/somewhere", "elsewhere", StringComparison.Ordinal)[..^1]
            + ""","device":"cuda","picture_every":3,"quality_every":2,"quality_images":5,"quality_estimators":"st"}""";
        (MadeRun.ReinMax(1, 125, 127) with { Options = other }).Write(_folder, "runs/b");

        var result = Tool.Run("report", _folder["runs"], "--out", _folder["out"]);

        Assert.Equal(0, result.Code);
        Assert.Single(result.Lines, line => line == "vae");
        Assert.Contains(result.Lines, line => line.StartsWith("reinmax   2 124.50 ± 0.71", StringComparison.Ordinal));
    }

    [Fact]
    public void Gradient_quality_in_the_metrics_becomes_a_figure()
    {
        const string values = ""","values":{"entropy":1,"cosine/st":0.5,"cosine/reinmax":0.9,"cosine/newcomer":0.1}""";
        (MadeRun.ReinMax(0, 124, 126) with { More = values }).Write(_folder, "run");

        Assert.Equal(0, Tool.Run("report", _folder["run"], "--out", _folder["out"]).Code);

        using var bitmap = SKBitmap.Decode(_folder["out", "plots", "vae-cosine-1.png"]);
        var drawn = bitmap.Pixels.ToHashSet();
        Assert.All((string[])["#D55E00", "#0072B2", "#A0A0A0"], color => Assert.Contains(SKColor.Parse(color), drawn));
        Assert.EndsWith(
            "![vae: cosine, training with reinmax](plots/vae-cosine-1.png)\n",
            File.ReadAllText(_folder["out", "report.md"]),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(160)]
    [InlineData(0)]
    public void A_run_of_an_experiment_that_is_not_known_is_shown_by_what_its_lines_hold(int epochs)
    {
        (MadeRun.ReinMax(0, 124, 126) with { Experiment = "newcomer", Done = epochs }).Write(_folder, "run");

        var result = Tool.Run("report", _folder["run"], "--out", _folder["out"]);

        Assert.Equal((0, "", "newcomer"), (result.Code, result.Error, result.Lines[0]));
        Assert.Equal(epochs > 0 ? 2 : 0, Directory.GetFiles(_folder["out", "plots"], "newcomer-*-loss.png").Length);
        Assert.Equal(epochs > 0 ? 1 : 0, result.Lines.Count(line => line.StartsWith("method  n train loss", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_bound_gets_a_table_and_variances_get_a_figure_of_powers_of_ten()
    {
        var run = MadeRun.ReinMax(0, 124, 126) with
        {
            Experiment = "bernoulli-vae",
            Options = """{"dataset":"mnist","latents":4,"epochs":160,"optimizer":"adam","lr":0.0005,"bound_samples":100}""",
            More = ""","values":{"bound_100":104.912,"gradient_variance":1000}""",
        };
        run.Write(_folder, "run");

        var result = Tool.Run("report", _folder["run"], "--out", _folder["out"]);

        Assert.Equal(0, result.Code);
        Assert.Contains(
            """
            | estimator | settings | n | test bound |
            | --- | --- | --: | --: |
            | reinmax | optimizer adam, lr 0.0005, temperature 1.3 | 1 | 104.91 |
            """.ReplaceLineEndings("\n"),
            File.ReadAllText(_folder["out", "report.md"]), StringComparison.Ordinal);
        Assert.Equal(
            ["bernoulli-vae-log10-gradient-variance", "bernoulli-vae-test-bound", "bernoulli-vae-test-loss", "bernoulli-vae-train-loss"],
            Directory.GetFiles(_folder["out", "plots"], "*.png").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));
        Assert.Matches(@">\s*3\s*</text>", File.ReadAllText(_folder["out", "plots", "bernoulli-vae-log10-gradient-variance.svg"]));
    }

    [Fact]
    public void A_run_of_the_tool_can_be_reported_while_it_is_unfinished_or_done()
    {
        Tool.Run(Tool.TinyRun(_folder["run"], "--estimator", "st,rloo", "--seeds", "2"));

        var result = Tool.Run("report", _folder["run"], "--out", _folder["out"], "--json");

        var rows = result.Lines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(
            ["st train_loss", "st expected_loss", "rloo train_loss", "rloo expected_loss"],
            rows.Select(row => $"{row.GetProperty("estimator").GetString()} {row.GetProperty("loss").GetString()}"));
        var summary = MethodSummary.Of(File.ReadAllLines(_folder["run", "metrics.jsonl"]).Select(MetricsLine.Parse));
        Assert.Equal(summary[1].ExpectedLoss!.Value.Mean, rows[3].GetProperty("mean").GetDouble());
        Assert.Equal(summary[1].ExpectedLoss!.Value.Std, rows[3].GetProperty("std").GetDouble());
    }

    [Fact]
    public void The_official_code_stands_beside_its_own_settings()
    {
        var record = new MethodRecord("reinmax", new ReinMax().ToString());

        using var options = JsonDocument.Parse("""{"p":3,"latents":128,"target":"0.45","batch":64,"epochs":40,"steps":200,"lr":0.001}""");
        using var unknown = JsonDocument.Parse("""{"p":3,"latents":128,"momentum":0.9}""");

        Assert.Equal(0.0916, Assert.Single(ExperimentCatalog.Published("polynomial", options.RootElement, record)).Train.Mean);
        Assert.Empty(ExperimentCatalog.Published("polynomial", unknown.RootElement, record));
        Assert.Empty(ExperimentCatalog.Published("unheard-of", options.RootElement, record));
    }

    [Theory]
    [InlineData("gdas", true)]
    [InlineData("untrained", false)]
    [InlineData("random-search", false)]
    public void Settings_that_do_not_apply_to_a_method_are_not_said_of_it(string method, bool apply)
    {
        var run = new MadeRun(method, method, 0, 1, 1)
        {
            Experiment = "nas",
            Options = """{"epochs":1,"arch_lr":0.01}""",
            Epochs = 1,
            Done = 1,
            More = ""","values":{"test_cifar10":93,"regret":1,"test_cifar100":70,"test_imagenet16":45,"percentile":3}""",
        };

        Assert.Equal(0, Tool.Run("report", run.Write(_folder, "run"), "--out", _folder["out"]).Code);

        var row = File.ReadLines(_folder["out", "report.md"]).First(line => line.StartsWith($"| {method} |", StringComparison.Ordinal));
        Assert.Equal(apply, row.Contains("arch_lr 0.01", StringComparison.Ordinal));
    }

    [Fact]
    public void The_same_seed_of_the_same_settings_twice_is_refused()
    {
        var (a, b) = (MadeRun.ReinMax(3, 124, 126).Write(_folder, "runs/a"), MadeRun.ReinMax(3, 125, 126).Write(_folder, "runs/b"));

        Refused($"'{a}' and '{b}' both hold seed 3 of reinmax with the same settings; name only one of them.", _folder["runs"]);
        Assert.Equal(0, Tool.Run("report", a, _folder["runs", "a"] + "/", "--out", _folder["out"]).Code);
    }

    [Fact]
    public void Folders_without_runs_are_refused()
    {
        var file = _folder.Write([1], "empty", "file");

        Refused($"DIR must be a folder; '{_folder["nowhere"]}' does not exist.", _folder["nowhere"]);
        Refused($"DIR must be a folder; '{file}' is a file.", file);
        Refused(
            $"DIR must be a run folder or hold some; there is no run.json in or below '{_folder["empty"]}'. 'dgrad run' makes run folders.",
            _folder["empty"]);
        Assert.Equal($"'dgrad report' needs DIR. Run 'dgrad report --help'.{Environment.NewLine}", Tool.Run("report").Error);
    }

    private const string Start = """{"experiment":"vae","estimator":"reinmax","seed":0,"epoch":3,"train_loss":""";

    public static TheoryData<string, string> DamagedLines => new()
    {
        { "{", "it is not the line of an epoch" },
        { "", "it is not the line of an epoch" },
        { "null", "it is not the line of an epoch" },
        { """{"experiment":"vae","estimator":"reinmax","seed":0,"epoch":3}""", "field 'train_loss' is missing" },
        { """{"experiment":"vae","estimator":"reinmax","epoch":3,"train_loss":1}""", "field 'seed' is missing" },
        { Start + """null}""", "field 'train_loss' is null" },
        { Start + """1e999}""", "field 'train_loss' is too large a number" },
        { Start + """1,"train_loss":2}""", "field 'train_loss' is there twice" },
        { Start + """1,"tset_loss":2}""", "field 'tset_loss' is not known" },
        { Start + """1,"values":{"a":"b"}}""", "field 'values.a' holds something else than belongs there" },
        { Start + """1,"seconds":-1}""", "field 'seconds' is no time" },
        { """{"experiment":"polynomial","estimator":"reinmax","seed":0,"epoch":3,"train_loss":1}""", "experiment must be 'vae'" },
        { """{"experiment":"vae","estimator":"st","seed":0,"epoch":3,"train_loss":1}""", "its estimator is not in run.json" },
        { """{"experiment":"vae","seed":0,"epoch":3,"train_loss":1}""", "its estimator is not in run.json" },
        { """{"experiment":"vae","estimator":"reinmax","seed":1,"epoch":1,"train_loss":1}""", "its seed is not in run.json" },
        {
            """{"experiment":"vae","estimator":"reinmax","seed":0,"epoch":5,"train_loss":1}""",
            "epoch 3 of reinmax, seed 0, must come next; got epoch 5"
        },
    };

    [Theory]
    [MemberData(nameof(DamagedLines))]
    public void A_damaged_line_is_named(string line, string what)
    {
        (MadeRun.ReinMax(0, 1, 1) with { Done = 2, Tail = line + "\n" }).Write(_folder, "run");

        Refused(
            $"'{_folder["run", "metrics.jsonl"]}', line 3, is damaged: {what}. Move the run's folder away or repair it.", _folder["run"]);
    }

    [Fact]
    public void More_epochs_than_the_run_has_are_damage()
    {
        var run = MadeRun.ReinMax(0, 1, 1) with { Epochs = 2, Done = 3 };
        run.Write(_folder, "run");

        Refused(
            $"'{_folder["run", "metrics.jsonl"]}', line 3, is damaged: run.json has 2 epochs; got epoch 3. "
            + "Move the run's folder away or repair it.",
            _folder["run"]);
    }

    [Theory]
    [InlineData("\"seeds\": [0]", "\"seeds\": 0", "field 'seeds' holds something else than belongs there")]
    [InlineData("\"seeds\": [0], ", "", "field 'seeds' is missing")]
    [InlineData("\"seeds\": [0]", "\"seeds\": [0", "it is not JSON, or cut short, at line 4")]
    [InlineData("\"seeds\": [0]", "\"seeds\": [0], \"seeds\": [0]", "field 'seeds' is there twice")]
    [InlineData("\"seeds\": [0]", "\"seeds\": [0, 0]", "a seed is named twice")]
    [InlineData("\"seeds\": [0]", "\"seeds\": [0, 2]", "seeds must be numbers from 0 up that follow each other")]
    [InlineData("\"seeds\": [0]", "\"seeds\": []", "seeds must be from 1 to 10000 numbers")]
    [InlineData("\"epochs\": 160, \"versions\"", "\"epochs\": 0, \"versions\"", "epochs must be at least 1")]
    [InlineData("\"epochs\": 160, \"versions\"", "\"epochs\": 1e999, \"versions\"", "field 'epochs' is too large a number")]
    [InlineData("\"versions\": {}", "\"versions\": {\"\\ud800\": \"1\"}", "field 'versions' has a field whose name is no text")]
    [InlineData("\"versions\": {}", "\"versions\": {\"dgrad\": \"\\ud800\"}", "field 'versions.dgrad' is no text")]
    [InlineData("\"versions\": {}", "\"versions\": {}, \"jbos\": 2", "field 'jbos' is not known")]
    [InlineData("\"lr\":0.0005", "\"lr\":null", "field 'options.lr' is null")]
    [InlineData("\"lr\":0.0005", "\"lr\":\"fast\"", "field 'options.lr' holds something else than belongs there")]
    [InlineData("\"name\": \"reinmax\"", "\"name\": \"../up\"", "estimators must have names")]
    [InlineData("\"estimators\": [", "\"estimators\": [null, ", "field 'estimators[0]' is null")]
    [InlineData("\"estimators\": [", "\"estimators\": [{}, ", "field 'estimators[0].name, estimators[0].configuration' is missing")]
    [InlineData("\"experiment\": \"vae\"", "\"experiment\": \"\"", "experiment must be a name")]
    [InlineData("\"threads\": 1", "\"threads\": 2147483647", "threads must be from 1 to 1024")]
    public void A_damaged_record_is_named(string good, string bad, string what)
    {
        MadeRun.ReinMax(0, 1, 1).Write(_folder, "run");
        var path = _folder["run", "run.json"];
        var text = File.ReadAllText(path);
        Assert.Contains(good, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(good, bad, StringComparison.Ordinal));

        Refused($"'{path}' is damaged: {what}. Move the run's folder away or repair it.", _folder["run"]);
    }

    [Fact]
    public void Options_of_other_versions_are_shown_as_they_stand()
    {
        var run = MadeRun.ReinMax(0, 1, 1);
        var options = run.Options.Replace("\"adam\"", "0", StringComparison.Ordinal)[..^1] + ""","momentum":0.9}""";
        (run with { Options = options }).Write(_folder, "run");

        Assert.Equal(0, Tool.Run("report", _folder["run"], "--out", _folder["out"]).Code);
        var report = File.ReadAllText(_folder["out", "report.md"]);
        Assert.Contains("momentum 0.9", report, StringComparison.Ordinal);
        Assert.Contains("optimizer 0", report, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_without_metrics_is_refused()
    {
        var run = MadeRun.ReinMax(0, 1, 1).Write(_folder, "run");
        File.Delete(Path.Combine(run, "metrics.jsonl"));

        Refused($"'{Path.Combine(run, "metrics.jsonl")}' is missing, though run.json is there; move the folder away.", run);
    }

    [Fact]
    public void A_run_that_has_just_begun_is_unfinished()
    {
        (MadeRun.ReinMax(0, 1, 1) with { Done = 0 }).Write(_folder, "run");

        var result = Tool.Run("report", _folder["run"], "--out", _folder["out"]);

        Assert.Equal(0, result.Code);
        Assert.Contains($"Unfinished: reinmax, seed 0, stands at epoch 0 of 160 ({_folder["run"]}).", result.Lines);
    }

    [Fact]
    public void Files_cannot_move_the_cursor_of_the_terminal()
    {
        var run = MadeRun.ReinMax(0, 1, 1);
        var options = run.Options.Replace("mnist", "\\u001b[2Jmnist", StringComparison.Ordinal);
        (run with { Options = options, Configuration = "X { \\u001b[2J = 1 }" }).Write(_folder, "run");

        var result = Tool.Run("report", _folder["run"], "--out", _folder["out"]);

        Assert.Equal(0, result.Code);
        Assert.DoesNotContain('\e', result.Out + File.ReadAllText(_folder["out", "report.md"]));
    }

    private void Refused(string sentence, params string[] folders)
    {
        var result = Tool.Run(["report", .. folders, "--out", _folder["refused"]]);

        Assert.Equal((2, "", sentence + Environment.NewLine), (result.Code, result.Out, result.Error));
        Assert.False(Path.Exists(_folder["refused"]));
    }

    [GeneratedRegex(@"^(reinmax.*?)\s+1\s+\d+\.\d\d")]
    private static partial Regex RowOfOneSeed();
}
