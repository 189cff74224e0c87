using System.Runtime.InteropServices;
using SkiaSharp;

namespace DiscreteGradients.Cli.Plots;

/// <summary>Pictures as PNG.</summary>
internal static class PictureFile
{
    /// <summary>Skia's own choice tries five filters for each line, takes three times as long, and makes drawings no smaller.</summary>
    private static readonly SKPngEncoderOptions Options = new(SKPngEncoderFilterFlags.Up, 6);

    internal static byte[] Encode(Picture picture)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(picture.Width, picture.Height, SKColorType.Gray8, SKAlphaType.Opaque));
        for (var row = 0; row < picture.Height; row++)
            Marshal.Copy(picture.Pixels, row * picture.Width, bitmap.GetPixels() + (row * bitmap.RowBytes), picture.Width);
        return Encode(bitmap);
    }

    internal static byte[] Encode(SKBitmap bitmap)
    {
        using var pixels = bitmap.PeekPixels();
        using var data = pixels.Encode(Options) ?? throw new OutOfMemoryException();  // there is no other reason
        return data.ToArray();
    }
}
