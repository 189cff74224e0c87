namespace DiscreteGradients.Experiments;

/// <summary>Images, each with the number of what is on it.</summary>
/// <param name="Pixels">[N, C, H, W], one byte a value.</param>
/// <param name="Labels">[N].</param>
internal sealed record LabelledPart(byte[] Pixels, byte[] Labels)
{
    internal int Count => Labels.Length;
}

/// <summary>Images to be told apart: square ones, grey or of several colours.</summary>
/// <param name="Classes">What the labels mean.</param>
internal sealed record LabelledImages(
    string Name, int Channels, int Side, IReadOnlyList<string> Classes, LabelledPart Train, LabelledPart Test)
{
    private readonly Lazy<(double Mean, double Deviation)[]> _statistics = new(() => Measure(Train, Channels, Side * Side));

    /// <summary>Numbers of an image.</summary>
    internal int Size => Channels * Side * Side;

    /// <summary>Of each channel over the training images, for values from 0 to 1.</summary>
    internal IReadOnlyList<(double Mean, double Deviation)> Statistics => _statistics.Value;

    private static (double Mean, double Deviation)[] Measure(LabelledPart images, int channels, int area)
    {
        var counts = new long[channels, byte.MaxValue + 1];
        for (var plane = 0; plane < images.Count * channels; plane++)
        {
            foreach (var value in images.Pixels.AsSpan(plane * area, area))
                counts[plane % channels, value]++;
        }

        return [.. Enumerable.Range(0, channels).Select(Of)];

        (double Mean, double Deviation) Of(int channel)
        {
            var (sum, squares) = (0.0, 0.0);
            for (var value = 0; value <= byte.MaxValue; value++)
            {
                sum += (double)value * counts[channel, value];
                squares += (double)value * value * counts[channel, value];
            }

            var pixels = (double)images.Count * area;
            var mean = sum / pixels;
            return (mean / byte.MaxValue, Math.Sqrt((squares / pixels) - (mean * mean)) / byte.MaxValue);
        }
    }
}
