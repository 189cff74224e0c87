using SkiaSharp;

namespace DiscreteGradients.Cli.Plots;

/// <summary>Drawings of cells, lines and words as PNG and SVG.</summary>
internal static class SketchFile
{
    private static readonly SKColor Strong = SKColor.Parse("#0072B2");
    private static readonly SKColor Pale = SKColor.Parse("#909090");

    internal static byte[] Png(Sketch sketch)
    {
        using var bitmap = new SKBitmap(sketch.Width, sketch.Height);
        using (var canvas = new SKCanvas(bitmap))
            Draw(canvas, sketch);
        using var pixels = bitmap.PeekPixels();
        return PictureFile.Encode(pixels);
    }

    internal static byte[] Svg(Sketch sketch)
    {
        using var stream = new MemoryStream();
        using (var canvas = SKSvgCanvas.Create(SKRect.Create(sketch.Width, sketch.Height), stream))
            Draw(canvas, sketch);
        return stream.ToArray();
    }

    private static void Draw(SKCanvas canvas, Sketch sketch)
    {
        canvas.Clear(SKColors.White);
        using var brush = new SKPaint { IsAntialias = false };
        foreach (var cell in sketch.Cells)
        {
            brush.Color = Strong.WithAlpha((byte)Math.Round(255 * cell.Shade));
            canvas.DrawRect((float)cell.X, (float)cell.Y, (float)cell.Width, (float)cell.Height, brush);
        }

        using var pen = new SKPaint { IsAntialias = true, Style = SKPaintStyle.Stroke };
        foreach (var line in sketch.Lines)
        {
            pen.Color = line.Color is { } color ? SKColor.Parse(color) : line.IsStrong ? Strong : Pale;
            pen.StrokeWidth = (float)line.Width;
            canvas.DrawLine((float)line.FromX, (float)line.FromY, (float)line.ToX, (float)line.ToY, pen);
        }

        using var ink = new SKPaint { IsAntialias = true, Color = SKColors.Black };
        using var font = new SKFont(PlotFont.Face, 15);
        foreach (var word in sketch.Words)
        {
            ink.Color = word.Color is { } color ? SKColor.Parse(color) : SKColors.Black;
            canvas.DrawText(word.Text, (float)word.X, (float)word.Y, word.IsCentred ? SKTextAlign.Center : SKTextAlign.Left, font, ink);
        }
    }
}
