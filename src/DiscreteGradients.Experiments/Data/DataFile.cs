using System.IO.Compression;
using System.Security.Cryptography;

namespace DiscreteGradients.Experiments;

/// <summary>A file of a data set, as it is or compressed with gzip.</summary>
/// <param name="Name">Its name without <c>.gz</c>.</param>
/// <param name="Bytes">Its size, uncompressed.</param>
/// <param name="Sha256">Of the uncompressed bytes, because copies are compressed differently.</param>
internal sealed record DataFile(string Name, long Bytes, string Sha256)
{
    /// <summary>Its path in a folder, or null if it is not there. Some archives have folders of its name: a file goes before.</summary>
    internal string? Find(string folder)
    {
        var paths = new[] { Name, Name.Replace("-idx", ".idx", StringComparison.Ordinal) }.Distinct()
            .SelectMany(name => new[] { Path.Combine(folder, $"{name}.gz"), Path.Combine(folder, name) }).ToList();
        return paths.Find(File.Exists) ?? paths.Find(Directory.Exists);
    }

    /// <summary>Refuses a file that is whole but another one.</summary>
    /// <exception cref="OptionException">Not the published bytes.</exception>
    internal void Check(string path, string set, string sha256)
    {
        if (sha256 != Sha256)
        {
            throw new OptionException(
                $"'{path}' is not the file of '{set}': the sha256 of its uncompressed bytes must be {Sha256}; got {sha256}.");
        }
    }

    /// <summary>What is wrong with the bytes at <paramref name="path"/>, or null if they are this file's.</summary>
    internal string? Flaw(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            using var content = Uncompressed(file);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[1 << 16];
            var size = 0L;
            for (int got; size <= Bytes && (got = content.Read(buffer)) > 0; size += got)
                hash.AppendData(buffer, 0, got);
            if (size != Bytes)
                return $"it must be {Bytes} bytes uncompressed, {(size < Bytes ? $"but ends after {size}" : "but goes on")}";
            var sha256 = Convert.ToHexStringLower(hash.GetHashAndReset());
            return sha256 == Sha256 ? null : $"the sha256 of its uncompressed bytes must be {Sha256}, but is {sha256}";
        }
        catch (InvalidDataException)
        {
            return "its gzip stream cannot be decompressed";
        }
    }

    /// <summary>Opens a file, compressed or not, and turns whatever goes wrong into one sentence that names it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it is expected to be.</param>
    /// <param name="read">Reads the uncompressed bytes.</param>
    /// <exception cref="OptionException">The file cannot be read.</exception>
    internal static T Read<T>(string path, string kind, Func<Stream, T> read)
    {
        if (Directory.Exists(path))
            throw new OptionException($"'{path}' is a folder; expected {kind}.");
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (file.Length == 0)
                throw new OptionException($"'{path}' is empty; expected {kind}.");
            using var content = Uncompressed(file);
            return read(content);
        }
        catch (InvalidDataException)
        {
            throw new OptionException($"'{path}' is damaged: its gzip stream cannot be decompressed.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new OptionException($"'{path}' cannot be read: {e.Message.TrimEnd('.')}.");
        }
    }

    private static Stream Uncompressed(FileStream file)
    {
        var isGzip = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
        file.Position = 0;
        return isGzip ? new GZipStream(file, CompressionMode.Decompress) : file;
    }
}
