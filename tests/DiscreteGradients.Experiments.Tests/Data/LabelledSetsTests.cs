using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Data;

public sealed class LabelledSetsTests : IDisposable
{
    private const int Record = 1 + (3 * 32 * 32);

    private readonly TemporaryFolder _folder = new();
    private readonly Server _server = new();

    private DataFolders Folders => TinySet.Folders(_folder);

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Batches_are_one_after_the_other_with_labels_channels_and_places_apart()
    {
        WriteBatches("variable", "cifar10");

        var images = Cifar().Load(Folders);

        Assert.Equal((3, 32, 3072, 10, 2), (images.Channels, images.Side, images.Size, images.Train.Count, images.Test.Count));
        Assert.Equal([0, 1, 1, 2, 2, 3, 3, 4, 4, 5], images.Train.Labels);
        Assert.Equal(Batch(3)[(Record + 1)..], images.Train.Pixels[(7 * 3072)..(8 * 3072)]);
        Assert.Equal(Batch(5)[1..Record], images.Test.Pixels[..3072]);
        Assert.Equal("truck", images.Classes[9]);
    }

    [Theory]
    [InlineData("variable", "cifar10", "cifar-10-batches-bin")]
    [InlineData("variable", "cifar10")]
    public void Batches_may_lie_in_the_folder_of_the_archive(params string[] folder)
    {
        WriteBatches(folder);

        Assert.Equal(10, Cifar().Load(Folders).Train.Count);
    }

    [Fact]
    public void An_archive_is_read_without_being_unpacked()
    {
        _folder.Write(Archive(), "variable", "cifar10", "cifar-10-binary.tar.gz");

        var images = Cifar().Load(Folders);

        Assert.Equal([0, 1, 1, 2, 2, 3, 3, 4, 4, 5], images.Train.Labels);
        Assert.Equal(Batch(5)[1..Record], images.Test.Pixels[..3072]);
        Assert.Single(Directory.GetFiles(_folder["variable", "cifar10"]));
    }

    [Fact]
    public async Task An_archive_is_downloaded_and_checked_as_it_is()
    {
        var archive = Archive();
        var set = Cifar() with { Homes = [_server.With("cifar-10-binary.tar.gz", archive).Address] };
        set = set with { Archive = set.Archive! with { Bytes = archive.Length, Sha256 = Idx.Sha256(archive) } };

        var folder = await new Download(set, Folders, _ => { }).Fetch(TestContext.Current.CancellationToken);

        Assert.Equal(_folder["cache", "dgrad", "cifar10"], folder);
        Assert.Equal(["cifar-10-binary.tar.gz"], _server.Requests);
        Assert.Equal(10, set.Load(Folders).Train.Count);

        var other = set with { Archive = set.Archive! with { Sha256 = Idx.Sha256([1]) } };
        var error = await Assert.ThrowsAsync<OptionException>(
            () => new Download(other, Folders, _ => { }).Fetch(TestContext.Current.CancellationToken));
        Assert.Contains(
            $"cifar-10-binary.tar.gz: the sha256 of its bytes must be {Idx.Sha256([1])}, but is {Idx.Sha256(archive)}. ",
            error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_archive_is_one_sentence()
    {
        var path = _folder.Write(Archive(without: "data_batch_2.bin"), "variable", "cifar10", "cifar-10-binary.tar.gz");
        Says($"'{path}' holds no data_batch_2.bin; expected the archive of 'cifar10'.");

        _folder.Write(Idx.Gzip(Enumerable.Repeat((byte)'x', 2048).ToArray()), "variable", "cifar10", "cifar-10-binary.tar.gz");
        Says($"'{path}' is damaged: it is no whole archive of 'cifar10'.");

        using var packed = new GZipStream(new MemoryStream(Archive()), CompressionMode.Decompress);
        using var tar = new MemoryStream();
        packed.CopyTo(tar);
        _folder.Write(tar.ToArray()[..(2 * Record)], "variable", "cifar10", "cifar-10-binary.tar.gz");
        Assert.StartsWith(
            $"'{path}' is ", Assert.Throws<OptionException>(() => Cifar().Load(Folders)).Message, StringComparison.Ordinal);

        _folder.Write(Archive()[..900], "variable", "cifar10", "cifar-10-binary.tar.gz");
        Assert.StartsWith(
            $"'{path}' is ", Assert.Throws<OptionException>(() => Cifar().Load(Folders)).Message, StringComparison.Ordinal);

        _folder.Write([], "variable", "cifar10", "cifar-10-binary.tar.gz");
        Says($"'{path}' is empty; expected a file of labelled images.");
    }

    [Fact]
    public void A_damaged_batch_is_one_sentence()
    {
        WriteBatches("variable", "cifar10");
        var good = Batch(2);
        string Write(byte[] bytes) => _folder.Write(bytes, "variable", "cifar10", "data_batch_3.bin");

        var path = Write(good[..^1]);
        Says($"'{path}' is cut off: 2 images of {Record} bytes must be there; it ends after 1 and {Record - 1} bytes.");
        Write([.. good, 0]);
        Says($"'{path}' goes on after 2 images of {Record} bytes.");
        Write([.. good[..Record], 10, .. good[(Record + 1)..]]);
        Says($"'{path}' is damaged: image 1 has the label 10; expected 0 to 9.");
        Write([.. good[..^1], (byte)(good[^1] ^ 1)]);
        Assert.StartsWith(
            $"'{path}' is not the file of 'cifar10': the sha256 of its uncompressed bytes must be {Idx.Sha256(good)}; got ",
            Assert.Throws<OptionException>(() => Cifar().Load(Folders)).Message,
            StringComparison.Ordinal);
        File.Delete(path);
        Says($"'{_folder["variable", "cifar10"]}' holds no data_batch_3.bin or data_batch_3.bin.gz, only other files of 'cifar10'.");
    }

    [Fact]
    public void A_set_that_is_nowhere_says_how_to_get_it()
    {
        var error = Assert.Throws<OptionException>(() => LabelledSets.Cifar10.Load(Folders));

        Assert.Equal(
            $"Data set 'cifar10' was not found; looked in {_folder["variable", "cifar10"]} ($DGRAD_DATA), "
            + $"{_folder["cache", "dgrad", "cifar10"]} (the cache). Run 'dgrad data fetch cifar10', or put cifar-10-binary.tar.gz, or its "
            + "data_batch_1.bin, data_batch_2.bin, data_batch_3.bin, data_batch_4.bin, data_batch_5.bin and test_batch.bin, "
            + "into DIR/cifar10 and give --data DIR, or use --dataset made-shapes, which is drawn by code.",
            error.Message);
        Assert.Equal("cifar10", error.Missing?.Set.Name);
    }

    [Fact]
    public void An_unknown_set_is_refused()
    {
        Assert.Equal(
            "Unknown dataset 'cifar'. Did you mean 'cifar10' or 'cifar10-jpeg' or 'cifar10-16x16'?",
            Assert.Throws<OptionException>(() => LabelledSets.Get("cifar")).Message);
        Assert.Equal(["cifar10", "cifar10-jpeg", "cifar10-16x16", "made-shapes", "mnist", "fashion-mnist"], LabelledSets.Names);
    }

    [Fact]
    public void Labels_are_passed_over_where_images_alone_are_read_and_looked_for_elsewhere_where_they_are_needed()
    {
        var (train, test, trainLabels, testLabels) = (Idx.Images(3), Idx.Images(2), Labels(1, 2, 3), Labels(4, 5));
        var set = IdxSet.Of(
            "tiny", "A few images.", Idx.Sha256(train), Idx.Sha256(test), 3, 2,
            IdxSet.Labels(Idx.Sha256(trainLabels), Idx.Sha256(testLabels), 3, 2));
        _folder.Write(train, "variable", "tiny", IdxSet.TrainFile);
        _folder.Write(test, "variable", "tiny", IdxSet.TestFile);

        Assert.Equal(3, set.Load(Folders).TrainCount);
        Assert.Equal(
            $"Data set 'tiny' was not found; looked in {_folder["variable", "tiny"]} ($DGRAD_DATA), {_folder["cache", "dgrad", "tiny"]} "
            + "(the cache). Put train-images-idx3-ubyte.gz, t10k-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and "
            + "t10k-labels-idx1-ubyte.gz into DIR/tiny and give --data DIR, or use --dataset made-shapes, which is drawn by code.",
            Assert.Throws<OptionException>(() => LabelledSets.WithLabels(set).Load(Folders)).Message);

        foreach (var (name, bytes) in ((string, byte[])[])
            [(IdxSet.TrainFile, train), (IdxSet.TestFile, test), ("train-labels.idx1-ubyte", trainLabels)])
            _folder.Write(bytes, "cache", "dgrad", "tiny", name);
        var path = _folder.Write(Idx.Gzip(testLabels), "cache", "dgrad", "tiny", "t10k-labels-idx1-ubyte.gz");
        var labelled = LabelledSets.WithLabels(set).Load(Folders);

        Assert.Equal((1, 28, "tiny"), (labelled.Channels, labelled.Side, labelled.Name));
        Assert.Equal([1, 2, 3], labelled.Train.Labels);
        Assert.Equal([4, 5], labelled.Test.Labels);
        Assert.Equal(train[16..], labelled.Train.Pixels);

        foreach (var (bytes, sentence) in ((byte[], string)[])
        [
            (test, $"'{path}' is not an IDX label file: it begins with 0x00000803, expected 0x00000801."),
            (testLabels[..^1], $"'{path}' is cut off: 2 labels need 10 bytes; 9 are there."),
            ([.. testLabels, 1], $"'{path}' goes on: 2 labels need 10 bytes; more are there."),
            (Labels(4, 6), $"'{path}' is not the file of 'tiny': the sha256 of its uncompressed bytes must be {Idx.Sha256(testLabels)}; "
                + $"got {Idx.Sha256(Labels(4, 6))}."),
        ])
        {
            File.WriteAllBytes(path, bytes);
            Assert.Equal(sentence, Assert.Throws<OptionException>(() => LabelledSets.WithLabels(set).Load(Folders)).Message);
            Assert.StartsWith(
                $"'{path}' is not the file of 'tiny': ",
                Assert.Throws<OptionException>(() => set.Check(_folder["cache", "dgrad", "tiny"])).Message,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Made_shapes_are_drawn_in_colour_ten_of_each()
    {
        var images = LabelledSets.Load("made-shapes", null);

        Assert.Equal((3, 16, 10_000, 2_000), (images.Channels, images.Side, images.Train.Count, images.Test.Count));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0], images.Train.Labels[..11].Select(label => (int)label));
        Assert.Equal(10, images.Classes.Count);
        Assert.NotEqual(images.Train.Pixels[..768], images.Test.Pixels[..768]);
        var means = Enumerable.Range(0, 3).Select(channel => Enumerable.Range(0, 10_000)
            .Average(i => images.Train.Pixels.AsSpan((i * 768) + (channel * 256), 256).ToArray().Average(value => value / 255.0)));
        Assert.Equal(means, images.Statistics.Select(s => s.Mean), (x, y) => Math.Abs(x - y) < 1e-9);
        Assert.All(images.Statistics, s => Assert.InRange(s.Deviation, 0.1, 0.5));
    }

    [Fact]
    public void Deviations_are_those_of_the_values()
    {
        var images = new LabelledImages("two", 2, 1, ["a"], new LabelledPart([0, 51, 255, 51], [0, 0]), new LabelledPart([], []));

        Assert.Equal([(0.5, 0.5), (0.2, 0.0)], images.Statistics.Select(s => (Math.Round(s.Mean, 12), Math.Round(s.Deviation, 12))));
    }

    [Theory]
    [InlineData("cifar10", 50_000, 10_000, .4914, .4822, .4465)]
    [InlineData("cifar10-16x16", 20_000, 5_000, .4931, .4833, .4476)]
    [InlineData("fashion-mnist", 60_000, 10_000, .2860)]
    [InlineData("mnist", 60_000, 10_000, .1307)]
    public void The_published_sets_are_what_they_should_be(string name, int train, int test, params double[] means)
    {
        var images = Load(name);

        Assert.Equal((train, test), (images.Train.Count, images.Test.Count));
        Assert.Equal(means.Length, images.Channels);
        Assert.Equal(means, images.Statistics.Select(s => Math.Round(s.Mean, 4)));
        if (name != "mnist")
            Assert.All(Enumerable.Range(0, 10), label => Assert.Equal(test / 10, images.Test.Labels.Count(l => l == label)));
    }

    /// <summary>The small images were made of the large ones with another decoder: the means of 2x2 pixels, rounded.</summary>
    [Fact]
    public void Jpeg_images_are_decoded_to_the_pixels_of_another_decoder()
    {
        var (large, small) = (Load("cifar10-jpeg"), Load("cifar10-16x16"));

        Assert.Equal((50_000, 10_000), (large.Train.Count, large.Test.Count));
        Assert.Equal([.4913, .4821, .4465], large.Statistics.Select(s => Math.Round(s.Mean, 4)));
        Assert.All(Enumerable.Range(0, 10), label => Assert.Equal(1000, large.Test.Labels.Count(l => l == label)));
        foreach (var (from, to) in ((LabelledPart, LabelledPart)[])[(large.Train, small.Train), (large.Test, small.Test)])
        {
            Assert.Equal(from.Labels[..to.Count], to.Labels);
            var halved = new byte[to.Pixels.Length];
            for (var i = 0; i < halved.Length; i++)
            {
                var (plane, row, column) = (i / 256, i / 16 % 16, i % 16);
                var at = (plane * 1024) + (row * 64) + (column * 2);
                halved[i] = (byte)((from.Pixels[at] + from.Pixels[at + 1] + from.Pixels[at + 32] + from.Pixels[at + 33] + 2) / 4);
            }

            Assert.True(halved.AsSpan().SequenceEqual(to.Pixels));
        }
    }

    [Fact]
    public void A_damaged_pack_of_jpeg_images_is_one_sentence()
    {
        byte[] Pack(params byte[][] images) => [.. images.SelectMany((image, i) =>
        {
            var length = new byte[2];
            BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)image.Length);
            return (byte[])[(byte)i, .. length, .. image];
        })];
        var whole = Pack([1, 2, 3], [4, 5]);
        LabelledPart Read(byte[] bytes) => JpegPack.Read(
            new FoundFile(new DataFile("a.pack", whole.Length, Idx.Sha256(whole)), _folder.Write(bytes, "a.pack"), "pack"), [0xff], 2, 32);

        foreach (var (bytes, sentence) in ((byte[], string)[])
        [
            (whole[..4], "is cut off: 2 images must be there; it ends inside image 0."),
            (whole[..2], "is cut off: 2 images must be there; it ends inside image 0."),
            ([10, .. whole[1..]], "is damaged: image 0 has the label 10; expected 0 to 9."),
        ])
            Assert.Equal($"'{_folder["a.pack"]}' {sentence}", Assert.Throws<OptionException>(() => Read(bytes)).Message);
        Assert.Equal(
            $"Image 0 of '{_folder["a.pack"]}' is no whole JPEG image of 32x32 pixels; the file is damaged.",
            Assert.Throws<OptionException>(() => Read(whole)).Message);
    }

    private static LabelledImages Load(string name)
    {
        try
        {
            return LabelledSets.Load(name, null);
        }
        catch (OptionException absent) when (absent.Message.Contains("was not found", StringComparison.Ordinal))
        {
            Assert.Skip(absent.Message);
            throw;
        }
    }

    private void Says(string sentence) =>
        Assert.Equal(sentence, Assert.Throws<OptionException>(() => Cifar().Load(Folders)).Message);

    /// <summary>The declared set with batches of two images.</summary>
    private static DataSet<LabelledImages> Cifar() => LabelledSets.Cifar10 with
    {
        Files =
        [
            .. LabelledSets.Cifar10.Files.Select((file, i) => file with { Bytes = 2 * Record, Sha256 = Idx.Sha256(Batch(i)) }),
        ],
    };

    /// <summary>Two images with the labels i and, but for the test batch, i + 1.</summary>
    private static byte[] Batch(int i)
    {
        var bytes = new byte[2 * Record];
        for (var at = 0; at < bytes.Length; at++)
            bytes[at] = (byte)((uint)(at + (i * bytes.Length)) * 2654435761u >> 13);
        (bytes[0], bytes[Record]) = ((byte)i, (byte)(i + 1));
        return bytes;
    }

    private void WriteBatches(params string[] folder)
    {
        foreach (var (i, file) in LabelledSets.Cifar10.Files.Index())
            _folder.Write(Batch(i), [.. folder, file.Name]);
    }

    private static byte[] Archive(string? without = null)
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            writer.WriteEntry(new UstarTarEntry(TarEntryType.Directory, "cifar-10-batches-bin/"));
            foreach (var (i, file) in LabelledSets.Cifar10.Files.Index().Where(file => file.Item.Name != without))
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"cifar-10-batches-bin/{file.Name}")
                {
                    DataStream = new MemoryStream(Batch(i)),
                });
            }
        }

        return Idx.Gzip(tar.ToArray());
    }

    private static byte[] Labels(params byte[] labels)
    {
        var bytes = new byte[8 + labels.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, 0x801);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), (uint)labels.Length);
        labels.CopyTo(bytes, 8);
        return bytes;
    }
}
