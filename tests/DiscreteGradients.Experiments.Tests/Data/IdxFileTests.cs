using System.IO.Compression;

using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Data;

public sealed class IdxFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Reads_pixels_and_checks_the_uncompressed_bytes(bool gzip)
    {
        var file = Idx.Images(3);

        Assert.Equal(file[16..], Read(_folder.Write(gzip ? Idx.Gzip(file) : file, "images"), Idx.Sha256(file)));
    }

    [Fact]
    public void Reads_files_of_several_megabytes()
    {
        var file = Idx.Images(4000);

        Assert.Equal(file[16..], Read(_folder.Write(Idx.Gzip(file), "images"), Idx.Sha256(file)));
    }

    [Fact]
    public void An_empty_file_is_named() => Says([], "'{0}' is empty; expected an IDX image file.");

    [Fact]
    public void A_label_file_is_named() =>
        Says(Idx.Bytes(3, 3, magic: 0x801), "'{0}' is not an IDX image file: it begins with 0x00000801, expected 0x00000803.");

    [Fact]
    public void A_file_that_ends_inside_the_header_is_named() =>
        Says(Idx.Images(1)[..7], "'{0}' ends inside its header: 7 of 16 bytes are there.");

    [Fact]
    public void Images_of_another_size_are_named() =>
        Says(Idx.Bytes(2, 2 * 32 * 28, rows: 32), "'{0}' holds images of 32x28 pixels; expected 28x28.");

    [Fact]
    public void A_file_without_images_is_named() => Says(Idx.Bytes(0, 0), "'{0}' holds no images.");

    [Fact]
    public void Too_few_bytes_are_named() =>
        Says(Idx.Bytes(3, 2000), "'{0}' is cut off: its 3 images need 2352 bytes after the header; 2000 are there.");

    [Fact]
    public void Too_many_bytes_are_named() =>
        Says(Idx.Bytes(3, 2353), "'{0}' goes on after the 3 images that its header claims.");

    [Fact]
    public void A_hostile_count_is_named() =>
        Says(
            Idx.Bytes(uint.MaxValue, 784),
            "'{0}' claims 4294967295 images; expected 60000.");

    [Fact]
    public void More_images_than_the_set_has_are_refused_before_they_are_unpacked()
    {
        var path = _folder.Write(Idx.Gzip(Idx.Bytes(1_300_000, 1 << 20)), "images");
        var before = GC.GetAllocatedBytesForCurrentThread();

        var error = Assert.Throws<OptionException>(() => Read(path));

        Assert.Equal($"'{path}' claims 1300000 images; expected 60000.", error.Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void A_truncated_gzip_file_is_named()
    {
        var gzip = Idx.Gzip(Idx.Images(100));
        var half = gzip[..(gzip.Length / 2)];
        using var left = new MemoryStream();
        using (var content = new GZipStream(new MemoryStream(half), CompressionMode.Decompress))
            content.CopyTo(left);

        Says(half, $"'{{0}}' is cut off: its 100 images need 78400 bytes after the header; {left.Length - 16} are there.");
    }

    [Fact]
    public void A_gzip_file_with_a_changed_byte_is_named()
    {
        var gzip = Idx.Gzip(Idx.Images(100));
        gzip[^6] ^= 1;  // its checksum

        Says(gzip, "'{0}' is damaged: its gzip stream cannot be decompressed.");
    }

    [Fact]
    public void A_gzip_header_with_nothing_behind_it_is_named() =>
        Says([0x1f, 0x8b], "'{0}' ends inside its header: 0 of 16 bytes are there.");

    [Fact]
    public void A_folder_is_named()
    {
        var path = _folder["."];

        Assert.Equal($"'{path}' is a folder; expected an IDX image file.", Message(path));
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var path = _folder["nowhere"];

        Assert.Equal($"'{path}' cannot be read: Could not find file '{path}'.", Message(path));
    }

    [Fact]
    public void An_unreadable_file_is_named()
    {
        var path = _folder.Write(Idx.Images(1), "images");
        using var locked = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);

        Assert.Equal(
            $"'{path}' cannot be read: The process cannot access the file '{path}' because it is being used by another process.",
            Message(path));
    }

    private void Says(byte[] file, string message)
    {
        var path = _folder.Write(file, "images");

        Assert.Equal(string.Format(null, message, path), Message(path));
    }

    private static string Message(string path) => Assert.Throws<OptionException>(() => Read(path)).Message;

    private static byte[] Read(string path, string sha256 = "") =>
        IdxFile.ReadImages(new FoundFile(IdxFile.Of("images", 60_000, sha256), path, "tiny"));
}
