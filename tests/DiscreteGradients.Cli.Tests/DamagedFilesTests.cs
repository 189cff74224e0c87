using System.Text.Json;
using System.Text.Json.Nodes;
using DiscreteGradients.Testing;
using static DiscreteGradients.Cli.Tests.Tool;

namespace DiscreteGradients.Cli.Tests;

/// <summary>Files that are JSON but not as the tool wrote them: one sentence and nothing lost, or the same numbers as ever.</summary>
public sealed class DamagedFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{"temperature":"hot"}""", "temperature: it must be a number; got 'hot'")]
    [InlineData("""{"samples":1.5}""", "samples: it must be a whole number; got 1.5")]
    [InlineData("""{"draws":5,"noise_draws":6}""", "noise_draws: it is there twice: as 'draws' and as 'noise_draws'")]
    [InlineData("""{"heat":1}""", "heat: it is not known")]
    public void Settings_of_a_run_file_that_cannot_be_are_named(string settings, string what)
    {
        Interrupt();
        var path = _folder["run", "run.json"];
        var record = JsonNode.Parse(File.ReadAllText(path))!;
        record["settings"] = JsonNode.Parse(settings);
        File.WriteAllText(path, record.ToJsonString());

        Assert.Equal(
            $"'{path}' must describe a run as dgrad wrote it; it does not, at $.settings.{what}. Start a new run.{Environment.NewLine}",
            Resume().Error);
    }

    [Fact]
    public void A_run_file_with_any_field_changed_is_refused_or_makes_no_difference()
    {
        var whole = Whole();
        Interrupt();
        var path = _folder["run", "run.json"];
        var record = JsonNode.Parse(File.ReadAllText(path))!;
        foreach (var (names, name) in ((string, string)[])[("versions", "dotnet"), ("machine", "cpu")])  // all of them are alike
            record[names] = new JsonObject { [name] = record[names]![name]!.DeepClone() };
        File.WriteAllText(path, record.ToJsonString());
        var before = Contents();

        var refused = 0;
        foreach (var (what, text) in Mutations.Of(File.ReadAllText(path)))
        {
            File.WriteAllText(path, text);
            var resumed = Resume();
            Assert.True(resumed.Code is 0 or 2, $"{what}: {resumed.Code} {resumed.Error}");
            if (resumed.Code == 2)
            {
                refused++;
                Assert.True(resumed.Out.Length == 0 && resumed.Error.TrimEnd().Split('\n').Length == 1, what + resumed.Error);
                Assert.DoesNotContain('\e', resumed.Error);
                Assert.True(Same(before, Contents(), except: path), what);
            }
            else
            {
                Assert.True(whole.SequenceEqual(Metrics()), what);
                Restore(before);
            }

            File.WriteAllText(path, text);
            try
            {
                RunSection.Of(RunSeries.Of(StoredRun.ReadAll([_folder["run"]])));
            }
            catch (OptionException e)
            {
                Assert.Contains(_folder["run"], e.Message, StringComparison.Ordinal);
                Assert.Equal(2, resumed.Code);
            }
        }

        Assert.True(refused > 100, $"{refused}");
    }

    [Fact]
    public void A_study_file_with_any_field_changed_is_refused_or_makes_no_difference()
    {
        string[] study = ["--latents", "2,3", "--batch", "4", "--epochs", "1", "--steps", "2", "--threads", "1", "--estimator", "st"];
        Assert.Equal(0, Run(["run", "polynomial", .. study, "--out", _folder["run"]]).Code);
        var path = _folder["run", "study.json"];
        var before = Contents();

        foreach (var (what, text) in Mutations.Of(File.ReadAllText(path)))
        {
            File.WriteAllText(path, text);
            var resumed = Resume();
            Assert.True(resumed.Code is 0 or 2, $"{what}: {resumed.Code} {resumed.Error}");
            if (resumed.Code == 2)
            {
                Assert.True(resumed.Error.TrimEnd().Split('\n').Length == 1, what + resumed.Error);
                Assert.True(Same(before, Contents(), except: path), what);
            }
            else
            {
                foreach (var (metrics, bytes) in before.Where(file => file.Key.EndsWith(".jsonl", StringComparison.Ordinal)))
                    Assert.Equal(bytes, File.ReadAllBytes(metrics));
                Restore(before);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Metrics_with_any_field_of_a_line_changed_are_refused(bool hasCheck)
    {
        Interrupt();
        var path = _folder["run", "metrics.jsonl"];
        if (!hasCheck)
            File.WriteAllLines(path, File.ReadAllLines(path).Select(WithoutCheck));
        var lines = File.ReadAllLines(path);
        var before = Contents();

        // Without a check, a loss may be any number, and some fields may be missing.
        string[] unseen =
        [
            "train_loss huge", "train_loss below 0", "expected_loss huge", "expected_loss below 0", "expected_loss missing",
            "seconds huge", "seconds missing", "steps huge", "steps missing",
        ];
        foreach (var (what, text) in Mutations.Of(lines[1]).Where(mutation => hasCheck || !unseen.Contains(mutation.What)))
        {
            File.WriteAllText(path, string.Join('\n', [lines[0], JsonOnOneLine(text), .. lines[2..], ""]));
            foreach (var result in (Result[])[Resume(), Report("report")])
            {
                Assert.True((result.Code, result.Out) == (2, ""), $"{what}: {result.Code} {result.Error}");
                Assert.StartsWith($"'{path}', line 2, is damaged: ", result.Error, StringComparison.Ordinal);
                Assert.Single(result.Error.TrimEnd().Split('\n'));
            }

            Assert.True(Same(before, Contents(), except: path), what);
        }
    }

    [Fact]
    public void A_digit_changed_in_the_metrics_is_found()
    {
        Interrupt();
        var path = _folder["run", "metrics.jsonl"];
        var lines = File.ReadAllLines(path);
        var digit = lines[1].IndexOf("train_loss\":0.", StringComparison.Ordinal) + 14;
        lines[1] = lines[1][..digit] + (lines[1][digit] == '9' ? '8' : '9') + lines[1][(digit + 1)..];
        File.WriteAllLines(path, lines);
        var before = Contents();
        var sentence = $"'{path}', line 2, is damaged: its check is not that of its content. Move the run's folder away or repair it.";

        Refused(sentence, Resume());
        Refused(sentence, Report("report"));
        Assert.True(Same(before, Contents(), except: ""));
    }

    [Theory]
    [InlineData("[5]", "'{0}/metrics.jsonl', line 1, is damaged: its seed is not in run.json. Move the run's folder away or repair it.")]
    [InlineData("[1,2]", "'{0}/metrics.jsonl', line 1, is damaged: its seed is not in run.json. Move the run's folder away or repair it.")]
    [InlineData("[0]", "'{0}/metrics.jsonl', line 4, is damaged: its seed is not in run.json. Move the run's folder away or repair it.")]
    public void Seeds_changed_in_the_run_file_are_refused_and_nothing_is_removed(string seeds, string sentence)
    {
        Interrupt(lines: 5);
        ChangeSeeds(seeds);
        var before = Contents();

        Refused(string.Format(null, sentence, _folder["run"]), Resume());
        Assert.True(Same(before, Contents(), except: ""));

        // The checkpoints know the seeds too.
        File.WriteAllText(_folder["run", "metrics.jsonl"], "");
        var other = _folder["run", "checkpoint", seeds == "[0]" ? "st-seed1" : "st-seed0"];
        Refused(
            $"'{other}' holds checkpoints of an estimator and seed that are not in run.json. "
            + "They belong to different runs; start a new one.",
            Resume());
    }

    [Theory]
    [InlineData("[0,1,2]", "seeds is 0 to 2 in run.json and 0 to 1")]
    [InlineData("[0]", "seeds is 0 to 0 in run.json and 0 to 1")]
    public void Seeds_of_which_nothing_is_there_yet_are_known_to_the_checkpoints(string seeds, string what)
    {
        Interrupt(lines: 3);
        ChangeSeeds(seeds);
        var before = Contents();

        var checkpoint = _folder["run", "checkpoint/st-seed0/epoch-3.safetensors"];
        Refused($"{what} in the checkpoint '{checkpoint}'. They belong to different runs; start a new one.", Resume());
        Assert.True(Same(before, Contents(), except: ""));
    }

    [Fact]
    public void Other_epochs_in_the_run_file_than_in_its_options_are_refused()
    {
        Interrupt();
        var record = JsonNode.Parse(File.ReadAllText(_folder["run", "run.json"]))!;
        record["epochs"] = 4;
        File.WriteAllText(_folder["run", "run.json"], record.ToJsonString());

        var path = _folder["run", "run.json"];
        Refused(
            $"'{path}' must describe a run as dgrad wrote it; it does not, at $.epochs: it is 4, and 3 in options. Start a new run.",
            Resume());
    }

    [Fact]
    public void A_run_of_an_earlier_version_without_checks_is_read_and_goes_on()
    {
        var whole = Whole();
        Interrupt();
        var path = _folder["run", "metrics.jsonl"];
        File.WriteAllLines(path, File.ReadAllLines(path).Select(WithoutCheck));

        Assert.Equal(0, Report("report").Code);
        var resumed = Resume();

        Assert.Equal((0, ""), (resumed.Code, resumed.Error));
        Assert.Equal(whole, Metrics());
        var lines = File.ReadAllLines(path);
        Assert.All(lines[..4], line => Assert.DoesNotContain("\"check\"", line, StringComparison.Ordinal));
        Assert.All(lines[4..], line => Assert.Contains("\"check\"", line, StringComparison.Ordinal));
        Assert.Equal(0, Report("other").Code);

        File.WriteAllLines(path, [.. lines[..^1], WithoutCheck(lines[^1])]);
        Refused(
            $"'{path}', line 12, is damaged: it has no check, though the line before it has one. Move the run's folder away or repair it.",
            Report("third"));
    }

    private static void Refused(string sentence, Result result) =>
        Assert.Equal((2, "", sentence + Environment.NewLine), (result.Code, result.Out, result.Error));

    private Result Resume() => Run("run", "polynomial", "--resume", "--out", _folder["run"]);

    private Result Report(string folder) => Run("report", _folder["run"], "--out", _folder[folder]);

    private static string WithoutCheck(string line) => line[..line.IndexOf(",\"check\"", StringComparison.Ordinal)] + "}";

    private static string JsonOnOneLine(string text) => text.ReplaceLineEndings("");

    private void Interrupt(int lines = 4) => MadeOnce.TinyInterrupted(_folder["run"], lines);

    private string[] Whole()
    {
        MadeOnce.TinyWhole(_folder["whole"]);
        return [.. File.ReadAllLines(_folder["whole", "metrics.jsonl"]).Select(WithoutSeconds)];
    }

    private string[] Metrics() => [.. File.ReadAllLines(_folder["run", "metrics.jsonl"]).Select(WithoutSeconds)];

    private void ChangeSeeds(string seeds)
    {
        var record = JsonNode.Parse(File.ReadAllText(_folder["run", "run.json"]))!;
        record["seeds"] = JsonNode.Parse(seeds);
        File.WriteAllText(_folder["run", "run.json"], record.ToJsonString());
    }

    private Dictionary<string, byte[]> Contents() =>
        Directory.GetFiles(_folder["run"], "*", SearchOption.AllDirectories).ToDictionary(path => path, File.ReadAllBytes);

    private static bool Same(Dictionary<string, byte[]> before, Dictionary<string, byte[]> now, string except) =>
        before.Keys.Order().SequenceEqual(now.Keys.Order())
        && before.All(file => file.Key == except || file.Value.AsSpan().SequenceEqual(now[file.Key]));

    private void Restore(Dictionary<string, byte[]> contents)
    {
        Directory.Delete(_folder["run"], recursive: true);
        foreach (var (path, bytes) in contents)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bytes);
        }
    }

    /// <summary>Each field of a JSON text, one at a time, missing, null, of another kind, huge, there twice and renamed.</summary>
    private static class Mutations
    {
        private const string Twice = "\u0001twice";

        internal static IEnumerable<(string What, string Text)> Of(string json)
        {
            foreach (var path in Paths(JsonNode.Parse(json)!))
            {
                foreach (var (what, change) in Changes)
                {
                    var root = JsonNode.Parse(json)!;
                    var node = root;
                    foreach (var step in path)
                        node = Step(node, step);
                    if (!change(node.Parent!, path[^1], node))
                        continue;
                    var text = root.ToJsonString().Replace("\\u0001twice", "", StringComparison.Ordinal);
                    yield return ($"{string.Join('.', path)} {what}", text);
                }
            }
        }

        private static readonly (string, Func<JsonNode, object, JsonNode, bool>)[] Changes =
        [
            ("missing", (parent, step, _) => parent is JsonObject o ? o.Remove((string)step) : Remove(parent.AsArray(), (int)step)),
            ("null", (parent, step, _) => Set(parent, step, null)),
            ("a text", (parent, step, node) => !IsText(node) && Set(parent, step, "text")),
            ("no text", (parent, step, node) => IsText(node) && Set(parent, step, JsonValue.Create(7))),
            ("an array", (parent, step, node) => Set(parent, step, new JsonArray(new JsonArray()))),
            ("an object", (parent, step, node) => Set(parent, step, new JsonObject { ["a"] = new JsonObject() })),
            ("huge", (parent, step, node) => IsNumber(node) && Set(parent, step, JsonValue.Create(int.MaxValue))),
            ("huge as a text", (parent, step, node) => IsText(node) && Set(parent, step, "1e999")),
            ("hugest", (parent, step, node) => IsNumber(node) && Set(parent, step, JsonNode.Parse("1e999"))),
            ("below 0", (parent, step, node) => IsNumber(node) && Set(parent, step, JsonValue.Create(-1))),
            ("renamed", (parent, step, node) => parent is JsonObject o && Rename(o, (string)step, step + "x")),
            ("twice", (parent, step, node) => parent is JsonObject o && Insert(o, (string)step + Twice, node.DeepClone())),
            ("beside an unknown", (parent, step, node) => parent is JsonObject o && Insert(o, "\u001b[2J", 1)),
        ];

        private static IEnumerable<object[]> Paths(JsonNode node) => node switch
        {
            JsonObject o => o.SelectMany(field => Paths(field.Value!).Prepend([]).Select(path => (object[])[field.Key, .. path])),
            JsonArray a => a.Index().SelectMany(item => Paths(item.Item!).Prepend([]).Select(path => (object[])[item.Index, .. path])),
            _ => [],
        };

        private static bool IsText(JsonNode node) => node.GetValueKind() == JsonValueKind.String;

        private static bool IsNumber(JsonNode node) => node.GetValueKind() == JsonValueKind.Number;

        private static JsonNode Step(JsonNode node, object step) => step is string name ? node[name]! : node[(int)step]!;

        private static bool Set(JsonNode parent, object step, JsonNode? value)
        {
            if (step is string name)
                parent[name] = value;
            else
                parent[(int)step] = value;
            return true;
        }

        private static bool Remove(JsonArray array, int index)
        {
            array.RemoveAt(index);
            return true;
        }

        private static bool Rename(JsonObject parent, string name, string other)
        {
            var value = parent[name]!.DeepClone();
            parent.Remove(name);
            return Insert(parent, other, value);
        }

        private static bool Insert(JsonObject parent, string name, JsonNode value)
        {
            parent.Add(name, value);
            return true;
        }
    }
}
