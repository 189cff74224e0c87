using System.Text.Json.Nodes;
using DiscreteGradients.Testing;
using static DiscreteGradients.Cli.Tests.Tool;

namespace DiscreteGradients.Cli.Tests;

/// <summary>A run is finished when everything that it leaves is there; what is lost afterwards is made again from its metrics.</summary>
public sealed class FinishingTests : IDisposable
{
    private static readonly string[] Results =
    [
        "summary.csv", "plots/train-loss.png", "plots/train-loss.svg", "plots/expected-loss.png", "plots/expected-loss.svg",
    ];

    private static readonly string[] Tiny =
        ["run", "polynomial", "--batch", "4", "--epochs", "2", "--steps", "5", "--threads", "1", "--estimator", "st"];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> AllResults => [.. Results];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(AllResults))]
    public void A_run_that_cannot_write_a_result_is_not_finished_and_goes_on_with_it(string result)
    {
        Directory.CreateDirectory(_folder["run", result]);  // where the file belongs

        var failed = Run(TinyRun(_folder["run"], "--estimator", "st"));

        Assert.Equal(2, failed.Code);
        var command = $"dgrad run polynomial --resume --out {_folder["run"]}";
        Assert.EndsWith($" When it can, go on with: {command}", failed.Error.TrimEnd(), StringComparison.Ordinal);
        Assert.Single(failed.Error.TrimEnd().Split('\n'));
        Assert.False(Finished("run"));

        Directory.Delete(_folder["run", result]);
        Assert.Equal((0, ""), Resumed("run"));
        HasAll("run");
    }

    [Fact]
    public void A_study_that_cannot_write_a_result_goes_on_with_it()
    {
        foreach (var result in (string[])["latents-2/summary.csv", "study.csv", "plots/losses.png"])
        {
            Directory.CreateDirectory(_folder["study", result]);
            var isFirst = result == "latents-2/summary.csv";
            var failed = isFirst ? Run([.. Tiny, "--latents", "2,3", "--out", _folder["study"]]) : Resume("study");
            Assert.Equal(2, failed.Code);
            Directory.Delete(_folder["study", result]);
        }

        Assert.Equal((0, ""), Resumed("study"));
        HasAll("study/latents-2");
        HasAll("study/latents-3");
        foreach (var name in (string[])["study.csv", "plots/losses.png", "plots/losses.svg"])
            Assert.True(new FileInfo(_folder["study", name]).Length > 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_finished_run_has_lost_is_made_again_without_training(bool inStudy)
    {
        Assert.Equal(0, Run([.. Tiny, "--latents", inStudy ? "4,5" : "4", "--out", _folder["run"]]).Code);
        var folder = inStudy ? "run/latents-4" : "run";
        var kept = Contents(folder);
        File.WriteAllText(_folder[folder, "summary.csv"], "");
        File.Delete(_folder[folder, "plots/train-loss.png"]);
        File.WriteAllText(_folder[folder, "plots/train-loss.svg"], "");
        File.WriteAllBytes(_folder[folder, "plots/expected-loss.png"], kept[_folder[folder, "plots/expected-loss.png"]][..^1]);
        Directory.Delete(_folder[folder, "tensorboard"], recursive: true);

        var resumed = Resume("run");

        Assert.Equal((0, ""), (resumed.Code, resumed.Error));
        var alone = $"The run in {_folder["run"]} is finished; there is nothing to go on with.";
        Assert.Equal(inStudy ? "latents 4, 1 of 2 is finished." : alone, resumed.Lines[0]);
        HasAll(folder);
        var now = Contents(folder);
        foreach (var path in kept.Keys.Where(path => !path.Contains("tensorboard", StringComparison.Ordinal)))
            Assert.True(path.EndsWith("svg", StringComparison.Ordinal) || kept[path].AsSpan().SequenceEqual(now[path]), path);
        Assert.True(new FileInfo(Assert.Single(Directory.GetFiles(_folder[folder, "tensorboard/st-seed0"]))).Length > 100);
    }

    [Fact]
    public void A_finished_run_is_made_whole_without_its_images()
    {
        string[] options =
        [
            "--dataset", "made-digits", "--images", "500", "--epochs", "1", "--threads", "1", "--picture-every", "0",
        ];
        Assert.Equal(0, Run(["run", "vae", .. options, "--out", _folder["run"]]).Code);
        var record = JsonNode.Parse(File.ReadAllText(_folder["run", "run.json"]))!;
        record["options"]!["dataset"] = "omniglot";
        File.WriteAllText(_folder["run", "run.json"], record.ToJsonString());
        Directory.Delete(_folder["run", "checkpoint"], recursive: true);
        File.Delete(_folder["run", "summary.csv"]);

        var resumed = Run("run", "vae", "--resume", "--out", _folder["run"], "--data", _folder["."]);

        Assert.Equal((0, ""), (resumed.Code, resumed.Error));
        Assert.True(File.Exists(_folder["run", "summary.csv"]));
    }

    [Fact]
    public void A_finished_run_that_lacks_an_epoch_is_refused()
    {
        Assert.Equal(0, Run(TinyRun(_folder["run"], "--estimator", "st,reinmax")).Code);
        var path = _folder["run", "metrics.jsonl"];
        File.WriteAllLines(path, File.ReadAllLines(path)[..^1]);
        var before = Contents("run");
        var sentence = $"'{path}' is damaged: run.json says that the run is finished, but epoch 3 of reinmax, seed 0, is not there. "
            + $"Move the run's folder away or repair it.{Environment.NewLine}";

        var resumed = Resume("run");
        var report = Run("report", _folder["run"], "--out", _folder["report"]);

        Assert.Equal((2, "", sentence), (resumed.Code, resumed.Out, resumed.Error));
        Assert.Equal((2, "", sentence), (report.Code, report.Out, report.Error));
        Assert.Equal(before, Contents("run"));
    }

    private Result Resume(string run) => Run("run", "polynomial", "--resume", "--out", _folder[run]);

    private (int, string) Resumed(string run)
    {
        var result = Resume(run);
        return (result.Code, result.Error);
    }

    private bool Finished(string run) => JsonNode.Parse(File.ReadAllText(_folder[run, "run.json"]))!["finished"]!.GetValue<bool>();

    private void HasAll(string run)
    {
        Assert.True(Finished(run));
        Assert.All(Results, name => Assert.True(new FileInfo(_folder[run, name]).Length > 0, name));
        Assert.Empty(Directory.GetFiles(_folder[run], "*.new", SearchOption.AllDirectories));
        var lines = File.ReadLines(_folder[run, "metrics.jsonl"]).Select(MetricsLine.Parse);
        Assert.Equal(MethodSummary.ToCsv(MethodSummary.Of(lines), "polynomial"), File.ReadAllText(_folder[run, "summary.csv"]));
    }

    private Dictionary<string, byte[]> Contents(string run) =>
        Directory.GetFiles(_folder[run], "*", SearchOption.AllDirectories).ToDictionary(path => path, File.ReadAllBytes);
}
