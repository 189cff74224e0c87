using System.Text;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Data;

public sealed class ListOpsFileTests : IDisposable
{
    private const string Good =
        "0\t( ( ( ( ( [SM 6 ) 5 ) 9 ) 0 ) ] )\n4\t( ( ( [MAX 2 ) ( ( ( [MED 7 ) ( ( ( [MIN 8 ) 1 ) ] ) ) ] ) ) ] )\n7\t7\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lines_are_read_and_written_as_published()
    {
        var sentences = ListOpsFile.Parse("f", Good);

        Assert.Equal([new("s6590]", 0), new("x2d7n81]]]", 4), new("7", 7)], sentences);
        Assert.Equal(Good, string.Concat(sentences.Select(sentence => ListOpsFile.Line(sentence) + "\n")));
        Assert.Equal([1, 3, 0], sentences.Select(sentence => ListOpsExpression.Depth(sentence.Expression)));
        Assert.Equal(sentences, ListOpsFile.Parse("f", Good.Replace("\n", "\r\n", StringComparison.Ordinal)));
        Assert.Equal(sentences, ListOpsFile.Parse("f", Good.TrimEnd('\n')));
    }

    [Theory]
    [InlineData("n35]", 3)]
    [InlineData("x35]", 5)]
    [InlineData("s389]", 0)]
    [InlineData("d36]", 4)]
    [InlineData("d98]", 8)]
    [InlineData("d901]", 1)]
    [InlineData("d9013]", 2)]
    [InlineData("sd12]n9x34]]]", 5)]
    public void Values_are_those_of_the_operators(string expression, int value) =>
        Assert.Equal(value, ListOpsExpression.Value(expression));

    [Theory]
    [InlineData("s2d7n08]3]]", 1, 2)]
    [InlineData("s2d7n08]3]]", 2, 7)]
    [InlineData("s2d7n08]3]]", 3, 5)]
    [InlineData("s2d7n08]3]]", 4, 5)]
    [InlineData("xn12]n34]]", 1, 5)]
    public void A_shortcut_leaves_out_what_is_nested_deeper(string expression, int depth, int value) =>
        Assert.Equal(value, ListOpsExpression.Value(expression, depth));

    [Theory]
    [InlineData("", "'f' is empty; expected a table of ListOps sentences.")]
    [InlineData(
        "x\t7\n", "Line 1 of 'f' must begin with a digit, its label, and a tab, before the expression; got 'x?7'.")]
    [InlineData("7\t7\n7 7\n", "Line 2 of 'f' must begin with a digit, its label, and a tab, before the expression; got '7 7'.")]
    [InlineData("7\t7\n\n7\t7\n", "Line 2 of 'f' must begin with a digit, its label, and a tab, before the expression; got ''.")]
    [InlineData("7\t7\n12\t7\n", "Line 2 of 'f' must begin with a digit, its label, and a tab, before the expression; got '12?7'.")]
    [InlineData(
        "7\t\n", "Line 1 of 'f' holds ''; expected digits, [MIN, [MAX, [MED, [SM, ], ( and ), with blanks between.")]
    [InlineData(
        "7\t( ( [FM 7 ) ] )\n",
        "Line 1 of 'f' holds '[FM'; expected digits, [MIN, [MAX, [MED, [SM, ], ( and ), with blanks between.")]
    [InlineData(
        "7\t( ( [ MAX 7 ) ] )\n",
        "Line 1 of 'f' holds '['; expected digits, [MIN, [MAX, [MED, [SM, ], ( and ), with blanks between.")]
    [InlineData("7\t7 8\n", "Line 1 of 'f' must hold one expression; it goes on after the first.")]
    [InlineData("5\t( [MAX ] )\n", "Line 1 of 'f' has an operator without arguments; correct or remove the line.")]
    [InlineData("7\t]\n", "Line 1 of 'f' is unbalanced: it has a ']' without its operator; correct or remove the line.")]
    [InlineData("7\t( ( [MAX 7 ) ] ) )\n", "Line 1 of 'f' is unbalanced: it has a ')' without its '('; correct or remove the line.")]
    [InlineData("7\t( ( ( [MAX 7 ) ] )\n", "Line 1 of 'f' is unbalanced: 1 '(' has no ')'; correct or remove the line.")]
    [InlineData("7\t( ( ( [MAX 7 ) 6\n", "Line 1 of 'f' is unbalanced: 1 operator has no ']'; correct or remove the line.")]
    [InlineData(
        "7\t( ( ( [MAX 7 ) ( ( [MIN 1 )\n", "Line 1 of 'f' is unbalanced: 2 operators have no ']'; correct or remove the line.")]
    [InlineData(
        "7\t( ( [MAX ( 7 ) ) ] )\n",
        "Line 1 of 'f' must be bracketed as published, each operator with its first argument, then with the next, and at last with ']'; "
        + "expected '( ( [MAX 7 ) ] )', got '( ( [MAX ( 7 ) ) ] )'.")]
    [InlineData("7\t7\n3\t( ( [MAX 7 ) ] )\n", "Line 2 of 'f' has the label 3, but its expression is 7; correct or remove the line.")]
    public void A_damaged_line_is_one_sentence(string text, string sentence) =>
        Assert.Equal(sentence, Assert.Throws<OptionException>(() => ListOpsFile.Parse("f", text)).Message);

    [Theory]
    [InlineData(9_997, null)]
    [InlineData(9_998, "Line 1 of 'f' has 10001 tokens; at most 10000 can be read: remove the line.")]
    public void A_sentence_that_is_too_long_is_refused(int digits, string? sentence)
    {
        var line = ListOpsFile.Line(new ListOpsSentence($"x{new string('3', digits)}]", 3));

        Assert.Equal(sentence, Record.Exception(() => ListOpsFile.Parse("f", line))?.Message);
    }

    [Fact]
    public void A_sentence_that_is_too_long_is_refused_before_its_brackets_are_looked_at()
    {
        var line = $"3\t( [MAX {string.Concat(Enumerable.Repeat("3 ", 9_998))}] )";

        Assert.Equal(
            "Line 1 of 'f' has 10001 tokens; at most 10000 can be read: remove the line.",
            Assert.Throws<OptionException>(() => ListOpsFile.Parse("f", line)).Message);
    }

    [Fact]
    public void Lists_may_be_nested_as_deep_as_a_sentence_is_long()
    {
        var deep = string.Concat(Enumerable.Repeat("n1", 2_500)) + new string(']', 2_500);

        Assert.Equal(new ListOpsSentence(deep, 1), Assert.Single(ListOpsFile.Parse("f", ListOpsFile.Line(new ListOpsSentence(deep, 1)))));
    }

    [Fact]
    public void A_file_that_is_cut_off_is_refused_wherever_it_ends_within_a_line()
    {
        var line = Good.Split('\n')[1];

        Assert.All(
            Enumerable.Range(1, line.Length - 1),
            end => Assert.Throws<OptionException>(() => ListOpsFile.Parse("f", "7\t7\n" + line[..end])));
    }

    [Fact]
    public void Files_that_cannot_be_read_are_named()
    {
        File.WriteAllBytes(_folder["whole.tsv.gz"], Idx.Gzip(Encoding.ASCII.GetBytes(Good)));
        File.WriteAllBytes(_folder["torn.tsv.gz"], File.ReadAllBytes(_folder["whole.tsv.gz"])[..^9]);
        File.WriteAllText(_folder["empty.tsv"], "");

        Assert.Equal(3, ListOpsFile.Read(_folder["whole.tsv.gz"]).Length);
        Assert.Equal($"'{_folder["."]}' is a folder; expected a table of ListOps sentences.", Message(_folder["."]));
        Assert.Equal($"'{_folder["empty.tsv"]}' is empty; expected a table of ListOps sentences.", Message(_folder["empty.tsv"]));
        Assert.Equal($"'{_folder["torn.tsv.gz"]}' is damaged: its gzip stream cannot be decompressed.", Message(_folder["torn.tsv.gz"]));
        Assert.StartsWith($"'{_folder["none.tsv"]}' cannot be read: ", Message(_folder["none.tsv"]), StringComparison.Ordinal);
    }

    private static string Message(string path) => Assert.Throws<OptionException>(() => ListOpsFile.Read(path)).Message;
}
