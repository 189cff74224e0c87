using DiscreteGradients.Testing;

namespace DiscreteGradients.Cli.Tests;

public sealed class MoeRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public MoeRunTests() => File.WriteAllText(
        _folder["text.txt"], string.Concat(Enumerable.Range(0, 60).Select(i => $"{i * i} is the square of {i}.\n")));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_leaves_tables_loads_over_time_and_a_map_of_characters_and_can_be_resumed()
    {
        string[] line = [.. Command, "--router", "switch,reinmax", "--quality-every", "1", "--quality-draws", "2", "--out", _folder["run"]];

        var result = Tool.Run(line);

        Assert.Equal((0, ""), (result.Code, result.Error));
        var lines = result.Lines.Select(Words).ToList();
        Assert.Contains(lines, words => words.StartsWith("router largest load router dropped router", Exactly));
        Assert.Contains(lines, words => words is "Characters of switch, seed 0:" or "Characters of reinmax, seed 0:");
        Assert.Contains(lines, words => words.StartsWith("layer 1 share characters", Exactly));
        Assert.Contains(lines, words => words.StartsWith("Losses are nats per character;", Exactly));
        string[] names =
            ["valid-loss", "load-in-layer-1-switch", "load-in-layer-1-reinmax", "router-gradient-cosine", "switch-seed0-epoch2-characters"];
        Assert.All(names, name => Assert.True(File.Exists(_folder["run", "plots", $"{name}.png"]), name));
        Assert.All(names, name => Assert.EndsWith("</svg>", File.ReadAllText(_folder["run", "plots", $"{name}.svg"]).TrimEnd(), Exactly));
        Assert.Equal(0, Tool.Run("run", "moe", "--resume", "--out", _folder["run"]).Code);
        Assert.Equal(0, Tool.Run("report", _folder["run"], "--out", _folder["out"]).Code);
        Assert.Contains("| router |", File.ReadAllText(_folder["out", "report.md"]), Exactly);
    }

    [Theory]
    [InlineData("--text", "nowhere.txt", "'nowhere.txt' cannot be read: ")]
    [InlineData("--block", "4096", " characters; --block 4096 needs at least 40961, for the last tenth validates: ")]
    [InlineData("--router", "swich", "Unknown router 'swich'. Did you mean 'switch'?")]
    [InlineData("--picks", "4", "'top-k' does not apply here: it needs at least 4 experts; got --experts 3.")]
    [InlineData("--picks", "0", "'top-k': ")]
    public void Wrong_input_is_one_sentence_and_no_run(string flag, string value, string sentence)
    {
        string[] line = [.. Command, "--router", "top-k", "--picks", "2", "--out", _folder["run"]];
        line[Array.IndexOf(line, flag) + 1] = value;

        var result = Tool.Run(line);

        Assert.Equal((2, ""), (result.Code, result.Out));
        Assert.Contains(sentence, result.Error, Exactly);
        Assert.DoesNotContain('\n', result.Error.TrimEnd());
        Assert.False(Directory.Exists(_folder["run"]));
    }

    private const StringComparison Exactly = StringComparison.Ordinal;

    private string[] Command =>
    [
        "run", "moe", "--text", _folder["text.txt"], "--experts", "3", "--width", "8", "--heads", "2", "--block", "6", "--hidden", "5",
        "--layers", "1", "--epochs", "2", "--steps", "2", "--batch", "4", "--threads", "1",
    ];

    private static string Words(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
