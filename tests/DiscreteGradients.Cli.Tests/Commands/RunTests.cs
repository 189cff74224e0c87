using System.Text;
using System.Text.Json;
using DiscreteGradients.Cli.Commands;
using DiscreteGradients.Experiments.Bench;
using DiscreteGradients.Testing;
using SkiaSharp;

namespace DiscreteGradients.Cli.Tests.Commands;

public sealed class RunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_writes_one_metrics_line_an_epoch_with_the_documented_fields()
    {
        var result = Tool.Run(Tool.TinyRun(_folder["run"], "--estimator", "st,reinmax", "--seed", "7", "--seeds", "2"));

        Assert.Equal((0, ""), (result.Code, result.Error));
        var lines = File.ReadAllLines(_folder["run", "metrics.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(2 * 2 * 3, lines.Count);
        Assert.All(lines, line => Assert.Equal(
            ["experiment", "estimator", "seed", "epoch", "train_loss", "expected_loss", "seconds", "steps", "check"],
            line.EnumerateObject().Select(p => p.Name)));
        Assert.Equal(
            from estimator in (string[])["st", "reinmax"]
            from seed in (int[])[7, 8]
            from epoch in (int[])[1, 2, 3]
            select (estimator, seed, epoch),
            from line in lines
            select (line.GetProperty("estimator").GetString()!, line.GetProperty("seed").GetInt32(), line.GetProperty("epoch").GetInt32()));
        Assert.All(lines, line => Assert.Equal("polynomial", line.GetProperty("experiment").GetString()));
        Assert.All(lines, line => Assert.InRange(line.GetProperty("train_loss").GetDouble(), 0.2, 0.31));
    }

    [Fact]
    public void A_run_describes_itself()
    {
        Tool.Run(Tool.TinyRun(_folder["run"], "--estimator", "reinmax,rloo", "--temperature", "1.5", "--samples", "3"));

        var run = JsonDocument.Parse(File.ReadAllText(_folder["run", "run.json"])).RootElement;
        Assert.True(run.GetProperty("finished").GetBoolean());
        Assert.Equal(4, run.GetProperty("options").GetProperty("latents").GetInt32());
        Assert.Equal(1, run.GetProperty("threads").GetInt32());
        Assert.Equal(["reinmax", "rloo"], run.GetProperty("estimators").EnumerateArray().Select(e => e.GetProperty("name").GetString()));
        Assert.Equal(new ReinMax(1.5).ToString(), run.GetProperty("estimators")[0].GetProperty("configuration").GetString());
        Assert.Equal(new Rloo(3).ToString(), run.GetProperty("estimators")[1].GetProperty("configuration").GetString());
        Assert.Equal(["dgrad", "torchsharp", "libtorch", "dotnet"], run.GetProperty("versions").EnumerateObject().Select(p => p.Name));
    }

    [Fact]
    public void A_choice_stands_in_the_run_file_as_it_is_typed()
    {
        Tool.Run(
            "run", "vae", "--dataset", "made-digits", "--images", "200", "--epochs", "1", "--activation", "leaky-relu",
            "--out", _folder["vae"]);

        var options = JsonDocument.Parse(File.ReadAllText(_folder["vae", "run.json"])).RootElement.GetProperty("options");
        Assert.Equal("leaky-relu", options.GetProperty("activation").GetString());
        Assert.Equal("adam", options.GetProperty("optimizer").GetString());
    }

    [Fact]
    public void Json_prints_the_metrics_lines_and_nothing_else()
    {
        var result = Tool.Run(Tool.TinyRun(_folder["run"], "--estimator", "st", "--json"));

        Assert.Equal((0, "", File.ReadAllText(_folder["run", "metrics.jsonl"])), (result.Code, result.Error, result.Out));
    }

    [Fact]
    public void Two_runs_with_a_seed_agree_exactly()
    {
        Tool.Run(Tool.TinyRun(_folder["a"], "--seed", "3"));
        Tool.Run(Tool.TinyRun(_folder["b"], "--seed", "3"));

        Assert.Equal(Losses("a").Select(line => line.ToJson()), Losses("b").Select(line => line.ToJson()));
    }

    [Fact]
    public void A_seed_gives_the_same_numbers_alone_and_among_others()
    {
        Tool.Run(Tool.TinyRun(_folder["a"], "--estimator", "reinmax,rloo", "--seeds", "2"));
        Tool.Run(Tool.TinyRun(_folder["b"], "--estimator", "rloo", "--seed", "1"));

        Assert.Equal(Losses("a").Where(l => l is { Method: "rloo", Seed: 1 }).Select(l => l.Numbers), Losses("b").Select(l => l.Numbers));
    }

    [Fact]
    public void By_default_the_experiments_own_estimators_run()
    {
        Tool.Run(Tool.TinyRun(_folder["run"]));

        Assert.Equal(
            ["reinmax", "reinmax-uniform", "st", "st-gumbel", "gumbel-rao", "gst-1.0", "gst-p", "reinforce", "rloo"],
            Losses("run").Select(l => l.Method).Distinct());
    }

    [Fact]
    public void The_table_holds_mean_deviation_optimum_and_the_place_of_the_files()
    {
        var result = Tool.Run(Tool.TinyRun(_folder["run"], "--estimator", "st", "--seeds", "2"));

        var summary = Assert.Single(MethodSummary.Of(File.ReadAllLines(_folder["run", "metrics.jsonl"]).Select(MetricsLine.Parse)));
        var row = Assert.Single(result.Lines, line => line.StartsWith("st ", StringComparison.Ordinal) && line.Contains('±'));
        var loss = FormattableString.Invariant($"{summary.TrainLoss.Mean:0.0000} ± {summary.TrainLoss.Std:0.0000}");
        var gap = FormattableString.Invariant($" {summary.ExpectedLoss!.Value.Mean - 0.2025:0.0000} ");
        Assert.Contains(loss, row, StringComparison.Ordinal);
        Assert.Contains(gap, row, StringComparison.Ordinal);
        Assert.Contains("Known optimum 0.2025; gap: expected loss above it.", result.Lines);
        Assert.Equal($"Files: {_folder["run"]}", result.Lines[^1]);
        Assert.Equal(MethodSummary.ToCsv([summary], "polynomial"), File.ReadAllText(_folder["run", "summary.csv"]));
    }

    [Fact]
    public void The_table_has_the_bound_of_many_samples_beside_the_test_loss()
    {
        var result = Tool.Run(
            "run", "bernoulli-vae", "--dataset", "made-digits", "--images", "500", "--latents", "4", "--epochs", "1",
            "--estimator", "st", "--threads", "1",
            "--bound-samples", "3", "--variance-every", "0", "--picture-every", "0", "--out", _folder["run"]);

        var line = MetricsLine.Parse(File.ReadAllText(_folder["run", "metrics.jsonl"]));
        Assert.Contains("estimator train test test time n", result.Lines.Select(Words));
        Assert.Contains("loss loss bound a step", result.Lines.Select(Words));
        var start = FormattableString.Invariant($"st {line.TrainLoss:0.00} {line.TestLoss:0.00} {line["bound_3"]:0.00} ");
        Assert.Contains(result.Lines, row => Words(row).StartsWith(start, StringComparison.Ordinal));
    }

    private static string Words(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    [Fact]
    public void Runs_that_begin_in_the_same_second_have_folders_of_their_own()
    {
        var name = $"test-{Guid.NewGuid()}";
        var threads = Enumerable.Range(0, 8)
            .Select(_ => new Thread(() => RunLauncher.DefaultFolder(name, DateTimeOffset.UnixEpoch))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        var path = Path.Combine("runs", $"{name}-19700101-000000");
        try
        {
            Assert.Equal(
                [path, .. Enumerable.Range(2, 7).Select(i => $"{path}-{i}")],
                Directory.GetDirectories("runs", $"{name}*").Order(StringComparer.Ordinal));
        }
        finally
        {
            foreach (var folder in Directory.GetDirectories("runs", $"{name}*"))
                Directory.Delete(folder);
        }
    }

    [Fact]
    public void Redirected_output_has_no_escape_codes()
    {
        var result = Tool.Run(Tool.TinyRun(_folder["run"]));

        Assert.DoesNotContain('\e', result.Out);
    }

    [Theory]
    [InlineData(80)]
    [InlineData(200)]
    public void The_live_display_and_the_table_fit_the_terminal(int width)
    {
        var output = new StringWriter();

        DgradApp.Run(
            Tool.TinyRun(_folder["run"], "--seeds", "2"), new Terminal(output, new StringWriter()) { Interactive = true, Width = width });

        var lines = output.ToString().Split('\n', '\r').Select(WithoutEscapes).ToList();
        Assert.Contains(lines, line => line.Contains("reinmax-uniform", StringComparison.Ordinal) && line.Contains('━'));
        Assert.Contains(lines, line => line.StartsWith("reinmax-uniform", StringComparison.Ordinal) && line.Split('±').Length == 3);
        Assert.DoesNotContain('…', output.ToString());
        Assert.All(lines.Where(line => !line.StartsWith("Files", StringComparison.Ordinal)), line => Assert.InRange(line.Length, 0, width));
    }

    [Theory]
    [InlineData(40, " 3/3")]
    [InlineData(30, "")]
    public void On_a_narrow_terminal_the_live_display_leaves_columns_out(int width, string epoch)
    {
        var lines = Narrow(width);

        var row = FormattableString.Invariant($"reinmax-uniform{epoch} {Losses("run")[5].TrainLoss:0.0000}");
        Assert.Contains(lines, line => Words(line).StartsWith(row, StringComparison.Ordinal));
        Assert.All(
            lines.TakeWhile(line => !line.StartsWith("Values of", StringComparison.Ordinal)),
            line => Assert.InRange(line.Length, 0, width));
    }

    [Fact]
    public void On_a_narrow_terminal_rows_of_a_table_become_paragraphs()
    {
        var lines = Narrow(40);

        var summary = MethodSummary.Of(File.ReadAllLines(_folder["run", "metrics.jsonl"]).Select(MetricsLine.Parse))[0];
        var row = lines.LastIndexOf("reinmax-uniform");
        Assert.StartsWith(
            FormattableString.Invariant($"  train loss    {summary.TrainLoss.Mean:0.0000}"), lines[row + 1], StringComparison.Ordinal);
        Assert.StartsWith("  expected loss ", lines[row + 2], StringComparison.Ordinal);
        Assert.Equal("  n             2", lines[row + 5]);
        Assert.Equal("st", lines[row + 6]);
    }

    private List<string> Narrow(int width)
    {
        var output = new StringWriter();
        DgradApp.Run(
            Tool.TinyRun(_folder["run"], "--seeds", "2", "--estimator", "reinmax-uniform,st"),
            new Terminal(output, new StringWriter()) { Interactive = true, Width = width });
        Assert.DoesNotContain('…', output.ToString());
        return [.. output.ToString().Split('\n', '\r').Select(line => WithoutEscapes(line).TrimEnd())];
    }

    [Theory]
    [InlineData("list")]
    [InlineData("compare --estimator st,rloo --draws 20 --learning-steps 0")]
    [InlineData("run efficiency --task polynomial --rounds 1 --threads 1 --out FOLDER")]
    [InlineData("bench --from ROWS")]
    [InlineData("run polynomial --latents 2 --epochs 1 --steps 1 --lr 0.1,0.2,0.3,0.4,0.5 --seeds 2 --estimator st --out FOLDER")]
    [InlineData("run vae --dataset made-digits --images 500 --batch 500 --epochs 1 --estimator st,reinmax --out FOLDER")]
    public void No_table_is_cut_off_on_a_narrow_terminal(string command)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var row = new BenchRow(
            "st", 400, 8, BenchPass.Forward, 1, 9, 10.5, 1234.5, 117, 100, 130, 1.5, 2, 3, 4, 0.5, 0.25, 1, 2, 3, 7, 3, 12, 0, 128, "here");
        var rows = _folder.Write(Encoding.UTF8.GetBytes($"{BenchRow.CsvHeader}\n{row.ToCsv()}\n"), "rows.csv");

        var code = DgradApp.Run(
            command.Replace("FOLDER", _folder["run"], StringComparison.Ordinal).Replace("ROWS", rows, StringComparison.Ordinal).Split(' '),
            new Terminal(output, error) { Width = 40 });

        Assert.Equal((0, ""), (code, error.ToString()));
        Assert.DoesNotContain('…', output.ToString());
    }

    [Theory]
    [InlineData("train-loss")]
    [InlineData("expected-loss")]
    public void Plots_are_pictures_with_something_on_them(string name)
    {
        MadeOnce.TinyWhole(_folder["run"]);

        using var bitmap = SKBitmap.Decode(_folder["run", "plots", name + ".png"]);
        Assert.Equal((1200, 750), (bitmap.Width, bitmap.Height));
        Assert.InRange(bitmap.Pixels.Distinct().Count(), 20, int.MaxValue);
        Assert.Contains("<svg", File.ReadAllText(_folder["run", "plots", name + ".svg"]), StringComparison.Ordinal);
    }

    [Fact]
    public void An_interrupted_run_keeps_what_there_is_and_says_so()
    {
        using var stop = new CancellationTokenSource();
        using var output = new Tool.CancelAfterLines(4, stop);

        var result = Tool.Run(output, stop.Token, Tool.TinyRun(_folder["run"], "--estimator", "st,reinmax", "--json"));

        Assert.Equal(130, result.Code);
        Assert.Equal($"Interrupted; go on with: dgrad run polynomial --resume --out {_folder["run"]}{Environment.NewLine}", result.Error);
        Assert.Equal(4, Losses("run").Count);
        Assert.False(JsonDocument.Parse(File.ReadAllText(_folder["run", "run.json"])).RootElement.GetProperty("finished").GetBoolean());
        Assert.True(File.Exists(_folder["run", "plots", "train-loss.png"]));
        Assert.Equal([("st", 3), ("reinmax", 1)], MethodSummary.Of(Losses("run")).Select(s => (s.Method, s.Epoch)));
    }

    private IReadOnlyList<MetricsLine> Losses(string run) =>
        [.. File.ReadAllLines(_folder[run, "metrics.jsonl"]).Select(MetricsLine.Parse).Select(line => line with { Seconds = 0 })];

    private static string WithoutEscapes(string line) => System.Text.RegularExpressions.Regex.Replace(line, @"\e\[[0-9;?]*[A-Za-z]", "");
}
