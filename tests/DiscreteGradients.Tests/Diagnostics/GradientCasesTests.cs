using System.Text;
using System.Text.Json.Nodes;

namespace DiscreteGradients.Tests;

public class GradientCasesTests
{
    private static string GoldenPath => Path.Combine(AppContext.BaseDirectory, "Golden", "gradients.json");

    [Theory]
    [InlineData("reinmax", 24)]
    [InlineData("st", 16)]
    [InlineData("st-gumbel", 16)]
    [InlineData("gst-1.0", 16)]
    [InlineData("gst-p", 6)]
    [InlineData("gumbel-rao", 14)]
    public void The_papers_own_code_computes_the_same_gradients(string method, int count)
    {
        using var file = File.OpenRead(GoldenPath);
        var cases = GradientCases.Read(file).Where(c => c.Method == method).ToList();

        Assert.Equal(count, cases.Count);
        Assert.All(cases, c => Assert.True(c.LargestError() < (method == "gumbel-rao" ? 1e-10 : 1e-13), $"{c.LargestError()}"));
    }

    [Fact]
    public void An_estimator_with_settings_of_its_own_is_recomputed_from_the_registry()
    {
        using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Golden", "decoupled-st.json"));
        var cases = GradientCases.Read(file);

        Assert.Equal(30, cases.Count);
        Assert.Contains(cases, c => ((DecoupledStraightThrough)c.Estimator()).ForwardTemperature != c.Temperature);
        Assert.All(cases, c => Assert.True(c.LargestError() < 1e-13, $"{c.LargestError()}"));
    }

    [Fact]
    public void A_wrong_expectation_is_seen()
    {
        using var file = File.OpenRead(GoldenPath);
        var first = GradientCases.Read(file)[0];
        var wrong = first with { GradientAtLogits = [first.GradientAtLogits[0] + 1e-6, .. first.GradientAtLogits[1..]] };
        Assert.Equal(1e-6, wrong.LargestError(), 1e-12);
    }

    [Theory]
    [InlineData("", "not JSON, or cut short, at line 1, byte 1 (NaN and Infinity are not JSON).")]
    [InlineData("{\"cases\": [", "not JSON, or cut short, at line 1, byte 12 (NaN and Infinity are not JSON).")]
    [InlineData("{\"cases\": [NaN]}", "not JSON, or cut short, at line 1, byte 12 (NaN and Infinity are not JSON).")]
    [InlineData("[]", "no gradient cases; expected {\"cases\": [...]} with at least one case.")]
    [InlineData("{}", "no gradient cases; expected {\"cases\": [...]} with at least one case.")]
    [InlineData("{\"cases\": []}", "no gradient cases; expected {\"cases\": [...]} with at least one case.")]
    [InlineData("{\"cases\": 3}", "no gradient cases; expected {\"cases\": [...]} with at least one case.")]
    [InlineData("{\"cases\": [null]}", "case 0: null where an object was expected.")]
    [InlineData("{\"cases\": [7]}", "case 0: not an object with the fields of a gradient case.")]
    public void A_file_without_cases_is_refused_in_words(string text, string message) => Refused(message, text);

    public static TheoryData<string, string, string> Damages { get; } = new()
    {
        { "method", "\"reinmx\"", "case 0: Unknown method 'reinmx'. Did you mean 'reinmax'?" },
        { "shape", "[3]", "case 0: field 'shape' must be [rows, categories], both at least 1; got [3]." },
        { "shape", "[3, 0]", "case 0: field 'shape' must be [rows, categories], both at least 1; got [3, 0]." },
        { "shape", "[3, 5]", "case 0: field 'logits' must hold 15 numbers; got 12." },
        { "shape", "[100000, 100000]", "case 0: field 'logits' must hold 10000000000 numbers; got 12." },
        { "temperature", "0", "case 0: field 'temperature' must be a finite number above 0; got 0." },
        { "temperature", "1e-40", "case 0: field 'temperature' must be from 1e-30 to 1e30; got 1E-40." },
        { "temperature", "\"warm\"", "case 0: field 'temperature' holds something else than the expected numbers." },
        { "logits", "[1, 2]", "case 0: field 'logits' must hold 12 numbers; got 2." },
        {
            "logits", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1e999]",
            "case 0: field 'logits' holds Infinity at 11; every number must be finite."
        },
        { "logits", "null", "case 0: field 'logits' holds something else than the expected numbers." },
        { "sample", "[0, 1]", "case 0: field 'sample' must hold 3 numbers; got 2." },
        { "sample", "[0, 1, 4]", "case 0: field 'sample' must hold category indices from 0 to 3; got 4." },
        { "sample", "[0, -1, 1]", "case 0: field 'sample' must hold category indices from 0 to 3; got -1." },
        { "gradient_at_probabilities", "null", "case 0: field 'gradient_at_probabilities' is missing." },
        { "gradient_at_logits", "[1]", "case 0: field 'gradient_at_logits' must hold 12 numbers; got 1." },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_damaged_field_is_named(string field, string value, string message)
    {
        var root = JsonNode.Parse(File.ReadAllText(GoldenPath))!;
        root["cases"]![0]![field] = JsonNode.Parse(value);
        Refused(message, root.ToJsonString());
    }

    [Fact]
    public void A_missing_field_is_named()
    {
        var root = JsonNode.Parse(File.ReadAllText(GoldenPath))!;
        root["cases"]![0]!.AsObject().Remove("sample");
        Refused("case 0: fields are missing: sample.", root.ToJsonString());
    }

    [Theory]
    [InlineData("\"cases\":", "\"note\":1,\"cases\":", "field 'note' is not known; expected about and cases.")]
    [InlineData("\"cases\":", "\"cases\":[],\"cases\":", "field 'cases' is there twice.")]
    [InlineData("\"draws\":", "\"drawz\":3,\"draws\":", "case 0: field 'drawz' is not known.")]
    [InlineData("\"draws\":", "\"draws\":3,\"draws\":", "field 'cases[0].draws' is there twice.")]
    [InlineData("\"draws\":", "\"\\u001b[2J\":3,\"draws\":", "case 0: field '\ufffd[2J' is not known.")]
    [InlineData("\"draws\":", "\"\\ud800\":3,\"draws\":", "field 'cases[0]' has a field whose name is no text.")]
    [InlineData("\"gumbel-rao\"", "\"\\ud800\"", "field 'cases[0].method' is no text.")]
    [InlineData("\"gumbel-rao\"", "\"gumbel-roa\",\"subset_size\":1", "case 0: Unknown method 'gumbel-roa'. Did you mean 'gumbel-rao'?")]
    [InlineData("\"draws\":1", "\"draws\":2147483648", "case 0: field 'draws' holds something else than the expected numbers.")]
    public void What_nobody_would_read_is_refused(string sound, string changed, string message)
    {
        const string text = """
            {"about":"a","cases":[{"method":"gumbel-rao","shape":[1,1],"temperature":1,"logits":[0],"sample":[0],
            "gradient_at_sample":[1],"draws":1,"exponential_noise":[1],"gradient_at_logits":[0]}]}
            """;
        using (var stream = new MemoryStream(Encoding.UTF8.GetBytes(text)))
            Assert.Single(GradientCases.Read(stream));
        Assert.Contains(sound, text, StringComparison.Ordinal);

        Refused(message, text.Replace(sound, changed, StringComparison.Ordinal));
    }

    [Fact]
    public void A_gumbel_rao_case_without_draws_or_noise_is_refused()
    {
        var root = JsonNode.Parse(File.ReadAllText(GoldenPath))!;
        var at = root["cases"]!.AsArray().Select((c, i) => (c, i)).First(x => (string)x.c!["method"]! == "gumbel-rao").i;
        root["cases"]![at]!["draws"] = 4;
        Refused($"case {at}: field 'exponential_noise' must hold 48 numbers; got 60.", root.ToJsonString());
        root["cases"]![at]!["draws"] = null;
        Refused($"case {at}: field 'draws' must be at least 1; got nothing.", root.ToJsonString());
    }

    private static void Refused(string message, string text)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => GradientCases.Read(stream)).Message);
    }
}
