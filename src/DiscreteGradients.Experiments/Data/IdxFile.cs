using System.Buffers.Binary;

namespace DiscreteGradients.Experiments;

/// <summary>
/// Files in MNIST's IDX format, as they are or compressed with gzip. Images: 0x00000803, count, rows, columns as big-endian 32-bit
/// numbers, then one byte a pixel, image by image, row by row. Labels: 0x00000801, count, then one byte a label.
/// </summary>
/// <remarks>Whatever is wrong with a file is one sentence that names it; nothing is loaded in part.</remarks>
internal static class IdxFile
{
    private const int HeaderBytes = 16;
    private const uint ImageMagic = 0x00000803;
    private const int LabelHeaderBytes = 8;
    private const uint LabelMagic = 0x00000801;

    /// <summary>A file of so many images; some archives have a dot in its name where others have a dash.</summary>
    internal static DataFile Of(string name, int count, string sha256) =>
        new(name, HeaderBytes + (long)count * ImageData.Pixels, sha256) { Alias = name.Replace("-idx", ".idx", StringComparison.Ordinal) };

    /// <summary>A file of so many labels.</summary>
    internal static DataFile OfLabels(string name, int count, string sha256) =>
        new(name, LabelHeaderBytes + count, sha256) { Alias = name.Replace("-idx", ".idx", StringComparison.Ordinal) };

    /// <summary>The labels.</summary>
    /// <exception cref="OptionException">The file is no whole IDX file of so many labels, or not the published one.</exception>
    internal static byte[] ReadLabels(FoundFile file) => file.Read("an IDX label file", content =>
    {
        var count = (int)file.File.Bytes - LabelHeaderBytes;
        var bytes = new byte[file.File.Bytes + 1];
        var got = FoundFile.Fill(bytes, content);
        var magic = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        if (got >= 4 && magic != LabelMagic)
        {
            throw new OptionException(
                $"'{file.Path}' is not an IDX label file: it begins with 0x{magic:x8}, expected 0x{LabelMagic:x8}.");
        }

        return got == file.File.Bytes ? bytes[LabelHeaderBytes..^1] : throw new OptionException(
            $"'{file.Path}' {(got < bytes.Length ? "is cut off" : "goes on")}: {Format.Count(count, "label")} need "
            + $"{file.File.Bytes} bytes; "
            + $"{(got < bytes.Length ? $"{got}" : "more")} are there.");
    });

    /// <summary>The pixels. More images than the file should have are refused before they are read.</summary>
    /// <exception cref="OptionException">The file is no whole IDX file of such images, or not the published one.</exception>
    internal static byte[] ReadImages(FoundFile file) => file.Read(
        "an IDX image file", content => Read(content, file.Path, (file.File.Bytes - HeaderBytes) / ImageData.Pixels));

    private static byte[] Read(Stream content, string path, long most)
    {
        var header = new byte[HeaderBytes];
        var got = content.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false);
        var magic = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (got >= 4 && magic != ImageMagic)
            throw new OptionException($"'{path}' is not an IDX image file: it begins with 0x{magic:x8}, expected 0x{ImageMagic:x8}.");
        if (got < HeaderBytes)
            throw new OptionException($"'{path}' ends inside its header: {got} of {HeaderBytes} bytes are there.");

        var count = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4));
        var rows = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8));
        var columns = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(12));
        if (rows != ImageData.Side || columns != ImageData.Side)
            throw new OptionException($"'{path}' holds images of {rows}x{columns} pixels; expected {ImageData.Side}x{ImageData.Side}.");
        if (count == 0)
            throw new OptionException($"'{path}' holds no images.");
        if (count > most)
            throw new OptionException($"'{path}' claims {count} images; expected {most}.");

        var pixels = new byte[count * ImageData.Pixels];
        got = FoundFile.Fill(pixels, content);
        if (got < pixels.Length)
        {
            throw new OptionException(
                $"'{path}' is cut off: its {count} images need {pixels.Length} bytes after the header; {got} are there.");
        }

        return content.ReadByte() < 0
            ? pixels
            : throw new OptionException($"'{path}' goes on after the {count} images that its header claims.");
    }
}
