namespace DiscreteGradients.Experiments;

/// <summary>28x28 grey images, one byte a pixel, image by image, row by row: 0 background, 255 ink.</summary>
internal sealed record ImageData(string Name, byte[] Train, byte[] Test)
{
    internal const int Side = 28;
    internal const int Pixels = Side * Side;

    internal int TrainCount => Train.Length / Pixels;

    internal int TestCount => Test.Length / Pixels;

    /// <summary>The same, if it fills one batch.</summary>
    /// <exception cref="OptionException">There are fewer training images.</exception>
    internal ImageData InBatchesOf(int batch) => batch <= TrainCount
        ? this
        : throw new OptionException($"--batch must be at most the {TrainCount} training images of '{Name}'; got {batch}.");

    /// <summary>Without the training images that papers with a validation set leave out: the last 10,000, of Omniglot 1,345, of others a sixth.</summary>
    internal ImageData WithoutValidation()
    {
        var left = TrainCount - (Name switch { "mnist" or "fashion-mnist" => 10_000, "omniglot" => 1_345, _ => TrainCount / 6 });
        return this with { Train = Train[..(left * Pixels)] };
    }
}
