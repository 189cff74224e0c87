namespace DiscreteGradients.Experiments.Tests.ListOps;

public sealed class LeavesTests
{
    [Theory]
    [InlineData(ListOpsTokens.Merged, 15, "[MAX|2|[MIN|7|4|]|]")]
    [InlineData(ListOpsTokens.Split, 16, "[|MAX|2|[|MIN|7|4|]|]")]
    [InlineData(ListOpsTokens.Characters, 21, "[| |M|A|X| |2| |[| |M|I|N| |7| |4| |]| |]")]
    public void Leaves_are_what_the_option_says(ListOpsTokens tokens, int symbols, string leaves)
    {
        Assert.Equal(leaves.Split('|'), Leaves.Texts("x2n74]]", tokens));
        Assert.Equal(symbols, Leaves.Symbols(tokens));
        Assert.Equal(Enumerable.Range(0, symbols), Leaves.Of("xnds0123456789]]]]", tokens).Distinct().Order());
        Assert.Equal(leaves.Split('|').Length, Leaves.Of("x2n74]]", tokens).Length);
    }

    [Fact]
    public void Length_counts_tokens()
    {
        Assert.Equal(7, Leaves.Length("x2n74]]", ListOpsTokens.Merged));
        Assert.Equal(9, Leaves.Length("x2n74]]", ListOpsTokens.Split));
        Assert.Equal(9, Leaves.Length("x2n74]]", ListOpsTokens.Characters));
    }

    [Fact]
    public void The_true_merges_are_the_published_brackets()
    {
        Assert.Equal("((([MAX+2)+((([MIN+7)+4)+]))+])", Tree("x2n74]]", ListOpsTokens.Merged));
        Assert.Equal("(((([+MAX)+2)+(((([+MIN)+7)+4)+]))+])", Tree("x2n74]]", ListOpsTokens.Split));
        Assert.Equal("(((((((([+_)+M)+A)+X)+_)+(3+_))+(4+_))+])", Tree("x34]", ListOpsTokens.Characters));
        Assert.Equal("7", Tree("7", ListOpsTokens.Characters));
    }

    [Fact]
    public void Agreement_is_the_share_of_brackets_but_the_outermost()
    {
        Assert.Equal(1, Leaves.Agreement([1, 0, 0], [1, 0, 0]));
        Assert.Equal(0.5, Leaves.Agreement([0, 0, 0], [0, 1, 0]));
        Assert.Equal(0, Leaves.Agreement([2, 1, 0], [0, 0, 0]));
        Assert.True(double.IsNaN(Leaves.Agreement([0], [0])));
        Assert.True(double.IsNaN(Leaves.Agreement([], [])));
    }

    private static string Tree(string expression, ListOpsTokens tokens)
    {
        var nodes = Leaves.Texts(expression, tokens).ConvertAll(text => text.Replace(' ', '_'));
        foreach (var at in Leaves.Merges(expression, tokens))
        {
            nodes[at] = $"({nodes[at]}+{nodes[at + 1]})";
            nodes.RemoveAt(at + 1);
        }

        return Assert.Single(nodes);
    }
}
