using System.Text;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Data;

/// <summary>The rows, made once because the file in the cache is damaged, and kept there.</summary>
public sealed class MadeRows : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public MadeRows()
    {
        File = _folder.Write("damaged"u8.ToArray(), "dgrad", "listops", "made.tsv.gz");
        Rows = ListOpsRule.Load(Folders.Cache);
    }

    internal DataFolders Folders => new(null, name => name == "XDG_CACHE_HOME" ? _folder["."] : null, IsWindows: false);

    internal string File { get; }

    internal ListOpsSentence[] Rows { get; }

    public void Dispose() => _folder.Dispose();
}

public sealed class ListOpsRuleTests(MadeRows made) : IClassFixture<MadeRows>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_made_rows_are_distinct_and_distributed_as_the_published_ones()
    {
        var rows = made.Rows;

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
        var share = made.Rows.Count(row => ListOpsExpression.Value(row.Expression, depth) == row.Label) / (double)ListOpsRule.Rows;

        Assert.Equal(published, share, 5 * Math.Sqrt(published * (1 - published) * (1e-4 + 1e-5)));
    }

    [Fact]
    public void Without_any_file_everything_is_made_and_from_then_on_read_from_the_cache()
    {
        File.SetLastWriteTimeUtc(made.File, DateTime.UnixEpoch);

        var rows = ListOpsSets.Load(ListOpsSets.Default(made.Folders), made.Folders, null, null, null);

        Assert.Equal("made-listops", ListOpsSets.Default(made.Folders));
        Assert.Equal((89_000, 1_000, 10_000), (rows.Train.Length, rows.Valid.Length, rows.Test.Length));
        Assert.Equal(made.Rows, rows.Test.Concat(rows.Valid).Concat(rows.Train));
        Assert.Equal((null, DateTime.UnixEpoch), (ListOpsRule.File.Flaw(made.File), File.GetLastWriteTimeUtc(made.File)));
    }

    [Fact]
    public void Files_of_the_user_take_the_place_of_rows_and_made_training_rows_are_none_of_them()
    {
        var mine = made.Rows[20_000..20_010];
        File.WriteAllText(_folder["mine.tsv"], string.Concat(mine.Select(row => ListOpsFile.Line(row) + "\n")), Encoding.ASCII);

        var tested = ListOpsSets.Load("made-listops", made.Folders, null, null, _folder["mine.tsv"]);
        var trained = ListOpsSets.Load("made-listops", made.Folders, _folder["mine.tsv"], _folder["mine.tsv"], _folder["mine.tsv"]);

        Assert.Equal(mine, tested.Test);
        Assert.Equal(88_990, tested.Train.Length);
        Assert.Empty(tested.Train.Intersect(mine));
        Assert.All([trained.Train, trained.Valid, trained.Test], rows => Assert.Equal(mine, rows));
    }
}
