using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace DiscreteGradients.Testing;

/// <summary>Makes IDX files for tests.</summary>
internal static class Idx
{
    public static byte[] Bytes(uint count, int bytes, uint magic = 0x803, uint rows = 28, uint columns = 28)
    {
        var file = new byte[16 + bytes];
        BinaryPrimitives.WriteUInt32BigEndian(file, magic);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(4), count);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(8), rows);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(12), columns);
        for (var i = 0; i < bytes; i++)
            file[16 + i] = (byte)((uint)i * 2654435761u >> 13);
        return file;
    }

    public static byte[] Images(uint count) => Bytes(count, (int)count * 784);

    public static byte[] Gzip(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return compressed.ToArray();
    }

    public static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
