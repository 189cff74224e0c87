namespace DiscreteGradients.Experiments.Tests.ListOps;

/// <summary>The published files against what is known of them; skipped where they are not.</summary>
public sealed class PublishedListOpsTests
{
    private static readonly DataFolders Folders = DataFolders.OfThisUser(null);

    private static readonly Lazy<ListOpsRows> Rows = new(() => ListOpsSets.Load("listops", Folders, null, null, null));

    public PublishedListOpsTests() => Assert.SkipWhen(ListOpsSets.Set.Find(Folders) is null, "no published ListOps");

    [Fact]
    public void No_made_training_row_is_a_published_one()
    {
        Assert.Equal((89_000, 1_000, 10_000), (Rows.Value.Train.Length, Rows.Value.Valid.Length, Rows.Value.Test.Length));
        Assert.Empty(Rows.Value.Train.Intersect(Rows.Value.Valid.Concat(Rows.Value.Test)));
        Assert.InRange(Rows.Value.Train.Count(Short), 77_000, 77_700);
    }

    [Fact]
    public void Rows_labels_and_depths_of_the_filtered_test_set_are_the_known_ones()
    {
        var test = Rows.Value.Test.Where(Short).ToList();

        Assert.Equal((8_689, 857), (test.Count, Rows.Value.Valid.Count(Short)));
        Assert.Equal(
            [965, 893, 859, 850, 874, 843, 774, 813, 832, 986],
            Enumerable.Range(0, 10).Select(d => test.Count(r => r.Label == d)));
        Assert.Equal(
            [1, 2093, 2339, 1429, 893, 611, 508, 353, 222, 136, 62, 29, 8, 4, 1],
            Enumerable.Range(0, 15).Select(depth => test.Count(row => ListOpsExpression.Depth(row.Expression) == depth)));
    }

    [Theory]
    [InlineData(ListOpsTokens.Characters, new[] { 1, 15, 20, 36, 71, 130, 214, 231 }, 54.9)]
    [InlineData(ListOpsTokens.Split, new[] { 1, 7, 9, 16, 31, 57, 93, 99 }, 24.2)]
    [InlineData(ListOpsTokens.Merged, new[] { 1, 6, 7, 13, 26, 47, 77, 83 }, 20.0)]
    public void Numbers_of_leaves_are_the_known_ones(ListOpsTokens tokens, int[] quantiles, double mean)
    {
        var lengths = Rows.Value.Test.Where(Short).Select(row => Leaves.Of(row.Expression, tokens).Length).Order().ToList();

        Assert.Equal(quantiles, new[] { 0, .1, .25, .5, .75, .9, .99, 1 }.Select(at => lengths[(int)(at * (lengths.Count - 1))]));
        Assert.Equal(mean, lengths.Average(), 0.05);
    }

    [Theory]
    [InlineData(null, 0, 10_000, new[] { 54.8, 80.1, 91.0 })]
    [InlineData(ListOpsTokens.Split, 99, 8_689, new[] { 57.1, 83.3, 93.3 })]
    [InlineData(ListOpsTokens.Split, 10, 2_580, new[] { 88.8, 100, 100 })]
    [InlineData(ListOpsTokens.Split, 25, 5_954, new[] { 64.2, 92.0 })]
    [InlineData(ListOpsTokens.Split, 50, 7_575, new[] { 59.3, 86.5 })]
    [InlineData(ListOpsTokens.Merged, 10, 3_531, new[] { 77.2, 99.6 })]
    [InlineData(ListOpsTokens.Merged, 25, 6_477, new[] { 62.5, 90.1 })]
    [InlineData(ListOpsTokens.Merged, 50, 7_966, new[] { 58.4, 85.2 })]
    public void Shortcuts_reach_what_they_are_known_to(ListOpsTokens? tokens, int longest, int rows, double[] shares)
    {
        var test = Rows.Value.Test.Where(row => tokens is not { } t || Leaves.Length(row.Expression, t) <= longest).ToList();

        Assert.Equal(rows, test.Count);
        foreach (var (depth, share) in shares.Index())
            Assert.Equal(share, 100.0 * test.Count(r => ListOpsExpression.Value(r.Expression, depth + 1) == r.Label) / rows, 0.0501);
    }

    private static bool Short(ListOpsSentence row) => Leaves.Length(row.Expression, ListOpsTokens.Split) < 100;
}
