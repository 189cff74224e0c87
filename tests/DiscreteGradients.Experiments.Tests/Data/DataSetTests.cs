using System.Text.Json;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Data;

public sealed class DataSetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Server _server = new();

    private DataFolders Folders => TinySet.Folders(_folder);

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_set_of_text_is_found_and_read_into_its_own_type()
    {
        Write();

        var riddles = RiddleSet.With().Load(Folders);

        Assert.Equal(["train.tsv", "valid.tsv", "test.tsv"], riddles.Keys);
        Assert.Equal([2, 1, 3], riddles.Values.Select(part => part.Count));
        Assert.Equal(new Riddle("π", "Is round and never ends"), riddles["test.tsv"][^1]);
        Assert.Equal("2 training, 1 validation and 3 test riddles", RiddleSet.With().Contents);
    }

    [Fact]
    public void A_set_of_text_that_is_nowhere_says_what_to_do_and_speaks_of_no_images()
    {
        var error = Assert.Throws<OptionException>(() => RiddleSet.With("http://localhost/").Load(Folders));

        Assert.Equal(
            $"Data set 'riddles' was not found; looked in {_folder["variable", "riddles"]} ($DGRAD_DATA), "
            + $"{_folder["cache", "dgrad", "riddles"]} (the cache). Run 'dgrad data fetch riddles', "
            + "or put train.tsv.gz, valid.tsv and test.tsv into DIR/riddles and give --data DIR.",
            error.Message);
        Assert.Equal("riddles", error.Missing?.Set.Name);
    }

    [Fact]
    public async Task Files_come_from_their_home_as_it_publishes_them()
    {
        var set = RiddleSet.With(RiddleSet.Serve(_server));

        var folder = await new Download(set, Folders, _ => { }).Fetch(TestContext.Current.CancellationToken);

        Assert.Equal(["train.tsv.gz", "valid.tsv", "test.tsv"], _server.Requests);
        Assert.Equal(
            ["test.tsv", "train.tsv.gz", "valid.tsv"], Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("map", set.Load(Folders)["valid.tsv"][0].Answer);
    }

    [Fact]
    public async Task A_download_replaces_a_damaged_file_whether_it_is_compressed_or_not()
    {
        var set = RiddleSet.With(RiddleSet.Serve(_server));
        foreach (var name in (string[])["train.tsv", "valid.tsv.gz", "test.tsv.gz"])
            _folder.Write([1], "cache", "dgrad", "riddles", name);

        await new Download(set, Folders, _ => { }).Fetch(TestContext.Current.CancellationToken);

        Assert.Equal("map", set.Load(Folders)["valid.tsv"][0].Answer);
    }

    [Fact]
    public void A_file_that_is_missing_beside_others_is_named()
    {
        Write();
        File.Delete(_folder["variable", "riddles", "valid.tsv"]);

        Says($"'{_folder["variable", "riddles"]}' holds no valid.tsv or valid.tsv.gz, only other files of 'riddles'.");
    }

    [Theory]
    [InlineData("egg\tA box without hinges, key or lid\n")]  // cut off between two lines
    [InlineData("egg\tA box without hinges, key or lid\nriv")]  // where its reader finds no second cell
    [InlineData("egg\tA box without hinges, key or lid\nriver\tRuns but never talks\n")]
    [InlineData(RiddleSet.TrainText + "bed\tHas legs and never walks\n")]
    [InlineData("<html>")]
    public void Other_text_is_refused_whatever_its_reader_makes_of_it(string text)
    {
        Write();
        foreach (var gzip in (bool[])[true, false])
        {
            File.Delete(_folder["variable", "riddles", "train.tsv.gz"]);
            var bytes = RiddleSet.Bytes(text);
            var path = _folder.Write(gzip ? Idx.Gzip(bytes) : bytes, "variable", "riddles", gzip ? "train.tsv.gz" : "train.tsv");

            Says(
                $"'{path}' is not the file of 'riddles': the sha256 of its uncompressed bytes must be "
                + $"{Idx.Sha256(RiddleSet.Bytes(RiddleSet.TrainText))}; got {Idx.Sha256(bytes)}.");
        }
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_named_with_what_it_should_be()
    {
        Write();
        var path = _folder.Write([], "variable", "riddles", "train.tsv.gz");
        Says($"'{path}' is empty; expected a table of riddles.");

        var gzip = Idx.Gzip(RiddleSet.Bytes(RiddleSet.TrainText));
        gzip[^6] ^= 1;  // its checksum
        _folder.Write(gzip, "variable", "riddles", "train.tsv.gz");
        Says($"'{path}' is damaged: its gzip stream cannot be decompressed.");

        File.Delete(path);
        Directory.CreateDirectory(path);
        Says($"'{path}' is a folder; expected a table of riddles.");
    }

    [Fact]
    public void Text_that_unpacks_to_gigabytes_is_refused()
    {
        Write();
        var path = _folder.Write(Idx.Gzip(new byte[1 << 25]), "variable", "riddles", "train.tsv.gz");

        Says($"'{path}' is larger than the 16777216 bytes that are read.");
    }

    [Fact]
    public void A_reader_may_stop_early_and_other_bytes_behind_that_are_still_refused()
    {
        var path = _folder.Write([1, 2, 3], "records.bin");
        byte First(byte[] right) => new FoundFile(new DataFile("records.bin", 3, Idx.Sha256(right)), path, "records")
            .Read("records", content => (byte)content.ReadByte());

        Assert.Equal(1, First([1, 2, 3]));
        Assert.Equal(
            $"'{path}' is not the file of 'records': the sha256 of its uncompressed bytes must be {Idx.Sha256([1, 2, 4])}; "
            + $"got {Idx.Sha256([1, 2, 3])}.",
            Assert.Throws<OptionException>(() => First([1, 2, 4])).Message);
    }

    [Fact]
    public void A_reader_that_fails_on_the_published_bytes_is_at_fault_itself()
    {
        var path = _folder.Write("{"u8.ToArray(), "table.json");
        int Read(string right) => new FoundFile(new DataFile("table.json", 1, Idx.Sha256(RiddleSet.Bytes(right))), path, "table")
            .Read("a table", content => JsonSerializer.Deserialize<int>(content));

        Assert.Throws<JsonException>(() => Read("{"));
        Assert.StartsWith(
            $"'{path}' is not the file of 'table': ", Assert.Throws<OptionException>(() => Read("7")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Declared_sets_have_different_names_and_whole_hashes()
    {
        Assert.Distinct(DataSets.All.Select(set => set.Name));
        Assert.All(DataSets.All.SelectMany(set => set.Files), file => Assert.Matches("^[0-9a-f]{64}$", file.Sha256));
    }

    private void Says(string sentence) =>
        Assert.Equal(sentence, Assert.Throws<OptionException>(() => RiddleSet.With().Load(Folders)).Message);

    private void Write()
    {
        _folder.Write(Idx.Gzip(RiddleSet.Bytes(RiddleSet.TrainText)), "variable", "riddles", "train.tsv.gz");
        _folder.Write(RiddleSet.Bytes(RiddleSet.ValidText), "variable", "riddles", "valid.tsv");
        _folder.Write(Idx.Gzip(RiddleSet.Bytes(RiddleSet.TestText)), "variable", "riddles", "test.tsv.gz");
    }
}
