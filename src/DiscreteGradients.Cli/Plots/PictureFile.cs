using System.Runtime.InteropServices;
using SkiaSharp;

namespace DiscreteGradients.Cli.Plots;

/// <summary>Grey pictures as PNG.</summary>
internal static class PictureFile
{
    internal static void Write(string path, Picture picture) => File.WriteAllBytes(path, Encode(picture));

    internal static byte[] Encode(Picture picture)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(picture.Width, picture.Height, SKColorType.Gray8, SKAlphaType.Opaque));
        for (var row = 0; row < picture.Height; row++)
            Marshal.Copy(picture.Pixels, row * picture.Width, bitmap.GetPixels() + (row * bitmap.RowBytes), picture.Width);
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }
}
