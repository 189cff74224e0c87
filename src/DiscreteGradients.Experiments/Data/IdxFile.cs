using System.Buffers.Binary;
using System.Security.Cryptography;

namespace DiscreteGradients.Experiments;

/// <summary>The images of one IDX file, image by image, row by row, 0 to 255, and the hash of the file's uncompressed bytes.</summary>
internal sealed record IdxImages(int Count, byte[] Pixels, string Sha256);

/// <summary>
/// Reads image files in MNIST's IDX format, as they are or compressed with gzip: 0x00000803, count, rows, columns as big-endian 32-bit
/// numbers, then one byte a pixel.
/// </summary>
/// <remarks>
/// Whatever is wrong with a file is one sentence that names it; nothing is loaded in part. Memory grows with the bytes that are there,
/// not with the number that the header claims.
/// </remarks>
internal static class IdxFile
{
    private const int HeaderBytes = 16;
    private const uint ImageMagic = 0x00000803;
    private const int LargestFile = 1 << 30;

    /// <summary>Bytes of a file.</summary>
    internal static long Size(int count, int pixels) => HeaderBytes + (long)count * pixels;

    /// <summary>Images of a file of so many bytes.</summary>
    internal static long Count(long bytes, int pixels) => (bytes - HeaderBytes) / pixels;

    /// <exception cref="OptionException">The file cannot be read, or is not a whole IDX file of such images.</exception>
    /// <param name="path">The file.</param>
    /// <param name="rows">Of an image.</param>
    /// <param name="columns">Of an image.</param>
    /// <param name="most">More images are refused before they are read; null for those of the largest file.</param>
    internal static IdxImages ReadImages(string path, int rows, int columns, long? most = null) =>
        DataFile.Read(path, "an IDX image file", content => Read(content, path, rows, columns, most));

    private static IdxImages Read(Stream content, string path, int rows, int columns, long? most)
    {
        var header = new byte[HeaderBytes];
        var got = content.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false);
        var magic = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (got >= 4 && magic != ImageMagic)
            throw new OptionException($"'{path}' is not an IDX image file: it begins with 0x{magic:x8}, expected 0x{ImageMagic:x8}.");
        if (got < HeaderBytes)
            throw new OptionException($"'{path}' ends inside its header: {got} of {HeaderBytes} bytes are there.");

        var count = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4));
        var itsRows = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8));
        var itsColumns = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(12));
        if (itsRows != rows || itsColumns != columns)
            throw new OptionException($"'{path}' holds images of {itsRows}x{itsColumns} pixels; expected {rows}x{columns}.");
        if (count == 0)
            throw new OptionException($"'{path}' holds no images.");
        if (count > most)
            throw new OptionException($"'{path}' claims {count} images; expected {most}.");
        var expected = (long)count * rows * columns;
        if (expected > LargestFile)
        {
            throw new OptionException(
                $"'{path}' claims {count} images of {rows}x{columns} pixels, more than the {LargestFile} bytes that are read.");
        }

        var pixels = ReadAll(content, (int)expected);
        if (pixels.Length < expected)
        {
            throw new OptionException(
                $"'{path}' is cut off: its {count} images need {expected} bytes after the header; {pixels.Length} are there.");
        }

        if (content.ReadByte() >= 0)
            throw new OptionException($"'{path}' goes on after the {count} images that its header claims.");

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header);
        hash.AppendData(pixels);
        return new IdxImages((int)count, pixels, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>At most <paramref name="expected"/> bytes, in an array that doubles while there are more.</summary>
    private static byte[] ReadAll(Stream content, int expected)
    {
        var bytes = new byte[Math.Min(expected, 1 << 20)];
        var got = 0;
        while (true)
        {
            got += content.ReadAtLeast(bytes.AsSpan(got), bytes.Length - got, throwOnEndOfStream: false);
            var isWhole = got == expected || got < bytes.Length;
            Array.Resize(ref bytes, isWhole ? got : (int)Math.Min(expected, 2L * bytes.Length));
            if (isWhole)
                return bytes;
        }
    }
}
