using System.Buffers.Binary;
using SkiaSharp;

namespace DiscreteGradients.Experiments;

/// <summary>
/// Small JPEG images in one file: for each its label, a 16-bit little-endian length, and that many bytes, which follow a header that all
/// images share and that lies in a file of its own.
/// </summary>
internal static class JpegPack
{
    /// <exception cref="OptionException">It is no whole file of such images, or not the published one.</exception>
    internal static LabelledPart Read(FoundFile pack, byte[] header, int count, int side) => pack.Read(
        "a file of labelled JPEG images", content => Read(content, pack.Path, header, count, side));

    /// <exception cref="OptionException">It is not the published one.</exception>
    internal static byte[] ReadHeader(FoundFile file) => file.Read("the header of JPEG images", content =>
    {
        var bytes = new byte[file.File.Bytes];
        return bytes[..FoundFile.Fill(bytes, content)];
    });

    private static LabelledPart Read(Stream content, string path, byte[] header, int count, int side)
    {
        var area = side * side;
        var (pixels, labels) = (new byte[count * 3 * area], new byte[count]);
        var jpeg = new byte[header.Length + ushort.MaxValue];
        header.CopyTo(jpeg, 0);
        using var bitmap = new SKBitmap(new SKImageInfo(side, side, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (var i = 0; i < count; i++)
        {
            var label = content.ReadByte();
            var length = new byte[sizeof(ushort)];
            var bytes = jpeg.AsSpan(header.Length, FoundFile.Fill(length, content) < length.Length
                ? 0
                : BinaryPrimitives.ReadUInt16LittleEndian(length));
            if (bytes.Length == 0 || content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
                throw new OptionException($"'{path}' is cut off: {Format.Count(count, "image")} must be there; it ends inside image {i}.");
            labels[i] = CifarFile.Label(label, i, path);
            Decode(jpeg.AsSpan(0, header.Length + bytes.Length), bitmap, $"Image {i} of '{path}'");
            Split(bitmap.GetPixelSpan(), pixels.AsSpan(i * 3 * area, 3 * area));
        }

        return content.ReadByte() < 0
            ? new LabelledPart(pixels, labels)
            : throw new OptionException($"'{path}' goes on after {Format.Count(count, "image")}.");
    }

    private static void Decode(ReadOnlySpan<byte> jpeg, SKBitmap bitmap, string place)
    {
        using var data = SKData.CreateCopy(jpeg);
        using var codec = SKCodec.Create(data);
        if (codec?.GetPixels(bitmap.Info, bitmap.GetPixels()) != SKCodecResult.Success)
            throw new OptionException($"{place} is no whole JPEG image of {bitmap.Width}x{bitmap.Height} pixels; the file is damaged.");
    }

    /// <summary>From a pixel after the other to a colour after the other.</summary>
    private static void Split(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var area = to.Length / 3;
        for (var pixel = 0; pixel < area; pixel++)
        {
            for (var channel = 0; channel < 3; channel++)
                to[(channel * area) + pixel] = from[(4 * pixel) + channel];
        }
    }
}
