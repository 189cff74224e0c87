using System.Text;

using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Data;

public sealed class OmniglotSetTests : IDisposable
{
    private const string Header = "index\tset\talphabet\tcharacter\tfile_id\tdrawer\tsplit\n";
    private const string Index =
        $"{Header}0\tbackground\tGreek\t1\t10\t1\ttest\n1\tbackground\tGreek\t1\t10\t2\ttrain\n"
        + "2\tevaluation\tULOG\t1\t11\t1\tspare\n3\tevaluation\tULOG\t1\t11\t2\ttrain\n";

    private static readonly byte[] Images = Idx.Images(4);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_table_says_which_images_are_for_training_and_which_for_testing(bool gzip)
    {
        Write(Images, Index, gzip);

        var data = Set().Load(_folder["tiny"]);

        Assert.Equal("tiny", data.Name);
        Assert.Equal([.. Image(1), .. Image(3)], data.Train);
        Assert.Equal(Image(0), data.Test);
    }

    [Theory]
    [InlineData(
        "split\n0", "splitt\n0", "'{0}' does not begin with the column names index, set, alphabet, character, file_id, drawer, split.")]
    [InlineData(Index, "<html>", "'{0}' does not begin with the column names index, set, alphabet, character, file_id, drawer, split.")]
    [InlineData("3\tevaluation\tULOG\t1\t11\t2\ttrain\n", "3\tevaluat", "'{0}' is cut off: line 5 has no end.")]
    [InlineData("3\tevaluation\tULOG\t1\t11\t2\ttrain\n", "", "'{0}' has 3 rows; expected one for each of the 4 images.")]
    [InlineData(
        "2\ttrain\n", "2\ttrain\n4\tevaluation\tULOG\t1\t11\t2\ttrain\n", "'{0}' has 6 rows; expected one for each of the 4 images.")]
    [InlineData("\tULOG\t1\t11\t1", "\t1\t11\t1", "Line 4 of '{0}' has 6 columns; expected 7.")]
    [InlineData("1\tbackground", "7\tbackground", "Line 3 of '{0}' must describe image 1; got '7'.")]
    [InlineData("spare", "valid", "Line 4 of '{0}' must end with train, test or spare; got 'valid'.")]
    [InlineData(
        "spare",
        "\u001b[2Jaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "Line 4 of '{0}' must end with train, test or spare; got '?[2Jaaaaaaaaaaaaaaaa...'.")]
    public void A_damaged_table_is_one_sentence(string good, string bad, string sentence)
    {
        Write(Images, Index.Replace(good, bad));

        Assert.Equal(string.Format(null, sentence, _folder["tiny", "omniglot-index.tsv.gz"]), Message());
    }

    [Fact]
    public void A_table_with_other_members_is_refused()
    {
        var other = Index.Replace("spare", "train");
        Write(Images, other);

        Assert.Equal(
            $"'{_folder["tiny", "omniglot-index.tsv.gz"]}' is not the file of 'tiny': the sha256 of its uncompressed bytes must be "
            + $"{Idx.Sha256(Encoding.UTF8.GetBytes(Index))}; got {Idx.Sha256(Encoding.UTF8.GetBytes(other))}.",
            Message());
    }

    [Fact]
    public void A_table_that_unpacks_to_gigabytes_is_refused()
    {
        Write(Images, Index);
        var path = _folder.Write(Idx.Gzip(new byte[1 << 25]), "tiny", "omniglot-index.tsv.gz");

        Assert.Equal($"'{path}' is larger than the 16777216 bytes that are read.", Message());
    }

    [Fact]
    public void Other_images_are_refused()
    {
        var other = (byte[])Images.Clone();
        other[^1] ^= 1;
        Write(other, Index);

        Assert.Equal(
            $"'{_folder["tiny", "omniglot28-images-idx3-ubyte.gz"]}' is not the file of 'tiny': "
            + "the sha256 of its uncompressed bytes must be "
            + $"{Idx.Sha256(Images)}; got {Idx.Sha256(other)}.",
            Message());
    }

    [Fact]
    public void A_truncated_image_file_is_named()
    {
        Write(Images[..^1], Index, gzip: false);

        Assert.Equal(
            $"'{_folder["tiny", "omniglot28-images-idx3-ubyte"]}' is cut off: its 4 images need 3136 bytes after the header; "
            + "3135 are there.",
            Message());
    }

    [Fact]
    public void Images_without_their_table_are_named()
    {
        Write(Images, Index);
        File.Delete(_folder["tiny", "omniglot-index.tsv.gz"]);

        Assert.Equal(
            $"'{_folder["tiny"]}' holds no omniglot-index.tsv or omniglot-index.tsv.gz, only the other half of 'tiny'.", Message());
    }

    private void Write(byte[] images, string index, bool gzip = true)
    {
        foreach (var (name, bytes) in new[] { (OmniglotSet.ImageFile, images), (OmniglotSet.IndexFile, Encoding.UTF8.GetBytes(index)) })
            _folder.Write(gzip ? Idx.Gzip(bytes) : bytes, "tiny", gzip ? $"{name}.gz" : name);
    }

    private string Message() => Assert.Throws<OptionException>(() => Set().Load(_folder["tiny"])).Message;

    private static byte[] Image(int i) => Images[(16 + i * 784)..(16 + (i + 1) * 784)];

    private static DataSet<ImageData> Set()
    {
        var index = Encoding.UTF8.GetBytes(Index);
        return new DataSet<ImageData>(
            "tiny",
            "A few images.",
            [
                IdxFile.Of(OmniglotSet.ImageFile, 4, Idx.Sha256(Images)),
                new DataFile(OmniglotSet.IndexFile, index.Length, Idx.Sha256(index)),
            ],
            ImageData.Parts(2, 1),
            OmniglotSet.Read);
    }
}
