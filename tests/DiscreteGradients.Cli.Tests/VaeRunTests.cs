using System.Text.Json;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Cli.Tests;

public sealed class VaeRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_preset_gives_each_estimator_its_settings_and_the_command_line_wins()
    {
        var result = Run("--preset", "paper-16x12", "--estimator", "st-gumbel,gumbel-rao,gst-1.0,st,reinmax", "--noise-draws", "2");

        Assert.Equal((0, ""), (result.Code, result.Error));
        var run = JsonDocument.Parse(File.ReadAllText(_folder["run", "run.json"])).RootElement;
        var options = run.GetProperty("options");
        Assert.Equal(
            ("paper-16x12", 16, 12, 1, 500),
            (options.GetProperty("preset").GetString(),
                Int(options, "categories"), Int(options, "latents"), Int(options, "epochs"), Int(options, "batch")));
        Assert.False(options.TryGetProperty("lr", out _));
        Assert.Equal(
            [
                ("st-gumbel", "radam", 7e-4, "Temperature = 0.7"),
                ("gumbel-rao", "adam", 5e-4, "Temperature = 1"),
                ("gst-1.0", "radam", 7e-4, "Temperature = 0.5"),
                ("st", "adam", 5e-4, "Temperature = 1.5"),
                ("reinmax", "radam", 7e-4, "Temperature = 1.5"),
            ],
            run.GetProperty("estimators").EnumerateArray().Select(Settings));
    }

    [Fact]
    public void What_is_given_beside_a_preset_holds_for_all_estimators()
    {
        Run("--preset", "paper-8x4", "--estimator", "st,gst-p", "--lr", "0.002", "--temperature", "0.9");

        var run = JsonDocument.Parse(File.ReadAllText(_folder["run", "run.json"])).RootElement;
        Assert.Equal(0.002, run.GetProperty("options").GetProperty("lr").GetDouble());
        Assert.Equal(
            [("st", "adam", 0.002, "Temperature = 0.9"), ("gst-p", "adam", 0.002, "Temperature = 0.9")],
            run.GetProperty("estimators").EnumerateArray().Select(Settings));
    }

    [Fact]
    public void A_preset_trains_as_its_settings_do_when_they_are_typed()
    {
        Run("--preset", "paper-8x4", "--estimator", "reinmax,st");
        var preset = Losses();
        Directory.Delete(_folder["run"], recursive: true);

        Run("--categories", "8", "--latents", "4", "--estimator", "st", "--lr", "0.001", "--temperature", "1.3");

        Assert.Equal(preset[1..], Losses());
        Assert.Equal(2, preset.Count);
    }

    [Fact]
    public void A_preset_and_the_same_settings_typed_are_one_series_of_a_report()
    {
        Run("--preset", "paper-8x4", "--estimator", "reinmax,st");
        Tool.Run(
            "run", "vae", "--dataset", "made-digits", "--images", "500", "--epochs", "1", "--batch", "500",
            "--estimator", "st", "--lr", "0.001", "--temperature", "1.3",
            "--picture-every", "0", "--seed", "1", "--out", _folder["typed"]);

        var series = RunSeries.Of(StoredRun.ReadAll([_folder["run"], _folder["typed"]]));

        Assert.Equal([("reinmax", 1), ("st", 2)], series.Select(s => (s.Method.Name, s.Seeds.Count)));
        Assert.Equal([new("optimizer", "adam"), new("lr", "0.001"), new("temperature", "1.3")], series[1].Tuning);
        Assert.DoesNotContain(series[1].Task, setting => setting.Name is "preset" or "quality_draws");
    }

    [Fact]
    public void The_presets_of_the_table_have_all_estimators_and_the_large_one_has_reinmax()
    {
        var table = VaePresets.All.SkipLast(1).ToList();

        Assert.Equal(
            ["paper-8x4", "paper-4x24", "paper-8x16", "paper-16x12", "paper-64x8", "paper-10x30"], table.Select(preset => preset.Name));
        Assert.All(table, preset => Assert.Equal(["st-gumbel", "gumbel-rao", "gst-1.0", "st", "reinmax"], preset.Tunings.Keys));
        Assert.All(table, preset => Assert.Equal(
            (160, 100, VaeActivation.Relu), (preset.Options.Epochs, preset.Options.Batch, preset.Options.Activation)));
        var large = VaePresets.All[^1];
        Assert.Equal(
            (64, 32, 200, VaeActivation.LeakyRelu, 1667),
            (large.Options.Categories, large.Options.Latents, large.Options.Batch, large.Options.Activation, large.Options.Epochs));
        Assert.Equal([new("reinmax", new VaeTuning(VaeOptimizer.Radam, 5e-4, 1.1))], large.Tunings);
    }

    [Fact]
    public void Several_temperatures_are_a_run_each_and_a_table()
    {
        var result = Tool.Run(Tool.TinyRun(_folder["study"], "--estimator", "st,reinmax", "--temperature", "0.5,2"));

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal(
            ["plots", "temperature-0.5", "temperature-2"], Directory.GetDirectories(_folder["study"]).Select(Path.GetFileName).Order());
        Assert.Equal(["losses.png", "losses.svg"], Directory.GetFiles(_folder["study", "plots"]).Select(Path.GetFileName).Order());
        var run = JsonDocument.Parse(File.ReadAllText(_folder["study", "temperature-2", "run.json"])).RootElement;
        Assert.Contains(
            "Temperature = 2", run.GetProperty("estimators")[1].GetProperty("configuration").GetString(), StringComparison.Ordinal);
        Assert.Equal(["temperature", "0.5", "2"], result.Lines[^5].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var last = MetricsLine.Parse(File.ReadAllLines(_folder["study", "temperature-0.5", "metrics.jsonl"])[2]);
        Assert.Equal(
            ["st", FormattableString.Invariant($"{last.ExpectedLoss!.Value - 0.2025:0.00000}")],
            result.Lines[^4].Split(' ', StringSplitOptions.RemoveEmptyEntries)[..2]);
        Assert.Equal($"Folders: {_folder["study", "temperature-T"]}", result.Lines[^1]);
    }

    [Fact]
    public void Gradient_quality_is_drawn_over_the_epochs()
    {
        Run(
            "--categories", "3", "--latents", "2", "--quality-every", "1", "--quality-images", "3", "--quality-draws", "4",
            "--estimator", "st");

        Assert.Equal(
            ["bias-approx.png", "bias.png", "cosine.png", "std.png"],
            Directory.GetFiles(_folder["run", "plots"], "*.png").Select(path => Path.GetFileName(path)!)
                .Where(name => !name.Contains("loss", StringComparison.Ordinal) && !name.StartsWith("st-", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_collapsed_latent_is_a_warning_at_the_end_of_the_run()
    {
        var result = Run("--categories", "3", "--latents", "2", "--lr", "1e-30", "--seeds", "2");

        Assert.Contains(
            "Warning: reinmax has collapsed latents, whose codes say nothing about the image: 2 with seed 0, 2 with seed 1.", result.Lines);
        Assert.Contains(result.Lines, line => line.StartsWith("reinmax     1.098 ", StringComparison.Ordinal));  // log 3 at the start
    }

    private Tool.Result Run(params string[] more) =>
        Tool.Run([
            "run", "vae", "--dataset", "made-digits", "--images", "500", "--epochs", "1", "--batch", "500", "--threads", "1",
            "--out", _folder["run"], .. more,
        ]);

    private List<(double, double?)> Losses() =>
        [.. File.ReadAllLines(_folder["run", "metrics.jsonl"]).Select(MetricsLine.Parse).Select(line => (line.TrainLoss, line.TestLoss))];

    private static int Int(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static (string?, string?, double, string) Settings(JsonElement estimator) => (
        estimator.GetProperty("name").GetString(), estimator.GetProperty("options").GetProperty("optimizer").GetString(),
        estimator.GetProperty("options").GetProperty("lr").GetDouble(),
        System.Text.RegularExpressions.Regex.Match(estimator.GetProperty("configuration").GetString()!, @"Temperature = [\d.]+").Value);
}
