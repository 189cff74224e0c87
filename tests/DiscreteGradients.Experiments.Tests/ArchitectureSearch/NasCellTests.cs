namespace DiscreteGradients.Experiments.Tests.ArchitectureSearch;

public sealed class NasCellTests
{
    private const string Good = "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|none~0|avg_pool_3x3~1|nor_conv_1x1~2|";
    private const string Form = "|OP~0|+|OP~0|OP~1|+|OP~0|OP~1|OP~2|";
    private const string Names = "none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3";

    [Fact]
    public void An_architecture_is_read_edge_by_edge()
    {
        var cell = NasCell.Parse(Good);

        Assert.Equal(["1<-0", "2<-0", "2<-1", "3<-0", "3<-1", "3<-2"], NasCell.Edges.Select(edge => edge.ToString()));
        Assert.Equal(
            [NasOperation.Conv3x3, NasOperation.Skip, NasOperation.None, NasOperation.None, NasOperation.Pool3x3, NasOperation.Conv1x1],
            cell.Operations);
        Assert.Equal(new NasCell(cell.Operations), cell);
        Assert.Equal(Good, cell.ToString());
        Assert.Equal(2, cell.Count(NasOperation.None));
        Assert.Equal(NasCell.AllOf(NasOperation.None), default);
    }

    [Fact]
    public void Every_cell_of_the_table_is_read_written_and_looked_up_as_itself()
    {
        var cells = NasCell.All.ToHashSet();

        Assert.Equal(15_625, cells.Count);
        Assert.Equal(15_625, NasTable.Shipped.Rows.Count);
        foreach (var row in NasTable.Shipped.Rows)
        {
            Assert.Equal(row.Cell, NasCell.Parse(row.Cell.ToString()));
            Assert.Same(row, NasTable.Shipped.Lookup(row.Cell));
            Assert.True(cells.Remove(row.Cell));
        }
    }

    [Fact]
    public void Cells_have_one_label_if_and_only_if_the_benchmark_has_them_in_one_class()
    {
        var pairs = NasTable.Shipped.Rows.Select(row => (row.Cell.Canonical, row.IsoClass)).Distinct().ToList();

        Assert.Equal(6_466, pairs.Count);
        Assert.Distinct(pairs.Select(pair => pair.Canonical));
        Assert.Distinct(pairs.Select(pair => pair.IsoClass));
    }

    [Fact]
    public void A_label_leaves_out_skips_zeros_that_are_passed_on_and_the_order_of_sums()
    {
        var (here, there) = (
            NasCell.Parse("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|nor_conv_1x1~1|none~2|"),
            NasCell.Parse("|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|nor_conv_1x1~0|none~1|none~2|"));

        Assert.Equal("#+#+((0)@nor_conv_3x3)@nor_conv_1x1", here.Canonical);
        Assert.Equal("#+#+(0)@nor_conv_1x1", there.Canonical);
        Assert.Equal("#+#+#", NasCell.AllOf(NasOperation.None).Canonical);
        Assert.Equal(
            NasCell.Parse("|none~0|+|none~0|nor_conv_1x1~1|+|nor_conv_3x3~0|skip_connect~1|none~2|").Canonical,
            NasCell.Parse("|none~0|+|none~0|avg_pool_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|none~2|").Canonical);
    }

    [Theory]
    [InlineData("", $"Edge 1<-0 is missing: an architecture is {Form}; got ''.")]
    [InlineData("nor_conv_3x3", $"Edge 1<-0 and the others of node 1 must stand between bars, as in {Form}; got 'nor_conv_3x3'.")]
    [InlineData("|conv3x3~0|", $"Edge 1<-0 must be one of {Names}, followed by ~0; got 'conv3x3~0'.")]
    [InlineData("|NONE~0|", $"Edge 1<-0 must be one of {Names}, followed by ~0; got 'NONE~0'.")]
    [InlineData("||", $"Edge 1<-0 must be one of {Names}, followed by ~0; got ''.")]
    [InlineData("|~0|", $"Edge 1<-0 must be one of {Names}, followed by ~0; got '~0'.")]
    [InlineData("|none|", "Edge 1<-0 must be written none~0; got 'none'.")]
    [InlineData("|none~1|", "Edge 1<-0 must be written none~0; got 'none~1'.")]
    [InlineData("|none~0", $"Edge 1<-0 and the others of node 1 must stand between bars, as in {Form}; got '|none~0'.")]
    [InlineData("|none~0|", $"Edge 2<-0 is missing: an architecture is {Form}; got '|none~0|'.")]
    [InlineData("|none~0|none~1|", "Edge 1<-0 must be the last of node 1; got 'none~1' after it: remove it.")]
    [InlineData("|none~0|+|none~0|", $"Edge 2<-1 is missing: an architecture is {Form}; got '|none~0|+|none~0|'.")]
    [InlineData(
        "|none~0|+|none~1|none~0|+|none~0|none~1|none~2|", "Edge 2<-0 must be written none~0; got 'none~1'.")]
    [InlineData(
        "|none~0|+|none~0|none~1|+|none~0|skip~1|none~2|", $"Edge 3<-1 must be one of {Names}, followed by ~1; got 'skip~1'.")]
    [InlineData(
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|+|none~0|",
        $"Edge 3<-2 must be the last of an architecture, which is {Form}; got '+|none~0|' after it.")]
    [InlineData(
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|+",
        $"Edge 3<-2 must be the last of an architecture, which is {Form}; got '+' after it.")]
    [InlineData(
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2\u001b[31m|", "Edge 3<-2 must be written none~2; got 'none~2?[31m'.")]
    public void A_wrong_architecture_is_one_sentence_that_names_the_edge(string text, string sentence) =>
        Assert.Equal(sentence, Assert.Throws<OptionException>(() => NasCell.Parse(text)).Message);

    [Fact]
    public void Each_edge_is_named_when_its_operation_is_unknown()
    {
        var parts = Good.Split('|').Where(part => part.Contains('~', StringComparison.Ordinal)).ToList();

        var place = 0;
        foreach (var (edge, part) in NasCell.Edges.Zip(parts))
        {
            place = Good.IndexOf(part, place, StringComparison.Ordinal);
            var wrong = Good[..place] + "x" + Good[(place + 1)..];
            place += part.Length;

            Assert.Equal(
                $"Edge {edge} must be one of {Names}, followed by ~{edge.From}; got 'x{part[1..]}'.",
                Assert.Throws<OptionException>(() => NasCell.Parse(wrong)).Message);
        }
    }

    [Fact]
    public void A_drawing_has_an_arrow_in_the_colour_of_each_operation()
    {
        var cell = NasCell.Parse(Good);
        var sketch = NasCellSketch.Draw(cell, "a note");

        Assert.Equal(
            """
            node  from 0    from 1    from 2
               1  conv 3x3
               2  skip      none
               3  none      pool 3x3  conv 1x1
            a note

            """.ReplaceLineEndings("\n"),
            sketch.Text);
        foreach (var operation in NasOperations.All)
        {
            var own = sketch.Lines.Where(line => line.IsStrong && line.Color == NasCellSketch.Color(operation));
            Assert.Equal(3 * cell.Count(operation), own.Count());
        }

        Assert.Distinct(NasOperations.All.Select(NasCellSketch.Color));
        Assert.Equal(
            ["conv 3x3", "skip", "none", "none", "pool 3x3", "conv 1x1", "0", "1", "2", "3", "input", "output", "a note"],
            sketch.Words.Select(word => word.Text));
        Assert.All(sketch.Lines, line => Assert.True(line.FromX < sketch.Width && line.ToX < sketch.Width && line.ToY < sketch.Height));
        Assert.All(sketch.Words, word => Assert.True(word.Y < sketch.Height));
    }
}
