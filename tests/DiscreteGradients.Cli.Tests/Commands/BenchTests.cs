using System.Text.Json;
using DiscreteGradients.Experiments.Bench;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Cli.Tests.Commands;

public sealed class BenchTests
{
    private static readonly string[] Tiny = ["bench", "--estimator", "st", "--shapes", "16x4,8x2", "--threads", "1", "--seconds", "0.02", "--pass", "forward"];

    [Theory]
    [InlineData("bench --shapes 400", "--shapes must be ROWSxCATEGORIES, separated by commas, such as 400x8,3000x10; got '400'.")]
    [InlineData("bench --shapes 400x8,0x3", "--shapes must be ROWSxCATEGORIES, separated by commas, such as 400x8,3000x10; got '0x3'.")]
    [InlineData("bench --shapes 65536x65536", "--shapes must have at most 2^28 elements each; 65536x65536 has 4294967296.")]
    [InlineData("bench --threads 1,two", "--threads must be whole numbers of at least 1, separated by commas, such as 1,2; got 'two'.")]
    [InlineData("bench --threads 0", "--threads must be whole numbers of at least 1, separated by commas, such as 1,2; got '0'.")]
    [InlineData("bench --seconds 0", "--seconds must be a finite number above 0; got 0.")]
    [InlineData("bench --pass back", "Unknown pass 'back'. Choose from: both, forward, forward-backward.")]
    [InlineData("bench --estimator rloo", "'rloo' does not apply here: no published form is there to time it against.")]
    [InlineData("bench --estimator st --noise-draws 2", "'st' has no noise draws; --noise-draws is for gumbel-rao.")]
    [InlineData("bench --json --markdown", "--json and --markdown were both given; choose one.")]
    [InlineData("bench --from nowhere.csv", "--from must be a file that 'dgrad bench --out' wrote; 'nowhere.csv' does not exist.")]
    public void Wrong_input_ends_with_one_sentence_and_exit_code_2(string line, string sentence)
    {
        var result = Tool.Run(line.Split(' '));

        Assert.Equal((2, "", sentence + Environment.NewLine), (result.Code, result.Out, result.Error));
    }

    [Fact]
    public void A_file_that_is_there_is_not_overwritten()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write([1], "taken.csv");

        var result = Tool.Run([.. Tiny, "--out", file]);

        Assert.Equal((2, $"--out must be a new file; '{file}' is there already. Name another or remove it.{Environment.NewLine}"), (result.Code, result.Error));
        Assert.Equal([1], File.ReadAllBytes(file));
    }

    [Fact]
    public void A_measurement_is_a_line_a_row_and_a_stored_row_that_becomes_markdown_and_json()
    {
        using var folder = new TemporaryFolder();
        var file = folder["bench.csv"];

        var result = Tool.Run([.. Tiny, "--out", file]);

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.StartsWith("st         16x4       forward    1 thread ", result.Lines[0], StringComparison.Ordinal);
        Assert.Contains(result.Lines, line => line.StartsWith("st        geom. mean", StringComparison.Ordinal));
        Assert.Equal($"File: {file}", result.Lines[^1]);
        Assert.Equal([new BenchShape(16, 4), new BenchShape(8, 2)], BenchRow.Read(File.ReadLines(file)).Select(row => row.Shape));

        var markdown = Tool.Run("bench", "--from", file, "--markdown");
        var json = Tool.Run("bench", "--from", file, "--json");

        Assert.Equal((0, 0), (markdown.Code, json.Code));
        Assert.Contains("### Times faster than the composed form: forward, 1 thread", markdown.Lines);
        Assert.Contains(markdown.Lines, line => line.StartsWith("| 16x4 | forward | 1 | ", StringComparison.Ordinal));
        Assert.Equal(["st", "st"], json.Lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("estimator").GetString()));
    }

    [Fact]
    public void Json_is_all_there_is_on_standard_output()
    {
        var result = Tool.Run([.. Tiny, "--json"]);

        Assert.Equal((0, 2), (result.Code, result.Lines.Length));
        Assert.All(result.Lines, line => Assert.True(JsonDocument.Parse(line).RootElement.GetProperty("library_us").GetDouble() > 0));
    }

    [Fact]
    public void An_interrupted_measurement_keeps_its_file()
    {
        using var folder = new TemporaryFolder();

        var result = Tool.Run(new StringWriter(), new CancellationToken(canceled: true), [.. Tiny, "--out", folder["bench.csv"]]);

        Assert.Equal((130, $"Interrupted after 0 of 2 measurements; they are in {folder["bench.csv"]}.{Environment.NewLine}"), (result.Code, result.Error));
        Assert.Equal([BenchRow.CsvHeader], File.ReadAllLines(folder["bench.csv"]));
    }
}
