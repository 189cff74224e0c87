using System.Text;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Cli.Tests.Commands;

public sealed class VerifyTests : IDisposable
{
    // p = (1/2, 1/2), v = (1, 0): straight-through gives J(p) v = (1/4, -1/4).
    private const string Case =
        """{"method": "st", "shape": [1, 2], "temperature": 1, "logits": [0, 0], "sample": """
        + """[1], "gradient_at_sample": [1, 0], "gradient_at_logits": [0.25, -0.25]}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Cases_that_agree_end_with_0()
    {
        var result = Verify($$"""{"cases": [{{Case}}, {{Case}}]}""");

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal(["st", "2", "0.0e+00", "0"], Columns(result.Lines[1]));
        Assert.Equal("All 2 cases agree: no error above 1e-09, relative to max(1, |expected|).", result.Lines[^1].TrimEnd());
    }

    [Fact]
    public void A_case_that_is_off_ends_with_1()
    {
        var result = Verify($$"""{"cases": [{{Case}}, {{Case.Replace("-0.25", "-0.250001")}}]}""");

        Assert.Equal((1, ""), (result.Code, result.Error));
        Assert.Equal(["st", "2", "1.0e-06", "1"], Columns(result.Lines[1]));
        Assert.Equal("1 of 2 cases are off by more than 1e-09, relative to max(1, |expected|).", result.Lines[^1].TrimEnd());
    }

    [Fact]
    public void Readings_of_the_listops_model_are_recomputed_in_both_forms()
    {
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "ListOps", "Golden", "listops.json"));
        var result = Verify(text);
        var off = Verify(text.Replace("\"loss\": 1.3615", "\"loss\": 1.3616", StringComparison.Ordinal));
        var damaged = Verify(text.Replace("\"labels\": [0, 3, 1, 2]", "\"labels\": [0, 3, 1, 9]", StringComparison.Ordinal));

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal(7 + 1, result.Lines.Count(line => line.Trim().Length > 0));
        Assert.All(
            ((string[])["reinmax", "st", "gumbel"]).SelectMany(method => ((string[])["plain", "linear"]).Select(form => (method, form))),
            row => Assert.Contains(result.Lines, line => line.StartsWith($"listops {row.method}, {row.form} ", StringComparison.Ordinal)));
        Assert.Equal("All 3 cases agree: no error above 1e-09, relative to max(1, |expected|).", result.Lines[^1].TrimEnd());
        Assert.Equal((1, ""), (off.Code, off.Error));
        Assert.Equal("2 of 3 cases are off by more than 1e-09, relative to max(1, |expected|).", off.Lines[^1].TrimEnd());
        Assert.Equal(2, damaged.Code);
        Assert.Equal(
            $"'{_folder["cases.json"]}': case 0: field 'labels' must hold a number from 0 to 3 for each sentence.",
            damaged.Error.TrimEnd());
    }

    [Theory]
    [InlineData("")]
    [InlineData("""{"cases": [""")]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("""{"cases": []}""")]
    [InlineData("""{"cases": [null]}""")]
    public void A_file_that_holds_no_cases_is_one_sentence(string content) => Rejected(content, "");

    [Theory]
    [InlineData("\"method\": \"st\"", "\"method\": \"stt\"", "Unknown method 'stt'")]
    [InlineData("[1, 2]", "[1, 3]", "'logits'")]
    [InlineData("[1, 2]", "[1]", "'shape'")]
    [InlineData("\"temperature\": 1", "\"temperature\": 0", "'temperature'")]
    [InlineData("\"logits\": [0, 0]", "\"logits\": [0, \"NaN\"]", "logits")]
    [InlineData("\"logits\": [0, 0]", "\"logits\": [0, NaN]", "")]
    [InlineData("\"logits\": [0, 0], ", "", "logits")]
    [InlineData("\"sample\": [1]", "\"sample\": [2]", "'sample'")]
    [InlineData("\"sample\": [1]", "\"sample\": [1.5]", "sample")]
    [InlineData("\"method\": \"st\"", "\"method\": \"reinmax\"", "'gradient_at_probabilities'")]
    [InlineData("\"method\": \"st\"", "\"method\": \"st-gumbel\"", "'gumbel_noise'")]
    [InlineData("\"method\": \"st\"", "\"method\": \"gumbel-rao\"", "'draws'")]
    public void A_damaged_case_is_one_sentence_that_names_case_and_field(string good, string bad, string names)
    {
        var content = $$"""{"cases": [{{Case}}, {{Case.Replace(good, bad)}}]}""";

        Rejected(content, names);
        if (names.Length > 0)
            Assert.Contains("case 1: ", Verify(content).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_named()
    {
        var missing = Tool.Run("verify", _folder["none.json"]);
        Directory.CreateDirectory(_folder["folder"]);
        var folder = Tool.Run("verify", _folder["folder"]);

        Assert.Equal(
            (2, $"FILE must be a file of gradient cases; '{_folder["none.json"]}' does not exist.{Environment.NewLine}"),
            (missing.Code, missing.Error));
        Assert.Equal(
            (2, $"FILE must be a file of gradient cases; '{_folder["folder"]}' is a folder.{Environment.NewLine}"),
            (folder.Code, folder.Error));
    }

    private void Rejected(string content, string names)
    {
        var result = Verify(content);

        Assert.Equal((2, ""), (result.Code, result.Out));
        Assert.StartsWith($"'{_folder["cases.json"]}': ", result.Error, StringComparison.Ordinal);
        Assert.Contains(names, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    private Tool.Result Verify(string content) => Tool.Run("verify", _folder.Write(Encoding.UTF8.GetBytes(content), "cases.json"));

    private static string[] Columns(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
