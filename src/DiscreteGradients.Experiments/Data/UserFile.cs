using System.Buffers.Binary;

namespace DiscreteGradients.Experiments;

/// <summary>A file of the user's own, of which no hash is known. Whatever goes wrong with it is one sentence that names it.</summary>
internal static class UserFile
{
    private const long LargestFile = 1L << 30;

    /// <summary>All bytes of a file, compressed with gzip or not.</summary>
    /// <param name="kind">What it is expected to be, for a sentence.</param>
    /// <exception cref="OptionException">It cannot be read.</exception>
    internal static ReadOnlySpan<byte> Read(string path, string kind)
    {
        if (Directory.Exists(path))
            throw new OptionException($"'{path}' is a folder; expected {kind}.");
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (file.Length > LargestFile)
                throw new OptionException($"'{path}' has {file.Length} bytes; at most {LargestFile} are read.");
            using var content = DataFile.Uncompressed(file);
            using var bytes = new MemoryStream();
            content.CopyTo(bytes);
            return content == file || bytes.Length == UncompressedLength(file)
                ? bytes.GetBuffer().AsSpan(0, (int)bytes.Length)
                : throw new InvalidDataException();
        }
        catch (InvalidDataException)
        {
            throw new OptionException($"'{path}' is damaged: its gzip stream cannot be decompressed.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new OptionException($"'{path}' cannot be read: {e.Message.TrimEnd('.')}.");
        }
    }

    /// <summary>What the end of a gzip file says; a stream that was cut off would only seem short.</summary>
    private static long UncompressedLength(FileStream file)
    {
        var length = new byte[sizeof(uint)];
        file.Position = Math.Max(0, file.Length - length.Length);
        file.ReadExactly(length);
        return BinaryPrimitives.ReadUInt32LittleEndian(length);
    }
}
