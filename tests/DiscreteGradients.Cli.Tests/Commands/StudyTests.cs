using System.Globalization;
using System.Text.Json.Nodes;
using DiscreteGradients.Testing;
using SkiaSharp;
using static DiscreteGradients.Cli.Tests.Tool;

namespace DiscreteGradients.Cli.Tests.Commands;

public sealed class StudyTests : IDisposable
{
    private static readonly string[] Grid = ["--target", "ramp", "--latents", "2,3", "--batch", "4, 8", "--estimator", "st,rloo"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lists_make_a_run_for_each_combination_and_a_table()
    {
        var result = Run(Study("study"));

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal(
            ["latents-2-batch-4", "latents-2-batch-8", "latents-3-batch-4", "latents-3-batch-8", "plots", "study.csv", "study.json"],
            Directory.GetFileSystemEntries(_folder["study"]).Select(Path.GetFileName).Order());
        var options = JsonNode.Parse(File.ReadAllText(_folder["study", "latents-3-batch-4", "run.json"]))!["options"]!;
        Assert.Equal((3, 4), (options["latents"]!.GetValue<int>(), options["batch"]!.GetValue<int>()));

        // The ramp of three latents is 1/6, 1/2, 5/6: the squared distances to the nearest bits are 1/36, 1/4, 1/36.
        var last = Metrics("study", "latents-3-batch-8").Select(MetricsLine.Parse).Last(line => line.Method == "st");
        var gap = FormattableString.Invariant($"{last.ExpectedLoss!.Value - (11.0 / 108):0.00000}");
        Assert.Equal(["latents 3", "batch"], [result.Lines[^6], Words(result.Lines[^5])[0]]);
        Assert.Equal(["st", gap], [Words(result.Lines[^4])[0], Words(result.Lines[^4])[2]]);
        Assert.Equal("Expected loss above the optimum at the end.", result.Lines[^2]);
        Assert.Equal($"Folders: {_folder["study", "latents-L-batch-B"]}", result.Lines[^1]);

        var csv = File.ReadAllLines(_folder["study", "study.csv"]);
        Assert.Equal(1 + (4 * 2), csv.Length);
        Assert.StartsWith("latents,batch,estimator,epoch,seeds,train_loss_mean,", csv[0], StringComparison.Ordinal);
        Assert.StartsWith("3,8,st,3,1,", csv[^2], StringComparison.Ordinal);
        Assert.Equal(11.0 / 108, double.Parse(csv[^2].Split(',')[^1], CultureInfo.InvariantCulture), 12);
    }

    [Fact]
    public void Each_run_of_a_study_is_the_run_alone()
    {
        Whole("study");
        Run(Alone("alone", "--target", "ramp", "--latents", "3", "--batch", "8", "--estimator", "st,rloo"));

        Assert.Equal(Metrics("alone"), Metrics("study", "latents-3-batch-8"));
    }

    [Fact]
    public void A_run_that_another_process_has_is_left_to_it_and_taken_when_that_is_gone()
    {
        Whole("study");
        var (cell, whole) = (_folder["study", "latents-2-batch-8"], Metrics("study", "latents-2-batch-8"));
        Directory.Delete(cell, recursive: true);
        Directory.CreateDirectory(Path.Combine(cell, "checkpoint"));

        using (new FileStream(Path.Combine(cell, "checkpoint", "lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None))
        {
            var beside = Run("run", "polynomial", "--resume", "--out", _folder["study"]);

            Assert.Equal(
                (0, "1 of 4 runs are in the hands of other processes; the one that ends last makes the tables and plots of the study."
                    + Environment.NewLine),
                (beside.Code, beside.Error));
            Assert.Equal(
                ["latents 2, batch 4, 1 of 4 is finished.", "latents 2, batch 8, 2 of 4 is in the hands of another dgrad.",
                    "latents 3, batch 4, 3 of 4 is finished.", "latents 3, batch 8, 4 of 4 is finished."],
                beside.Lines);
        }

        var alone = Run("run", "polynomial", "--resume", "--out", _folder["study"]);
        Assert.Equal((0, ""), (alone.Code, alone.Error));
        Assert.Equal(whole, Metrics("study", "latents-2-batch-8"));
        Assert.Contains("latents 2, batch 8, 2 of 4:", alone.Lines);
    }

    [Fact]
    public void Two_axes_are_maps_that_a_report_draws_again_from_the_files()
    {
        Whole("study");

        Assert.Equal(
            ["losses.png", "losses.svg", "winners.png", "winners.svg"],
            Directory.GetFiles(_folder["study", "plots"]).Select(Path.GetFileName).Order());
        using (var picture = SKBitmap.Decode(_folder["study", "plots", "winners.png"]))
            Assert.True(picture.Pixels.Distinct().Count() > 20);

        Assert.Equal(0, Run("report", _folder["study"], "--out", _folder["report"]).Code);
        foreach (var map in (string[])["losses.png", "winners.png"])
            Assert.Equal(File.ReadAllBytes(_folder["study", "plots", map]), File.ReadAllBytes(_folder["report", "plots", $"study-{map}"]));
        Assert.Contains(
            "![polynomial: expected loss above the optimum, in thousandths](plots/study-losses.png)",
            File.ReadAllText(_folder["report", "report.md"]),
            StringComparison.Ordinal);

        var metrics = _folder["study", "latents-2-batch-4", "metrics.jsonl"];
        var lines = File.ReadAllLines(metrics).Select(MetricsLine.Parse);
        File.WriteAllLines(
            metrics,
            lines.Select(
                line => (line with { Numbers = new Dictionary<string, double>(line.Numbers) { ["expected_loss"] = 0.9 } }).ToJson()));
        Run("report", _folder["study"], "--out", _folder["other"]);
        Assert.NotEqual(
            File.ReadAllBytes(_folder["report", "plots", "study-winners.png"]),
            File.ReadAllBytes(_folder["other", "plots", "study-winners.png"]));
    }

    [Fact]
    public void Further_axes_are_further_maps()
    {
        Assert.Equal(0, Run(Study("study", "--p", "1.5,2")).Code);

        Assert.Equal(
            ["losses-p-1.5.png", "losses-p-2.png", "winners-p-1.5.png", "winners-p-2.png"],
            Directory.GetFiles(_folder["study", "plots"], "*.png").Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(1)]   // in the first run
    [InlineData(9)]   // in the second
    [InlineData(23)]  // in the last
    public void An_interrupted_study_says_how_to_go_on_and_ends_as_if_it_had_never_stopped(int epochs)
    {
        var interrupted = Stop("study", epochs);

        Assert.Equal(
            (130, $"Interrupted; go on with: dgrad run polynomial --resume --out {_folder["study"]}{Environment.NewLine}"),
            (interrupted.Code, interrupted.Error));
        Assert.False(File.Exists(_folder["study", "study.csv"]));

        var resumed = Resume();

        Assert.Equal((0, ""), (resumed.Code, resumed.Error));
        SameAsWhole();
        Assert.Equal(
            [
                "latents 2, batch 4, 1 of 4 is finished.",
                "latents 2, batch 8, 2 of 4 is finished.",
                "latents 3, batch 4, 3 of 4 is finished.",
                "latents 3, batch 8, 4 of 4 is finished.",
            ],
            Resume().Lines[..4]);
    }

    [Fact]
    public void A_run_that_was_killed_before_its_run_file_was_there_is_started_again()
    {
        Interrupt();
        _folder.Write([], "study", "latents-2-batch-8", "metrics.jsonl");
        _folder.Write([], "study", "latents-2-batch-8", "checkpoint", "lock");
        _folder.Write([1], "study", "latents-2-batch-8", "run.json.new");

        Assert.Equal(0, Resume().Code);
        SameAsWhole();
    }

    [Fact]
    public void Other_settings_than_those_of_the_study_are_refused_by_name()
    {
        Interrupt();

        foreach (var (more, sentence) in ((string, string)[])
        [
            ("--latents 2", "--latents is 2,3 in the run to resume; got 2. Leave it out or start a new run."),
            ("--batch 4,8,16", "--batch is 4,8 in the run to resume; got 4,8,16. Leave it out or start a new run."),
            ("--lr 1e-3,1e-2", "--lr is 0.001 in the run to resume; got 0.001,0.01. Leave it out or start a new run."),
            ("--target 0.45", "--target is ramp in the run to resume; got 0.45. Leave it out or start a new run."),
            ("--estimator st", "--estimator is st,rloo in the run to resume; got st. Leave it out or start a new run."),
            ("--threads 2", "--threads is 1 in the run to resume; got 2. Leave it out or start a new run."),
            ("--json", "--json is for one run; --latents and --batch make several."),
        ])
        {
            Refused(sentence, Resume(more.Split(' ')));
        }

        Assert.Equal(0, Resume("--latents", "2,3", "--estimator", "st, rloo", "--lr", "0.001").Code);
    }

    [Fact]
    public void A_study_of_another_experiment_a_damaged_one_and_one_that_is_there_are_refused()
    {
        Interrupt();

        Refused(
            $"'{_folder["study"]}' holds a study of 'polynomial', not of 'vae'.", Run("run", "vae", "--resume", "--out", _folder["study"]));
        Refused(
            $"--out must be a new or empty folder; '{_folder["study"]}' holds a study. Go on with it by --resume, or name another folder.",
            Run(Study("study")));
    }

    public static TheoryData<string, string, string> Damages { get; } = new()
    {
        { "{", "", "it is not JSON, or cut short, at line 2" },
        { "\"experiment\"", "\"experiments\"", "field 'experiments' is not known" },
        { "\"axes\"", "\"axes\": [], \"axes\"", "field 'axes' is there twice" },
        { "\"name\": \"latents\",", "", "field 'axes[0].name' is missing" },
        { "\"axes\": [", "\"axes\": [{},", "field 'axes[0].name, axes[0].values' is missing" },
        { "\"axes\": [", "\"axes\": [null,", "field 'axes[0]' is null" },
        { "\"--target\": \"ramp\"", "\"--target\": null", "field 'settings.--target' is null" },
        { "\"--target\": \"ramp\"", "\"--target\": 3", "field 'settings.--target' holds something else than belongs there" },
        { "\"latents\"", "\"../x\"", "axes must have the names of options; got '../x'" },
        { "\"latents\"", "\"batch\"", "an axis is named twice" },
        { "\"latents\"", "\"target\"", "target is an axis and a setting" },
        { "\"latents\"", "\"lantents\"", "there is no option '--lantents' of its runs" },
        { "\"--target\"", "\"--traget\"", "there is no option '--traget' of its runs" },
        { "\"--target\": \"ramp\"", "\"--target\": \"ramp\", \"--lr\": \"fast\"", "--lr must be a number, such as 0.5; got 'fast'" },
        { "\"2\"", "\"2/..\"", "the values of latents must be different numbers or words" },
        { "\"2\"", "\"3\"", "the values of latents must be different numbers or words" },
        { "\"2\"", "\"5\"", "the run in '{0}/latents-2-batch-4' is none of its axes" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_damaged_study_file_is_refused_by_the_place(string good, string bad, string what)
    {
        Interrupt();
        var path = _folder["study", "study.json"];
        var text = File.ReadAllText(path);
        Assert.Contains(good, text, StringComparison.Ordinal);
        var at = text.IndexOf(good, StringComparison.Ordinal);
        File.WriteAllText(path, text[..at] + bad + text[(at + good.Length)..]);

        what = string.Format(null, what, _folder["study"]);
        Refused($"'{path}' must describe a study as dgrad wrote it; it does not: {what}. Start a new study.", Resume());
    }

    [Theory]
    [InlineData("--latents 8,", "--latents must be a whole number of at most 2147483647; got '' in '8,'.")]
    [InlineData("--latents 8,many", "--latents must be a whole number of at most 2147483647; got 'many' in '8,many'.")]
    [InlineData("--latents 8,2.5", "--latents must be a whole number of at most 2147483647; got '2.5' in '8,2.5'.")]
    [InlineData("--p 1.5;2,3", "--p must be a number, such as 0.5; got '1.5;2' in '1.5;2,3'.")]
    [InlineData("--batch 16,64,16", "--batch must name each value once; got 16 2 times.")]
    [InlineData("--lr 1e-3,0.001", "--lr must name each value once; got 0.001 2 times.")]
    [InlineData("--latents 8,0", "--latents must be at least 1; got 0.")]
    [InlineData("--seed 1,2", "--seed must be a whole number; got '1,2'.")]
    [InlineData("--threads 1,2", "--threads must be a whole number of at most 2147483647; got '1,2'.")]
    [InlineData("--latents 8,16 --json", "--json is for one run; --latents makes several.")]
    [InlineData(
        "--temperature 1,2 --estimator reinmax,rloo",
        "'rloo' has no temperature: leave it out of --estimator, or give --temperature one value.")]
    [InlineData(
        "--samples 2,4 --estimator reinmax,rloo", "'reinmax' has no samples: leave it out of --estimator, or give --samples one value.")]
    [InlineData("--samples 2,1 --estimator rloo", "'rloo': samples must be at least 2; got 1.")]
    public void A_bad_list_is_one_sentence_and_leaves_nothing(string options, string sentence)
    {
        Refused(sentence, Run(["run", "polynomial", "--out", _folder["study"], .. options.Split(' ')]));
        Assert.False(Path.Exists(_folder["study"]));
    }

    [Fact]
    public void A_study_has_at_most_a_thousand_runs()
    {
        var values = string.Join(',', Enumerable.Range(1, 40));

        Refused(
            "--latents and --batch make 1600 runs; a study has at most 1000.",
            Run("run", "polynomial", "--latents", values, "--batch", values, "--out", _folder["study"]));
    }

    [Fact]
    public void A_batch_of_evaluations_holds_as_many_examples_as_the_estimator_can_pay_for()
    {
        Run(Alone("evaluations", "--batch", "7", "--batch-unit", "evaluations", "--estimator", "rloo,st"));
        Run(Alone("half", "--batch", "3", "--estimator", "rloo"));
        Run(Alone("all", "--batch", "7", "--estimator", "st"));

        Assert.Equal([.. Metrics("half"), .. Metrics("all")], Metrics("evaluations"));
        Refused(
            "'rloo' does not apply here: it takes 2 evaluations an example; got --batch 1.",
            Run("run", "polynomial", "--batch", "1", "--batch-unit", "evaluations", "--estimator", "rloo"));
    }

    private static void Refused(string sentence, Result result) =>
        Assert.Equal((2, "", sentence + Environment.NewLine), (result.Code, result.Out, result.Error));

    private string[] Alone(string folder, params string[] more) =>
        ["run", "polynomial", "--epochs", "3", "--steps", "5", "--threads", "1", "--out", _folder[folder], .. more];

    private string[] Study(string folder, params string[] more) => Alone(folder, [.. Grid, .. more]);

    private Result Resume(params string[] more) => Run(["run", "polynomial", "--resume", "--out", _folder["study"], .. more]);

    /// <summary>Four runs of two estimators and three epochs.</summary>
    private void Whole(string folder) =>
        MadeOnce.Copy("study", _folder[folder], made => Assert.Equal(0, Run(Study(made)).Code));

    /// <summary>The same, stopped in the first run.</summary>
    private void Interrupt() => MadeOnce.Copy("study, 1 epoch", _folder["study"], made => Assert.Equal(130, Stop(made, 1).Code));

    /// <summary>The same, stopped after so many epochs.</summary>
    private Result Stop(string folder, int epochs)
    {
        using var stop = new CancellationTokenSource();
        using var output = new CancelAfterEpochs(epochs, stop);
        return Run(output, stop.Token, Study(folder));
    }

    private void SameAsWhole()
    {
        Whole("whole");
        foreach (var folder in Directory.GetDirectories(_folder["whole"], "latents-*").Select(path => Path.GetFileName(path)))
            Assert.Equal(Metrics("whole", folder), Metrics("study", folder));
        Assert.Equal(WithoutTimes("whole"), WithoutTimes("study"));

        string[] WithoutTimes(string study)
        {
            var rows = File.ReadAllLines(_folder[study, "study.csv"]).Select(line => line.Split(',')).ToList();
            var times = Array.IndexOf(rows[0], "seconds_per_step");
            return [.. rows.Select(row => string.Join(',', row.Where((_, i) => i != times)))];
        }
    }

    private string[] Metrics(params string[] run) => [.. File.ReadAllLines(_folder[[.. run, "metrics.jsonl"]]).Select(WithoutSeconds)];

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Standard output that cancels when so many epochs are reported.</summary>
    private sealed class CancelAfterEpochs(int epochs, CancellationTokenSource stop) : StringWriter
    {
        private int _left = epochs;

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.Contains("  epoch ", StringComparison.Ordinal) == true && --_left == 0)
                stop.Cancel();
        }
    }
}
