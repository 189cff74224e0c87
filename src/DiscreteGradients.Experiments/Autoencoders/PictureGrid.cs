namespace DiscreteGradients.Experiments;

/// <summary>What the model makes of images, and what it makes up: 64 small pictures in a grid.</summary>
internal static class PictureGrid
{
    private const int Side = 8;
    private const int Zoom = 2;
    private const int Gap = 2;
    private const byte Frame = 96;

    /// <summary>The first test images, each above the decoder's mean picture at its most probable latents.</summary>
    /// <param name="encode">Images [B, 784] → logits of the latents [B, L, K].</param>
    /// <param name="decode">Latents [B, L, K] → logits of the pixels [B, 784].</param>
    internal static Picture Reconstructions(GreyImages test, Device device, Func<Tensor, Tensor> encode, Func<Tensor, Tensor> decode)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var count = Math.Min(Side * Side / 2, test.Count);
        var logits = encode(test.Take(0, count).to(device));
        var means = Means(decode, OneHot.FromIndex(logits.argmax(-1), logits.shape[^1]));
        return Draw(
            "reconstructions",
            test.Bytes(0, count).ToArray().Chunk(Row).Zip(means.Chunk(Row), (image, mean) => (byte[])[.. image, .. mean])
            .SelectMany(rows => rows));
    }

    /// <summary>The decoder's mean pictures for latents from the prior's logits [L, K]; every epoch has the same random numbers.</summary>
    internal static Picture Samples(Func<Tensor> prior, Device device, Func<Tensor, Tensor> decode)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var generator = new Generator(0, device);
        return Draw("samples", Means(decode, OneHot.Sample(prior().to(device).expand(Side * Side, -1, -1), generator: generator)));
    }

    private const int Row = Side * ImageData.Pixels;

    private static byte[] Means(Func<Tensor, Tensor> decode, Tensor z) =>
        decode(z).sigmoid().mul_(255).round_().to_type(ScalarType.Byte).cpu().data<byte>().ToArray();

    private static Picture Draw(string name, IEnumerable<byte> images)
    {
        const int cell = ImageData.Side * Zoom + Gap;
        const int width = Side * cell + Gap;
        var pixels = new byte[width * width];
        Array.Fill(pixels, Frame);
        foreach (var (i, image) in images.Chunk(ImageData.Pixels).Index())
            Paint(image, Gap + i % Side * cell, Gap + i / Side * cell);
        return new Picture(name, width, width, pixels);

        void Paint(byte[] image, int left, int top)
        {
            for (var y = 0; y < ImageData.Side * Zoom; y++)
            {
                for (var x = 0; x < ImageData.Side * Zoom; x++)
                    pixels[(top + y) * width + left + x] = image[y / Zoom * ImageData.Side + x / Zoom];
            }
        }
    }
}
