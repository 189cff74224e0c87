using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace DiscreteGradients.Experiments;

/// <summary>A file of a data set, as it is or compressed with gzip.</summary>
/// <param name="Name">Its name without <c>.gz</c>.</param>
/// <param name="Bytes">Its size, uncompressed.</param>
/// <param name="Sha256">Of the uncompressed bytes, because copies are compressed differently.</param>
internal sealed record DataFile(string Name, long Bytes, string Sha256)
{
    /// <summary>False if its homes have it uncompressed.</summary>
    internal bool IsGzip { get; init; } = true;

    /// <summary>Another name under which it is also found, without <c>.gz</c>.</summary>
    internal string? Alias { get; init; }

    /// <summary>True of an archive, whose hash is of its bytes as they are.</summary>
    internal bool IsArchive { get; init; }

    /// <summary>Its name at its homes and in the cache.</summary>
    internal string Published => IsGzip ? $"{Name}.gz" : Name;

    /// <summary>Its path in a folder, or null if it is not there. Some archives have folders of its name: a file goes before.</summary>
    internal string? Find(string folder)
    {
        string[] names = [Published, Name, $"{Name}.gz", .. Alias is null ? [] : (string[])[$"{Alias}.gz", Alias]];
        var paths = names.Select(name => Path.Combine(folder, name)).ToList();
        return paths.Find(File.Exists) ?? paths.Find(Directory.Exists);
    }

    /// <summary>What is wrong with the bytes at <paramref name="path"/>, or null if they are this file's.</summary>
    internal string? Flaw(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            using var content = IsArchive ? file : Uncompressed(file);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[1 << 16];
            var size = 0L;
            for (int got; size <= Bytes && (got = content.Read(buffer)) > 0; size += got)
                hash.AppendData(buffer, 0, got);
            if (size != Bytes)
            {
                var ends = size < Bytes ? $"but ends after {size}" : "but goes on";
                return $"it must be {Bytes} bytes{(IsArchive ? "" : " uncompressed")}, {ends}";
            }

            var sha256 = Convert.ToHexStringLower(hash.GetHashAndReset());
            return sha256 == Sha256 ? null
                : $"the sha256 of its {(IsArchive ? "" : "uncompressed ")}bytes must be {Sha256}, but is {sha256}";
        }
        catch (InvalidDataException)
        {
            return "its gzip stream cannot be decompressed";
        }
    }

    internal static Stream Uncompressed(FileStream file)
    {
        var isGzip = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
        file.Position = 0;
        return isGzip ? new GZipStream(file, CompressionMode.Decompress) : file;
    }
}

/// <summary>A file of a set, found on this machine. Whatever goes wrong with it is one sentence that names it.</summary>
internal sealed record FoundFile(DataFile File, string Path, string Set)
{
    /// <summary>True if the path is that of an archive which holds the file.</summary>
    internal bool IsInArchive { get; init; }

    private const long LargestText = 1 << 24;

    /// <summary>Reads the uncompressed bytes, and checks that they are the published ones.</summary>
    /// <param name="kind">What the file is expected to be, for a sentence.</param>
    /// <param name="read">
    /// Reads them before their hash is known, so that it can say what is wrong with their form. It need not: whatever it throws, other
    /// bytes are refused in a sentence.
    /// </param>
    /// <exception cref="OptionException">The file cannot be read, or is another one.</exception>
    internal T Read<T>(string kind, Func<Stream, T> read)
    {
        if (Directory.Exists(Path))
            throw new OptionException($"'{Path}' is a folder; expected {kind}.");
        try
        {
            using var file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (file.Length == 0)
                throw new OptionException($"'{Path}' is empty; expected {kind}.");
            using var uncompressed = DataFile.Uncompressed(file);
            using var content = IsInArchive ? Member(uncompressed) : uncompressed;
            using var sha256 = SHA256.Create();
            using var hashed = new CryptoStream(content, sha256, CryptoStreamMode.Read);
            try
            {
                if (read(hashed) is var value && Sha256() == File.Sha256)
                    return value;
            }
            catch (Exception e) when (e is not (OptionException or InvalidDataException or IOException) && Sha256() != File.Sha256)
            {
                // It was given other bytes, which is said below.
            }

            throw new OptionException(
                $"'{Path}' is not the file of '{Set}': the sha256 of its uncompressed bytes must be {File.Sha256}; got {Sha256()}.");

            string Sha256()
            {
                hashed.CopyTo(Stream.Null);
                return Convert.ToHexStringLower(sha256.Hash!);
            }
        }
        catch (InvalidDataException)
        {
            throw new OptionException($"'{Path}' is damaged: its gzip stream cannot be decompressed.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new OptionException($"'{Path}' cannot be read: {e.Message.TrimEnd('.')}.");
        }
    }

    /// <summary>The file inside the archive that begins here.</summary>
    private Stream Member(Stream archive)
    {
        try
        {
            var entries = new TarReader(archive, leaveOpen: true);
            while (entries.GetNextEntry() is { } entry)
            {
                if (entry.DataStream is { } content && entry.Name.Split('/')[^1] == File.Name)
                    return content;
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new OptionException($"'{Path}' is damaged: it is no whole archive of '{Set}'.");
        }

        throw new OptionException($"'{Path}' holds no {File.Name}; expected the archive of '{Set}'.");
    }

    /// <summary>Reads until there is no more or no room, in pieces: a stream that hashes makes room for what it is asked for.</summary>
    internal static int Fill(byte[] bytes, Stream content)
    {
        var got = 0;
        for (int piece; (piece = content.Read(bytes, got, Math.Min(bytes.Length - got, 1 << 16))) > 0;)
            got += piece;
        return got;
    }

    /// <inheritdoc cref="Read"/>
    internal T ReadText<T>(string kind, Func<string, T> read) => Read(kind, content =>
    {
        var most = Math.Max(File.Bytes, LargestText);
        var bytes = new byte[most + 1];
        var count = Fill(bytes, content);
        return count <= most
            ? read(Encoding.UTF8.GetString(bytes, 0, count))
            : throw new OptionException($"'{Path}' is larger than the {most} bytes that are read.");
    });
}
