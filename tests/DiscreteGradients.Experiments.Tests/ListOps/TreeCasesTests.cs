using System.Text;
using System.Text.Json.Nodes;

namespace DiscreteGradients.Experiments.Tests.ListOps;

public sealed class TreeCasesTests
{
    private static string Text => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "ListOps", "Golden", "listops.json"));

    [Theory]
    [InlineData("loss", 1e-6)]
    [InlineData("eval_logits.2.1", 1e-6)]
    [InlineData("gradients['encoder.comp_query'].1", 1e-6)]
    public void A_wrong_expectation_is_seen(string place, double off)
    {
        var root = JsonNode.Parse(Text)!.AsArray();
        var node = place switch
        {
            "loss" => root[1]!["loss"]!,
            "eval_logits.2.1" => root[1]!["eval_logits"]![2]![1]!,
            _ => root[1]!["gradients"]!["encoder.comp_query"]![1]!,
        };
        var right = (double)node;
        node.ReplaceWith(right + off);

        var error = Read(root.ToJsonString())![1].LargestError(model => new LinearTreeLstm(model));
        Assert.Equal(off / Math.Max(1, Math.Abs(right)), error, off * 1e-5);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[")]
    [InlineData("[]")]
    [InlineData("[3]")]
    [InlineData("{\"cases\": []}")]
    public void Something_else_is_left_to_others(string text) => Assert.Null(Read(text));

    public static TheoryData<string, string, string> Damages { get; } = new()
    {
        { "method", "\"rebar\"", "case 2: field 'method' must be one of reinmax, st, gumbel; got 'rebar'." },
        { "tau", "0", "case 2: field 'tau' must be from 1e-30 to 1e30; got 0." },
        { "tau", "\"warm\"", "case 2: field 'tau' holds something else than belongs there." },
        { "d", "0", "case 2: field 'd' must be from 1 to 4096; got 0." },
        { "d", "2", "case 2: field 'parameters.word_embedding.weight' must hold numbers of shape [6, 2]." },
        { "words", "[]", "case 2: field 'words' must hold sentences of at least one symbol." },
        { "words", "[[2], []]", "case 2: field 'words' must hold sentences of at least one symbol." },
        { "words", "[[6]]", "case 2: field 'words' must hold numbers from 0 to 5." },
        { "lengths", "[6, 5, 3, 2]", "case 2: field 'lengths' must hold the lengths of 'words'." },
        { "labels", "[0, 1, 2]", "case 2: field 'labels' must hold a number from 0 to 3 for each sentence." },
        { "labels", "[0, 1, 2, 4]", "case 2: field 'labels' must hold a number from 0 to 3 for each sentence." },
        { "picks", "[[4, 0, 3, 0], [0, 2, 0], [1], []]", Picks },
        { "picks", "[[4, 0, 1], [0, 2, 0], [1], []]", Picks },
        { "eval_logits", "[[1, 2, 3]]", "case 2: field 'eval_logits' must hold 4 numbers for each sentence." },
        { "gumbel_noise", "null", "case 2: field 'gumbel_noise' is null." },
        {
            "gumbel_noise", "[[], [], [], []]",
            "case 2: field 'gumbel_noise' must hold a number for each pair at each merge of a sentence but the last."
        },
        { "parameters", "{}", "case 2: field 'parameters.word_embedding.weight' is missing." },
        { "gradients", "[]", "case 2: field 'gradients' holds something else than belongs there." },
        { "loss", "1e999", "case 2: field 'loss' is too large a number." },
        { "note", "1", "case 2: field 'note' is not known." },
    };

    private const string Picks = "case 2: field 'picks' must hold the position of a pair for each merge of a sentence but the last.";

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_damaged_field_is_named(string field, string value, string message)
    {
        var root = JsonNode.Parse(Text)!;
        root[2]![field] = JsonNode.Parse(value);

        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => Read(root.ToJsonString())).Message);
    }

    [Fact]
    public void What_is_missing_or_belongs_elsewhere_is_named()
    {
        var root = JsonNode.Parse(Text)!;
        root[0]!["gumbel_noise"] = new JsonArray();
        Assert.Equal(
            "case 0: field 'gumbel_noise' belongs to the method gumbel only.",
            Assert.Throws<InvalidDataException>(() => Read(root.ToJsonString())).Message);
        root[0]!.AsObject().Remove("gumbel_noise");
        root[0]!.AsObject().Remove("picks");
        Assert.Equal("case 0: field 'picks' is missing.", Assert.Throws<InvalidDataException>(() => Read(root.ToJsonString())).Message);
    }

    private static IReadOnlyList<TreeCase>? Read(string text)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        return TreeCases.Read(stream);
    }
}
