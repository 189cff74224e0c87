using System.Text.Json;
using DiscreteGradients.Experiments.Bench;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Cli.Tests.Commands;

public sealed class BenchTests
{
    private static readonly string[] Tiny =
        ["bench", "--estimator", "st", "--shapes", "16x4,8x2", "--threads", "1", "--seconds", "0.02", "--pass", "forward"];

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
    [InlineData("bench --curve 1", "--curve must be from 2 to 268435456; got 1.")]
    [InlineData("bench --curve 4294967296", "--curve must be a whole number of at most 2147483647; got '4294967296'.")]
    [InlineData("bench --curve 64", "--curve needs --out, a new file for its rows; the pictures go beside it.")]
    [InlineData("bench --curve 64 --shapes 400x8", "--shapes and --curve were both given; choose one.")]
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

        Assert.Equal(
            (2, $"--out must be a new file; '{file}' is there already. Name another or remove it.{Environment.NewLine}"),
            (result.Code, result.Error));
        Assert.Equal([1], File.ReadAllBytes(file));
    }

    [Fact]
    public void A_measurement_is_a_line_a_row_and_a_stored_row_that_becomes_markdown_and_json()
    {
        using var folder = new TemporaryFolder();
        var file = folder["bench.csv"];

        var result = Tool.Run([.. Tiny, "--out", file]);

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.StartsWith("call-floor 1x1        forward    1 thread ", result.Lines[0], StringComparison.Ordinal);
        Assert.StartsWith("st         16x4       forward    1 thread ", result.Lines[1], StringComparison.Ordinal);
        Assert.Contains(result.Lines, line => line.StartsWith("st         geom. mean", StringComparison.Ordinal));
        Assert.Equal($"File: {file}", result.Lines[^1]);
        var rows = BenchRow.Read(File.ReadLines(file));
        Assert.Equal([new BenchShape(1, 1), new BenchShape(16, 4), new BenchShape(8, 2)], rows.Select(row => row.Shape));
        Assert.All(rows, row => Assert.Equal((rows[0].LibraryUs, rows[0].ComposedUs), (row.LibraryCallUs, row.TorchsharpCallUs)));

        var markdown = Tool.Run("bench", "--from", file, "--markdown");
        var json = Tool.Run("bench", "--from", file, "--json");

        Assert.Equal((0, 0), (markdown.Code, json.Code));
        Assert.Contains("### Call floor: an empty autograd function", markdown.Lines);
        Assert.Contains("### Times faster than the composed form: forward, 1 thread", markdown.Lines);
        Assert.Contains("| shape | st |", markdown.Lines);
        Assert.DoesNotContain("### call-floor", markdown.Lines);
        Assert.Contains(markdown.Lines, line => line.StartsWith("| 16x4 | forward | 1 | ", StringComparison.Ordinal));
        Assert.Equal(
            ["call-floor", "st", "st"],
            json.Lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("estimator").GetString()));
    }

    [Fact]
    public void A_curve_is_a_file_and_a_picture_that_can_be_drawn_again()
    {
        using var folder = new TemporaryFolder();
        var (file, png, svg) = (folder["cost.csv"], folder["cost-forward-1.png"], folder["cost-forward-1.svg"]);

        var result = Tool.Run(
            "bench", "--estimator", "st", "--curve", "3", "--threads", "1", "--seconds", "0.02", "--pass", "forward", "--out", file);

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal($"Picture: {png}", result.Lines[^1]);
        Assert.Equal(
            [new BenchShape(2, 2), new BenchShape(1, 3)], BenchRow.Read(File.ReadLines(file)).Skip(1).Select(row => row.Shape));
        Assert.True(File.Exists(png));
        AssertDrawing();

        File.Delete(png);
        File.Delete(svg);
        var again = Tool.Run("bench", "--from", file, "--curve", "3", "--json");

        Assert.Equal((0, 3), (again.Code, again.Lines.Length));
        Assert.True(File.Exists(png));
        AssertDrawing();

        var other = Tool.Run("bench", "--from", file, "--curve", "100000");

        Assert.Equal(
            (2, "", $"--curve 100000 has no row in '{file}'; give the number of the curve that was measured.{Environment.NewLine}"),
            (other.Code, other.Out, other.Error));

        void AssertDrawing()
        {
            var drawing = File.ReadAllText(svg);
            Assert.All(
                (string[])["What an element costs: forward, 1 thread, 3 logits", "categories", "st", "library", "composed form", "floor"],
                text => Assert.Matches($@">\s*{text}\s*</text>", drawing));
        }
    }

    [Fact]
    public void Json_is_all_there_is_on_standard_output()
    {
        var result = Tool.Run([.. Tiny, "--json"]);

        Assert.Equal((0, 3), (result.Code, result.Lines.Length));
        Assert.All(result.Lines, line => Assert.True(JsonDocument.Parse(line).RootElement.GetProperty("library_us").GetDouble() > 0));
    }

    [Fact]
    public void An_interrupted_measurement_keeps_its_file()
    {
        using var folder = new TemporaryFolder();

        var result = Tool.Run(new StringWriter(), new CancellationToken(canceled: true), [.. Tiny, "--out", folder["bench.csv"]]);

        Assert.Equal(
            (130, $"Interrupted after 0 of 3 measurements; they are in {folder["bench.csv"]}.{Environment.NewLine}"),
            (result.Code, result.Error));
        Assert.Equal([BenchRow.CsvHeader], File.ReadAllLines(folder["bench.csv"]));
    }
}
