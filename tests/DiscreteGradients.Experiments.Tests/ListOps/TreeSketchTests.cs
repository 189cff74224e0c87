namespace DiscreteGradients.Experiments.Tests.ListOps;

public sealed class TreeSketchTests
{
    [Fact]
    public void Trees_are_drawn_below_the_words()
    {
        var sketch = TreeSketch.Draw([(Row("x2n74]]", 4), [5, 4, 3, 2, 1, 0], 7)]);

        Assert.Equal(
            """
            value 4, read as 7; F1 0.00
              true   [MAX  2  [MIN  7  4  ]  ]
                     ├─────╯  ├─────╯  │  │  │
                     │        ├────────╯  │  │
                     │        ├───────────╯  │
                     ├────────╯              │
                     ╰───────────────────────╯
              model  [MAX  2  [MIN  7  4  ]  ]
                     │     │  │     │  │  ├──╯
                     │     │  │     │  ├──╯
                     │     │  │     ├──╯
                     │     │  ├─────╯
                     │     ├──╯
                     ╰─────╯

            """.ReplaceLineEndings("\n"),
            sketch.Text);
        Assert.Equal(2 * 6 * 3, sketch.Lines.Count);
        Assert.Equal(8, sketch.Words.Count);
        Assert.All(sketch.Lines, line => Assert.True(line.FromX < sketch.Width && line.FromY < sketch.Height && line.ToY < sketch.Height));
    }

    [Fact]
    public void Short_nested_sentences_are_chosen_each_of_another_length()
    {
        var rows = new[] { "7", "x12]", "x12n34]]", "s1n22]]", "s1n23]]", "x11n111]]" }.Select(e => Row(e, 0)).ToList();

        Assert.Equal(["s1n22]]", "x12n34]]", "x11n111]]", "x12]"], TreeSketch.Choose(rows).Select(row => row.Expression));
        Assert.Empty(TreeSketch.Choose([Row("7", 7)]));
    }

    private static ListOpsRow Row(string expression, int label) =>
        new(expression, label, Leaves.Of(expression, ListOpsTokens.Merged), ListOpsTokens.Merged);
}
