using System.Text;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Data;

public sealed class CharacterTextTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Characters_are_code_points_in_their_order_and_the_last_tenth_validates()
    {
        var text = Read(Encoding.UTF8.GetBytes("ba😀b\nbéé a"));

        Assert.Equal(["\n", " ", "a", "b", "é", "😀"], text.Characters);
        Assert.Equal([3, 2, 5, 3, 0, 3, 4, 4, 1, 2], text.Indices);
        Assert.Equal((9, 1), (text.Train.Length, text.Valid.Length));
        Assert.Equal(text.Indices, Read([0xef, 0xbb, 0xbf, .. Encoding.UTF8.GetBytes("ba😀b\nbéé a")]).Indices);
        Assert.Equal(text.Indices, Read(Idx.Gzip(Encoding.UTF8.GetBytes("ba😀b\nbéé a"))).Indices);
    }

    [Fact]
    public void The_shortest_text_is_the_shortest_whose_last_tenth_is_long_enough()
    {
        foreach (var valid in (ReadOnlySpan<int>)[1, 2, 33, 100])
        {
            var shortest = CharacterText.ShortestWith(valid);
            Assert.Equal(valid, Of(shortest).Valid.Length);
            Assert.Equal(valid - 1, Of(shortest - 1).Valid.Length);
        }

        static CharacterText Of(int length) => new(["a"], new int[length]);
    }

    [Theory]
    [InlineData("", "'{0}' is empty; expected a text in UTF-8.")]
    [InlineData("efbbbf", "'{0}' is empty; expected a text in UTF-8.")]
    [InlineData("61ff62", "'{0}' is not a text in UTF-8: byte 2 begins no character; save it as UTF-8.")]
    [InlineData("6162c3", "'{0}' is not a text in UTF-8: byte 3 begins no character; save it as UTF-8.")]
    [InlineData("eda080", "'{0}' is not a text in UTF-8: byte 1 begins no character; save it as UTF-8.")]
    [InlineData("fffe6100", "'{0}' is not a text in UTF-8: byte 1 begins no character; save it as UTF-8.")]
    [InlineData("1f8b0800", "'{0}' is damaged: its gzip stream cannot be decompressed.")]
    public void A_file_that_is_no_text_is_refused_in_a_sentence(string bytes, string sentence) =>
        Says(Convert.FromHexString(bytes), sentence);

    [Fact]
    public void A_file_that_is_not_there_or_a_folder_is_refused_in_a_sentence()
    {
        var missing = _folder["nowhere.txt"];

        Assert.StartsWith($"'{missing}' cannot be read: ", Error(missing), StringComparison.Ordinal);
        Assert.Equal($"'{_folder["."]}' is a folder; expected a text in UTF-8.", Error(_folder["."]));
    }

    [Fact]
    public void A_gzip_file_that_was_cut_off_is_damaged()
    {
        var gzip = Idx.Gzip(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 5000))));

        Says(gzip[..(gzip.Length / 2)], "'{0}' is damaged: its gzip stream cannot be decompressed.");
    }

    [Fact]
    public void Tiny_shakespeare_is_found_under_either_spelling_of_its_name_and_has_its_published_sizes()
    {
        var set = TextSets.TinyShakespeare;
        Assert.Equal("1003854 training and 111540 validation characters", set.Contents);
        foreach (var name in (ReadOnlySpan<string>)["tiny-shakespeare", "tiny_shakespeare"])
        {
            var path = _folder.Write([1, 2], name, "data", name, "input.txt");
            var folders = new DataFolders(_folder[name, "data"], _ => null, IsWindows: false);

            Assert.Equal(Path.GetDirectoryName(path), set.Find(folders)?.Folder);
            Assert.StartsWith(
                $"'{path}' is not the file of 'tiny-shakespeare': the sha256 of its uncompressed bytes must be ",
                Assert.Throws<OptionException>(() => set.Load(folders)).Message, StringComparison.Ordinal);
        }

        Assert.Equal(
            $"Data set 'tiny-shakespeare' was not found; looked in {_folder["none", "tiny-shakespeare"]} (--data). "
            + "Run 'dgrad data fetch tiny-shakespeare', or put input.txt into DIR/tiny-shakespeare and give --data DIR.",
            Assert.Throws<OptionException>(() => set.Load(new DataFolders(_folder["none"], _ => null, false))).Message);
    }

    [Fact]
    public void Tiny_shakespeare_is_what_everybody_uses()
    {
        var folders = DataFolders.OfThisUser(null);
        Assert.SkipWhen(TextSets.TinyShakespeare.Find(folders) is null, "tiny-shakespeare is not on this machine.");

        var text = TextSets.TinyShakespeare.Load(folders);

        Assert.Equal((65, 1_003_854, 111_540), (text.Characters.Count, text.Train.Length, text.Valid.Length));
        Assert.Equal("First Citizen:\n", string.Concat(text.Indices.Take(15).Select(i => text.Characters[i])));
    }

    private void Says(byte[] bytes, string sentence)
    {
        File.WriteAllBytes(_folder["wrong.txt"], bytes);
        Assert.Equal(string.Format(null, sentence, _folder["wrong.txt"]), Error(_folder["wrong.txt"]));
    }

    private CharacterText Read(byte[] bytes)
    {
        File.WriteAllBytes(_folder["text.txt"], bytes);
        return CharacterText.Read(_folder["text.txt"]);
    }

    private static string Error(string path) => Assert.Throws<OptionException>(() => CharacterText.Read(path)).Message;
}
