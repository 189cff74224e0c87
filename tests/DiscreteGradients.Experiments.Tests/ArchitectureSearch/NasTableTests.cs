using System.IO.Compression;
using System.Text;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.ArchitectureSearch;

public sealed class NasTableTests : IDisposable
{
    private static readonly NasTable Table = NasTable.Shipped;
    private static readonly Lazy<string> Text = new(ReadText);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("cifar10", 6111, 94.37)]
    [InlineData("cifar100", 9930, 73.51)]
    [InlineData("imagenet16", 857, 47.31)]
    public void The_best_cells_are_the_published_ones(string name, int index, double accuracy)
    {
        var set = NasTable.Sets.Single(s => s.Name == name).Set;
        var best = Table.Best(set);

        Assert.Equal((index, accuracy), (best.Index, Math.Round(best[set].Test, 2)));
        Assert.Equal((0, 1, 100), (Table.Regret(best, set), Table.Rank(best, set), Table.Percentile(best, set)));
        Assert.Equal(set == NasSet.Cifar10 ? 2 : 1, Table.Share(set, best[set].Test) * Table.Rows.Count, 1e-9);  // two are equal
    }

    [Fact]
    public void The_columns_are_where_they_should_be()
    {
        var row = Table.Find("0");

        Assert.Equal("|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|", $"{row.Cell}");
        Assert.Equal(new NasAccuracy(85.863333, 63.364, 69.55), row[NasSet.Cifar10]);
        Assert.Equal(new NasAccuracy(52.913333, 31.84, 31.26), row[NasSet.Cifar100]);
        Assert.Equal(new NasAccuracy(26.633333, 18.466667, 17), row[NasSet.Imagenet16]);
        Assert.Equal(0, row.IsoClass);
        Assert.Same(row, Table.Find($"{row.Cell}"));
    }

    [Theory]
    [InlineData(93.23, 5.7)]
    [InlineData(93.44, 3.1)]
    [InlineData(93.61, 2.0)]
    [InlineData(93.70, 1.5)]
    public void Few_cells_are_as_good_as_published_searches(double accuracy, double percent) =>
        Assert.Equal(percent, 100 * Table.Share(NasSet.Cifar10, accuracy), 0.05);

    [Fact]
    public void Isomorphic_cells_are_found_by_their_class()
    {
        var row = Table.Lookup(NasCell.AllOf(NasOperation.None));

        Assert.Equal(Table.Rows.Where(other => other.Cell.Canonical == "#+#+#"), Table.Alike(row));
        Assert.Contains(row, Table.Alike(row));
    }

    [Theory]
    [InlineData("-1", "-1")]
    [InlineData("15625", "15625")]
    public void A_number_that_no_cell_has_is_refused(string text, string got) => Assert.Equal(
        $"ARCH must be a number from 0 to 15624, or {NasCell.Form} in quotes; got {got}.",
        Assert.Throws<OptionException>(() => Table.Find(text)).Message);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_table_of_the_users_own_is_read(bool gzip)
    {
        var bytes = Encoding.UTF8.GetBytes(Text.Value);

        var own = NasTableFile.Read(_folder.Write(gzip ? Idx.Gzip(bytes) : bytes, "own.csv"));

        Assert.Equal(Table.Rows, own.Rows);
    }

    [Fact]
    public void A_damaged_table_is_one_sentence_that_names_the_line()
    {
        const string First = "0,|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|,85.863333,";
        var path = _folder["own.csv"];

        Says(
            "", "x" + Text.Value,
            $"'{path}' does not begin with the column names index, arch, c10_test_200ep, c100_test_200ep, in16_test_200ep, c10_val_12ep, "
            + "c10_test_12ep, c100_val_12ep, c100_test_12ep, in16_val_12ep, in16_test_12ep, iso_class.");
        Says("", Text.Value[..^4], $"'{path}' is cut off: line 15626 has no end.");
        Says("", Text.Value[..(Text.Value[..^1].LastIndexOf('\n') + 1)],
            $"'{path}' has 15624 rows; expected one for each of the 15625 architectures.");
        Says("", Text.Value + "\n", $"'{path}' has 15626 rows; expected one for each of the 15625 architectures.");
        Says(First, "1" + First[1..], $"Line 2 of '{path}' must describe architecture 0; got '1'.");
        Says(First, First + "7,", $"Line 2 of '{path}' has 13 columns; expected 12.");
        Says("85.863333", "-1", $"Line 2 of '{path}' must have an accuracy from 0 to 100 as c10_test_200ep; got '-1'.");
        Says("85.863333", "100.1", $"Line 2 of '{path}' must have an accuracy from 0 to 100 as c10_test_200ep; got '100.1'.");
        Says("85.863333", "NaN", $"Line 2 of '{path}' must have an accuracy from 0 to 100 as c10_test_200ep; got 'NaN'.");
        Says(",63.364,", ",,", $"Line 2 of '{path}' must have an accuracy from 0 to 100 as c10_val_12ep; got ''.");
        Says(",17,0\n", ",17,x\n", $"Line 2 of '{path}' must end with a class, a whole number; got 'x'.");
        Says(
            "0,|avg_pool_3x3~0|", "0,|max_pool_3x3~0|",
            $"Line 2 of '{path}' holds no architecture: edge 1<-0 must be one of none, skip_connect, nor_conv_1x1, nor_conv_3x3, "
            + "avg_pool_3x3, followed by ~0; got 'max_pool_3x3~0'.");
        var second = $"{Table.Rows[1].Cell}";
        Says(second, $"{Table.Rows[0].Cell}", $"Line 3 of '{path}' repeats the architecture of line 2, {Table.Rows[0].Cell}.");
    }

    [Fact]
    public void A_table_that_cannot_be_read_is_one_sentence()
    {
        var gzip = Idx.Gzip(Encoding.UTF8.GetBytes(Text.Value));
        gzip[^6] ^= 1;  // its checksum
        var path = _folder.Write(gzip, "own.csv");
        Says(path, $"'{path}' is damaged: its gzip stream cannot be decompressed.");

        path = _folder.Write(gzip[..(gzip.Length / 2)], "half.csv");
        Assert.StartsWith($"'{path}' is ", Assert.Throws<OptionException>(() => NasTableFile.Read(path)).Message, StringComparison.Ordinal);

        path = _folder.Write([], "empty.csv");
        var empty = Assert.Throws<OptionException>(() => NasTableFile.Read(path));
        Assert.StartsWith($"'{path}' does not begin with ", empty.Message, StringComparison.Ordinal);

        path = _folder.Write(Idx.Gzip(new byte[1 << 24]), "bomb.csv");
        Says(path, $"'{path}' is larger than the 8388608 bytes that are read; expected a table of all architectures.");
        Says(_folder["."], $"'{_folder["."]}' is a folder; expected a table of all architectures.");
        path = _folder["nowhere.csv"];
        Says(path, $"'{path}' cannot be read: Could not find file '{path}'.");
    }

    private static void Says(string path, string sentence) =>
        Assert.Equal(sentence, Assert.Throws<OptionException>(() => NasTableFile.Read(path)).Message);

    /// <summary>Replaces the first of what is old; if that is nothing, everything.</summary>
    private void Says(string old, string text, string sentence)
    {
        var at = Text.Value.IndexOf(old, StringComparison.Ordinal);
        Assert.True(at >= 0);
        var damaged = old.Length == 0 ? text : Text.Value[..at] + text + Text.Value[(at + old.Length)..];
        Says(_folder.Write(Encoding.UTF8.GetBytes(damaged), "own.csv"), sentence);
    }

    private static string ReadText()
    {
        using var resource = typeof(NasTable).Assembly.GetManifestResourceStream("nas201.csv.gz")!;
        using var reader = new StreamReader(new GZipStream(resource, CompressionMode.Decompress));
        return reader.ReadToEnd();
    }
}
