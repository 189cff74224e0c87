namespace DiscreteGradients.Experiments;

/// <summary>The first test images, each above the decoder's mean picture at its most probable latents.</summary>
internal static class ReconstructionGrid
{
    private const int Columns = 8;
    private const int Pairs = 4;
    private const int Zoom = 2;
    private const int Gap = 2;
    private const byte Frame = 96;

    internal static Picture Draw(VaeModel model, Tensor test)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var bytes = test.narrow(0, 0, Math.Min(Columns * Pairs, test.shape[0]));
        var logits = model.Encode(VaeTraining.Grey(bytes));
        var z = OneHot.FromIndex(logits.argmax(-1), logits.shape[^1]);
        var means = model.Decode(z).sigmoid().mul_(255).round_().to_type(ScalarType.Byte);
        return Draw(bytes.data<byte>().ToArray(), means.data<byte>().ToArray());
    }

    private static Picture Draw(byte[] originals, byte[] means)
    {
        const int cell = ImageData.Side * Zoom + Gap;
        var (width, height) = (Columns * cell + Gap, 2 * Pairs * cell + Gap);
        var pixels = new byte[width * height];
        Array.Fill(pixels, Frame);
        for (var i = 0; i < originals.Length / ImageData.Pixels; i++)
        {
            var (left, top) = (Gap + i % Columns * cell, Gap + i / Columns * 2 * cell);
            Paint(originals.AsSpan(i * ImageData.Pixels, ImageData.Pixels), left, top);
            Paint(means.AsSpan(i * ImageData.Pixels, ImageData.Pixels), left, top + cell);
        }

        return new Picture("reconstructions", width, height, pixels);

        void Paint(ReadOnlySpan<byte> image, int left, int top)
        {
            for (var y = 0; y < ImageData.Side * Zoom; y++)
            {
                for (var x = 0; x < ImageData.Side * Zoom; x++)
                    pixels[(top + y) * width + left + x] = image[y / Zoom * ImageData.Side + x / Zoom];
            }
        }
    }
}
