using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using DiscreteGradients.Testing;
using static DiscreteGradients.Cli.Tests.Tool;

namespace DiscreteGradients.Cli.Tests;

public sealed class ResumeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_interrupted_run_says_how_to_go_on_and_ends_as_if_it_had_never_stopped()
    {
        using var stop = new CancellationTokenSource();
        using var output = new CancelAfterLines(4, stop);
        var interrupted = Run(output, stop.Token, TinyRun(_folder["run"], "--estimator", "st,reinmax", "--seeds", "2", "--json"));

        Assert.Equal(
            (130, $"Interrupted; go on with: dgrad run polynomial --resume --out {_folder["run"]}{Environment.NewLine}"),
            (interrupted.Code, interrupted.Error));
        Assert.Equal(4, Metrics("run").Length);

        var resumed = Resume("--json");

        Assert.Equal((0, ""), (resumed.Code, resumed.Error));
        Assert.Equal(Whole(), Metrics("run"));
        Assert.Equal(Whole()[4..], resumed.Lines.Select(WithoutSeconds));
        Assert.Equal(
            ["checkpoint", "metrics.jsonl", "plots", "run.json", "summary.csv", "tensorboard"],
            Directory.GetFileSystemEntries(_folder["run"]).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void The_live_table_of_a_resumed_run_shows_what_was_finished_before()
    {
        Interrupt(9);
        var output = new StringWriter();

        DgradApp.Run(
            ["run", "polynomial", "--resume", "--out", _folder["run"]], new Terminal(output, new StringWriter()) { Interactive = true });

        var lines = System.Text.RegularExpressions.Regex.Replace(output.ToString(), @"\e\[[0-9;?]*[A-Za-z]", "").Split('\n', '\r');
        var rows = lines.Where(line => line.StartsWith("st ", StringComparison.Ordinal))
            .Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).ToList();
        Assert.True(rows.Count > 2);
        Assert.All(rows[..^1], row => Assert.Matches(@"^st [01] 3/3 0\.\d{4} ", row));  // the last is that of the table at the end
        Assert.Contains(lines, line => line.StartsWith("75 % done", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.StartsWith(" 0 % done", StringComparison.Ordinal));
    }

    [Fact]
    public void A_finished_run_shows_its_table()
    {
        var first = Run(TinyRun(_folder["run"], "--estimator", "st"));

        var again = Resume();

        Assert.Equal((0, ""), (again.Code, again.Error));
        Assert.Equal($"The run in {_folder["run"]} is finished; there is nothing to go on with.", again.Lines[0]);
        Assert.StartsWith("estimator ", again.Lines[1], StringComparison.Ordinal);
        Assert.Equal(first.Lines[^again.Lines[1..].Length..], again.Lines[1..]);
    }

    [Theory]
    [InlineData("--lr 0.5", "--lr is 0.001 in the run to resume; got 0.5. Leave it out or start a new run.")]
    [InlineData("--epochs 4", "--epochs is 3 in the run to resume; got 4. Leave it out or start a new run.")]
    [InlineData("--target ramp", "--target is 0.45 in the run to resume; got ramp. Leave it out or start a new run.")]
    [InlineData("--estimator st", "--estimator is st,reinmax in the run to resume; got st. Leave it out or start a new run.")]
    [InlineData("--temperature 2", "--temperature is not set in the run to resume; got 2. Leave it out or start a new run.")]
    [InlineData("--seed 1", "--seed is 0 in the run to resume; got 1. Leave it out or start a new run.")]
    [InlineData("--seeds 3", "--seeds is 2 in the run to resume; got 3. Leave it out or start a new run.")]
    [InlineData("--threads 2", "--threads is 1 in the run to resume; got 2. Leave it out or start a new run.")]
    [InlineData("--lr fast", "--lr must be a number, such as 0.5; got 'fast'.")]
    public void Other_settings_are_refused_by_name(string more, string sentence)
    {
        Interrupt(4);

        Refused(sentence, Resume(more.Split(' ')));
    }

    [Fact]
    public void The_same_settings_may_be_repeated()
    {
        Interrupt(4);

        var resumed = Resume("--lr", "1e-3", "--estimator", "st, reinmax", "--seeds", "2", "--threads", "1", "--latents", "4");

        Assert.Equal((0, ""), (resumed.Code, resumed.Error));
        Assert.Equal(Whole(), Metrics("run"));
    }

    [Fact]
    public void A_run_with_a_preset_goes_on_with_the_settings_of_each_estimator()
    {
        string[] vae =
        [
            "run", "vae", "--preset", "paper-8x4", "--dataset", "made-digits", "--images", "500", "--batch", "100", "--epochs", "2",
            "--estimator", "st,reinmax", "--threads", "1",
        ];
        using var stop = new CancellationTokenSource();
        using var output = new CancelAfterLines(3, stop);
        Assert.Equal(130, Run(output, stop.Token, [.. vae, "--out", _folder["run"], "--json"]).Code);

        var resumed = Run("run", "vae", "--resume", "--preset", "paper-8x4", "--out", _folder["run"]);

        Assert.Equal((0, ""), (resumed.Code, resumed.Error));
        Assert.Equal(0, Run([.. vae, "--out", _folder["whole"]]).Code);
        Assert.Equal(Metrics("whole"), Metrics("run"));
        Assert.Equal(
            JsonNode.Parse(File.ReadAllText(_folder["whole", "run.json"]))!["estimators"]!.ToJsonString(),
            JsonNode.Parse(File.ReadAllText(_folder["run", "run.json"]))!["estimators"]!.ToJsonString());
        Refused(
            "--lr is not set in the run to resume; got 1. Leave it out or start a new run.",
            Run("run", "vae", "--resume", "--lr", "1", "--out", _folder["run"]));
    }

    [Fact]
    public void A_setting_changed_in_the_run_file_is_found()
    {
        Interrupt(4);
        ChangeRecord(record => record["options"]!["lr"] = 0.5);

        Refused(
            $"--lr is 0.5 in run.json and 0.001 in the checkpoint '{_folder["run", "checkpoint", "st-seed0", "epoch-3.safetensors"]}'. "
            + "They belong to different runs; start a new one.",
            Resume());
        Assert.Equal(4, Metrics("run").Length);
    }

    [Fact]
    public void Other_versions_are_mentioned()
    {
        Interrupt(4);
        ChangeRecord(record => (record["versions"]!["libtorch"], record["machine"]!["cpu"]) = ("1.0", "abacus"));
        var record = JsonNode.Parse(File.ReadAllText(_folder["run", "run.json"]))!;

        var resumed = Resume();

        Assert.Equal(0, resumed.Code);
        Assert.StartsWith(
            $"The run began with libtorch 1.0, now {torch.__version__} and cpu abacus, now ", resumed.Error, StringComparison.Ordinal);
        Assert.EndsWith(
            $"; its numbers may differ from those of a run that was never interrupted.{Environment.NewLine}",
            resumed.Error,
            StringComparison.Ordinal);
        Assert.Equal("1.0", record["versions"]!["libtorch"]!.GetValue<string>());
    }

    [Fact]
    public void A_damaged_checkpoint_falls_back_to_the_one_before()
    {
        Interrupt(6);
        var earlier = Earlier("st-seed1", 3);
        Damage("st-seed1", 3);

        var resumed = Resume();

        Assert.Equal(
            (0, $"Checkpoint '{Checkpoint("st-seed1", 3)}' is damaged (its SHA-256 is not the one it carries); "
                + $"st, seed 1, goes on from epoch {earlier}.{Environment.NewLine}"),
            (resumed.Code, resumed.Error));
        Assert.Equal(Whole(), Metrics("run"));
    }

    [Fact]
    public void A_run_whose_checkpoints_are_all_damaged_starts_from_its_beginning()
    {
        Interrupt(6);
        var earlier = Earlier("st-seed1", 3);
        Damage("st-seed1", 3);
        File.WriteAllBytes(Checkpoint("st-seed1", earlier), [1]);

        var resumed = Resume();

        Assert.Equal(0, resumed.Code);
        Assert.Equal(
            [
                $"Checkpoint '{Checkpoint("st-seed1", 3)}' is damaged (its SHA-256 is not the one it carries); "
                + "st, seed 1, starts from its beginning.",
                $"Checkpoint '{Checkpoint("st-seed1", earlier)}' is damaged (it has 1 bytes); st, seed 1, starts from its beginning.",
            ],
            resumed.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(Whole(), Metrics("run"));
    }

    [Fact]
    public void Lines_that_were_cut_off_or_are_ahead_of_the_checkpoint_go()
    {
        Interrupt(5);
        var lines = File.ReadAllLines(_folder["run", "metrics.jsonl"]);
        var ahead = MetricsLine.Parse(lines[^1]) with { Epoch = 3 };
        File.WriteAllText(_folder["run", "metrics.jsonl"], string.Join('\n', [.. lines, ahead.ToJson(), lines[0][..50]]));

        var resumed = Resume();

        Assert.Equal((0, ""), (resumed.Code, resumed.Error));
        Assert.Equal(Whole(), Metrics("run"));
    }

    [Fact]
    public void A_checkpoint_without_its_metrics_does_not_count()
    {
        Interrupt(6);
        File.WriteAllText(_folder["run", "metrics.jsonl"], "");

        var resumed = Resume();

        Assert.Equal(0, resumed.Code);
        Assert.StartsWith(
            $"Checkpoint '{Checkpoint("st-seed0", 3)}' is damaged (metrics.jsonl ends at epoch 0 of it); "
            + "st, seed 0, starts from its beginning.",
            resumed.Error,
            StringComparison.Ordinal);
        Assert.Equal(Whole(), Metrics("run"));
    }

    [Fact]
    public void A_checkpoint_of_another_format_is_refused()
    {
        Interrupt(4);
        var (state, texts) = SafetensorsFile.Read(Checkpoint("st-seed0", 3));
        using (var stream = File.Create(Checkpoint("st-seed0", 3)))
            SafetensorsFile.Write(stream, state, new Dictionary<string, string>(texts) { ["format"] = "dgrad checkpoint 7" });
        foreach (var tensor in state.Values)
            tensor.Dispose();

        Refused(
            $"Checkpoint '{Checkpoint("st-seed0", 3)}' must have the format 'dgrad checkpoint 1'; got 'dgrad checkpoint 7'. "
            + "Resume with the version of dgrad that wrote it.",
            Resume());
    }

    public static TheoryData<string, string> WrongStates { get; } = new()
    {
        { "generator of ones", "'generator' is no state of a generator: it is not seeded" },
        { "generator read too far", "'generator' is no state of a generator: 624 of its 624 words are left, and word 624 is next" },
        { "epoch of another", "its epoch is 2" },
        { "epoch 2^40", "its epoch is 1099511627776" },
        { "epoch below 0", "'epoch' counts -1" },
        { "steps below 0", "'optimizer.steps' counts -15" },
        { "one tensor more", "it holds 'more\ufffd', which the run does not have" },
        { "one tensor less", "it lacks 'logits'" },
        { "another shape", "its 'logits' is Float32 [8] where Float32 [4, 2] belongs" },
        { "another type", "its 'logits' is Float64 [4, 2] where Float32 [4, 2] belongs" },
    };

    [Theory]
    [MemberData(nameof(WrongStates))]
    public void A_whole_checkpoint_with_a_wrong_state_falls_back_to_the_one_before_or_is_refused(string what, string reason)
    {
        Interrupt(6);
        var earlier = Earlier("st-seed1", 3);
        ChangeState(Checkpoint("st-seed1", 3), what);
        var before = LiveTensors.Count();

        FallsBack(reason, earlier);
        Assert.Equal(before, LiveTensors.Count());

        // A finished run needs none; one that is not is not trained anew without being asked.
        ChangeRecord(record => record["finished"] = false);
        foreach (var path in Directory.GetFiles(_folder["run", "checkpoint", "st-seed1"]))
        {
            if (path == Checkpoint("st-seed1", 3))
                ChangeState(path, what);
            else
                File.Delete(path);
        }

        Refused(
            $"Checkpoint '{Checkpoint("st-seed1", 3)}' does not hold the state of this run: {reason}. "
            + $"Remove '{_folder["run", "checkpoint/st-seed1"]}' to train st, seed 1, from its beginning.",
            Resume());
        Assert.Equal(Whole(), Metrics("run"));
    }

    [Fact]
    public void A_checkpoint_of_many_empty_tensors_is_refused_before_they_are_made()
    {
        Interrupt(6);
        var earlier = Earlier("st-seed1", 3);
        var (state, texts) = SafetensorsFile.Read(Checkpoint("st-seed1", 3));
        var many = state.Concat(Enumerable.Range(0, 20_000).Select(i => KeyValuePair.Create($"empty.{i}", zeros(0)))).ToDictionary();
        using (var stream = File.Create(Checkpoint("st-seed1", 3)))
            SafetensorsFile.Write(stream, many, texts);
        foreach (var tensor in many.Values)
            tensor.Dispose();
        var header = BitConverter.ToInt64(File.ReadAllBytes(Checkpoint("st-seed1", 3)));

        FallsBack($"its header has {header} bytes, more than the 1048576 that are read", earlier);
    }

    [Theory]
    [InlineData("null", "its header is not that of a safetensors file")]
    [InlineData("3", "its header is not that of a safetensors file")]
    [InlineData("\"\\ud800\"", "its header is not that of a safetensors file")]
    [InlineData("\"\"", "it carries no SHA-256")]
    public void A_checkpoint_with_a_sum_that_is_none_falls_back_to_the_one_before(string sum, string reason)
    {
        Interrupt(6);
        var earlier = Earlier("st-seed1", 3);
        var bytes = File.ReadAllBytes(Checkpoint("st-seed1", 3));
        var length = (int)BitConverter.ToInt64(bytes);
        var header = Encoding.UTF8.GetString(bytes, 8, length);
        var start = header.IndexOf("\"sha256\":", StringComparison.Ordinal) + 9;
        var changed = Encoding.UTF8.GetBytes(header[..start] + sum + header[(start + 66)..]);
        byte[] size = BitConverter.GetBytes((long)changed.Length);
        File.WriteAllBytes(Checkpoint("st-seed1", 3), [.. size, .. changed, .. bytes[(8 + length)..]]);

        FallsBack(reason, earlier);
    }

    [Fact]
    public void A_folder_that_is_in_use_is_refused()
    {
        Interrupt(4);
        using var other = RunFolder.Open(_folder["run"]);

        Refused($"Another dgrad is at work in '{_folder["run"]}'; wait until it has ended.", Resume());
    }

    [Fact]
    public void A_folder_without_a_run_is_refused()
    {
        Refused("--resume needs --out DIR, the folder of the run to go on with.", Run("run", "vae", "--resume"));
        Refused(
            $"--resume needs the folder of a run; '{_folder["none"]}' has no run.json. Leave --resume out to start a run.",
            Run("run", "vae", "--resume", "--out", _folder["none"]));
        Assert.False(Path.Exists(_folder["none"]));
    }

    [Fact]
    public void A_run_of_another_experiment_is_refused()
    {
        Interrupt(4);

        Refused(
            $"'{_folder["run"]}' holds a run of 'polynomial', not of 'vae'; "
            + $"go on with: dgrad run polynomial --resume --out {_folder["run"]}",
            Run("run", "vae", "--resume", "--out", _folder["run"]));
    }

    [Fact]
    public void The_folder_of_a_run_is_not_taken_for_a_new_one()
    {
        Interrupt(4);

        Refused(
            $"--out must be a new or empty folder; '{_folder["run"]}' holds a run. "
            + "Go on with that run by --resume, or name another folder.",
            Run(TinyRun(_folder["run"])));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("{}", "")]
    [InlineData("{\"experiment\":3}", ", at $.experiment")]
    public void A_damaged_run_file_is_refused(string text, string place)
    {
        Interrupt(4);
        File.WriteAllText(_folder["run", "run.json"], text);

        var resumed = Resume();

        Assert.Equal(2, resumed.Code);
        Assert.StartsWith(
            $"'{_folder["run", "run.json"]}' must describe a run as dgrad wrote it; it does not{place}",
            resumed.Error,
            StringComparison.Ordinal);
        Assert.EndsWith($". Start a new run.{Environment.NewLine}", resumed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_files_with_options_that_cannot_be_are_refused_in_the_options_words()
    {
        Interrupt(4);
        ChangeRecord(record => record["options"]!["lr"] = -1);

        Refused("--lr must be a finite number above 0; got -1.", Resume());
    }

    [Fact]
    public void Jobs_give_the_same_numbers()
    {
        Assert.SkipUnless(Environment.ProcessorCount > 1, "needs two processors");
        var result = Run(TinyRun(_folder["jobs"], "--estimator", "st,reinmax", "--seeds", "2", "--jobs", "2"));

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal(Whole(), Metrics("jobs"));
    }

    [Fact]
    public void Jobs_give_the_same_numbers_where_libtorch_would_use_threads()
    {
        Assert.SkipUnless(Environment.ProcessorCount > 1, "needs two processors");
        string[] run =
        [
            "run", "vae", "--dataset", "made-digits", "--images", "500", "--batch", "100", "--epochs", "1",
            "--estimator", "reinmax,gumbel-rao", "--noise-draws", "2",
        ];

        Assert.Equal(0, Run([.. run, "--out", _folder["one"], "--threads", "1"]).Code);
        Assert.Equal(0, Run([.. run, "--out", _folder["two"], "--jobs", "2"]).Code);

        Assert.Equal(Metrics("one"), Metrics("two"));
        Assert.Equal(File.ReadAllBytes(Weights("one")), File.ReadAllBytes(Weights("two")));

        string Weights(string run) => _folder[run, "checkpoint", "reinmax-seed0", "epoch-1.safetensors"];
    }

    [Fact]
    public void Jobs_have_one_thread_each()
    {
        var processors = Environment.ProcessorCount;
        Refused($"--jobs must be from 1 to {processors}, the processors here; got 0.", Run("run", "polynomial", "--jobs", "0"));
        Refused(
            $"--jobs must be from 1 to {processors}, the processors here; got {processors + 1}.",
            Run("run", "polynomial", "--jobs", $"{processors + 1}"));

        Assert.SkipUnless(processors > 1, "needs two processors");
        Refused(
            "--jobs 2 gives each run one thread, which may change its numbers; got 2 threads. Use --jobs 1 or --threads 1.",
            Run("run", "polynomial", "--jobs", "2", "--threads", "2"));
    }

    private static void Refused(string sentence, Result result) =>
        Assert.Equal((2, "", sentence + Environment.NewLine), (result.Code, result.Out, result.Error));

    private void Interrupt(int lines) => MadeOnce.TinyInterrupted(_folder["run"], lines);

    private Result Resume(params string[] more) => Run(["run", "polynomial", "--resume", "--out", _folder["run"], .. more]);

    private string[] Whole()
    {
        MadeOnce.TinyWhole(_folder["whole"]);
        return Metrics("whole");
    }

    private string[] Metrics(string run) => [.. File.ReadAllLines(_folder[run, "metrics.jsonl"]).Select(WithoutSeconds)];

    private string Checkpoint(string run, int epoch) => _folder["run", "checkpoint", run, $"epoch-{epoch}.safetensors"];

    /// <summary>The checkpoint before one; which it is depends on how long the epochs took.</summary>
    private int Earlier(string run, int epoch) => Enumerable.Range(1, epoch - 1).Single(e => File.Exists(Checkpoint(run, e)));

    private void Damage(string run, int epoch)
    {
        var bytes = File.ReadAllBytes(Checkpoint(run, epoch));
        bytes[^100] ^= 1;
        File.WriteAllBytes(Checkpoint(run, epoch), bytes);
    }

    /// <summary>The last checkpoint of the second run cannot be used.</summary>
    private void FallsBack(string reason, int earlier)
    {
        var resumed = Resume();

        var note = $"Checkpoint '{Checkpoint("st-seed1", 3)}' is damaged ({reason}); st, seed 1, goes on from epoch {earlier}.";
        Assert.Equal((0, note + Environment.NewLine), (resumed.Code, resumed.Error));
        Assert.Equal(Whole(), Metrics("run"));
    }

    /// <summary>Writes a checkpoint with another state, and the sum that belongs to it.</summary>
    private static void ChangeState(string path, string what)
    {
        var (read, texts) = SafetensorsFile.Read(path);
        using var scope = NewDisposeScope();
        var state = new Dictionary<string, Tensor>(read);
        switch (what)
        {
            case "generator of ones":
                state["generator"].fill_(255);
                break;
            case "generator read too far":
                BinaryPrimitives.WriteInt32LittleEndian(state["generator"].bytes[8..], 624);
                BinaryPrimitives.WriteInt32LittleEndian(state["generator"].bytes[16..], 624);
                break;
            case "epoch of another":
                state["epoch"].fill_(2);
                break;
            case "epoch 2^40":
                state["epoch"].fill_(1L << 40);
                break;
            case "epoch below 0":
                state["epoch"].fill_(-1);
                break;
            case "steps below 0":
                state["optimizer.steps"].neg_();
                break;
            case "one tensor more":
                state["more\u001b"] = zeros(1);
                break;
            case "one tensor less":
                state.Remove("logits");
                break;
            case "another shape":
                state["logits"] = state["logits"].flatten();
                break;
            case "another type":
                state["logits"] = state["logits"].@double();
                break;
        }

        using (var stream = File.Create(path))
            SafetensorsFile.Write(stream, state, texts);
        foreach (var tensor in read.Values)
            tensor.Dispose();
    }

    private void ChangeRecord(Action<JsonNode> change)
    {
        var record = JsonNode.Parse(File.ReadAllText(_folder["run", "run.json"]))!;
        change(record);
        File.WriteAllText(_folder["run", "run.json"], record.ToJsonString(), Encoding.UTF8);
    }
}
