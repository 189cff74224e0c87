namespace DiscreteGradients.Experiments;

/// <summary>28x28 grey images, one byte a pixel, image by image, row by row: 0 background, 255 ink.</summary>
internal sealed record ImageData(string Name, byte[] Train, byte[] Test)
{
    internal const int Side = 28;
    internal const int Pixels = Side * Side;

    internal int TrainCount => Train.Length / Pixels;

    internal int TestCount => Test.Length / Pixels;
}
