using System.Text;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Data;

public sealed class ListOpsRuleTests : IDisposable
{
    private static readonly Lazy<ListOpsSentence[]> Made = new(() => ListOpsRule.Load(cache: null));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_made_rows_are_distinct_and_distributed_as_the_published_ones()
    {
        var rows = Made.Value;

        Assert.Equal((ListOpsRule.Rows, ListOpsRule.Rows), (rows.Length, rows.Distinct().Count()));
        var lengths = rows.Select(row => row.Expression.Length).Order().ToList();
        Assert.Equal([1, 6, 8, 16, 40, 107], new[] { 0, .1, .25, .5, .75, .9 }.Select(at => lengths[(int)(at * rows.Length)]));
        Assert.InRange(lengths.Average(), 42.3, 43.3);
        Assert.InRange(rows.Average(row => ListOpsExpression.Depth(row.Expression)), 4.53, 4.59);
        Assert.Equal(19, rows.Max(row => ListOpsExpression.Depth(row.Expression)));
        var firsts = rows.Where(row => row.Expression.Length > 1).CountBy(row => row.Expression[0]).Select(first => first.Value).ToList();
        Assert.Equal(4, firsts.Count);
        Assert.All(firsts, count => Assert.InRange(count, 24_300, 25_700));
    }

    [Theory]  // shares in the published test set of 10,000
    [InlineData(1, 0.548)]
    [InlineData(2, 0.801)]
    [InlineData(3, 0.910)]
    public void Shortcuts_reach_in_the_made_rows_what_they_reach_in_the_published_ones(int depth, double published)
    {
        var share = Made.Value.Count(row => ListOpsExpression.Value(row.Expression, depth) == row.Label) / (double)ListOpsRule.Rows;

        Assert.Equal(published, share, 5 * Math.Sqrt(published * (1 - published) * (1e-4 + 1e-5)));
    }

    [Fact]
    public void The_rows_are_kept_in_the_cache_and_a_damaged_file_there_is_made_anew()
    {
        var path = _folder["cache", "listops", "made.tsv.gz"];
        var cache = Path.Combine(_folder["cache"]);

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "damaged");

        var made = ListOpsRule.Load(cache);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        var read = ListOpsRule.Load(cache);

        Assert.Equal(Made.Value, made);
        Assert.Equal(made, read);
        Assert.Equal(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(path));
    }

    [Fact]
    public void Without_any_file_everything_is_made_and_no_training_row_is_one_of_the_others()
    {
        var nowhere = new DataFolders(null, _ => null, IsWindows: false);

        var rows = ListOpsSets.Load(ListOpsSets.Default(nowhere), nowhere, null, null, null);

        Assert.Equal("made-listops", ListOpsSets.Default(nowhere));
        Assert.Equal((89_000, 1_000, 10_000), (rows.Train.Length, rows.Valid.Length, rows.Test.Length));
        Assert.Empty(rows.Train.Intersect(rows.Valid.Concat(rows.Test)));
    }

    [Fact]
    public void Files_of_the_user_take_the_place_of_rows_and_made_training_rows_are_none_of_them()
    {
        var nowhere = new DataFolders(null, _ => null, IsWindows: false);
        var mine = Made.Value[20_000..20_010];
        File.WriteAllText(_folder["mine.tsv"], string.Concat(mine.Select(row => ListOpsFile.Line(row) + "\n")), Encoding.ASCII);

        var tested = ListOpsSets.Load("made-listops", nowhere, null, null, _folder["mine.tsv"]);
        var trained = ListOpsSets.Load("made-listops", nowhere, _folder["mine.tsv"], _folder["mine.tsv"], _folder["mine.tsv"]);

        Assert.Equal(mine, tested.Test);
        Assert.Equal(88_990, tested.Train.Length);
        Assert.Empty(tested.Train.Intersect(mine));
        Assert.All([trained.Train, trained.Valid, trained.Test], rows => Assert.Equal(mine, rows));
    }
}
