namespace DiscreteGradients.Experiments;

/// <summary>28x28 grey images, one byte a pixel, image by image, row by row: 0 background, 255 ink.</summary>
internal sealed record ImageData(string Name, byte[] Train, byte[] Test)
{
    internal const int Side = 28;
    internal const int Pixels = Side * Side;

    internal int TrainCount => Train.Length / Pixels;

    internal int TestCount => Test.Length / Pixels;

    /// <summary>What a set of such images declares.</summary>
    internal static DataPart[] Parts(int train, int test) => [new("train", train, "training"), new("test", test, "test images")];

    /// <summary>Without the training images that papers with a validation set leave out.</summary>
    internal ImageData WithoutValidation() => this with { Train = Train[..(WithoutValidation(Name, TrainCount) * Pixels)] };

    /// <summary>With at most so many training images, the first ones; null: all.</summary>
    internal ImageData AtMost(int? images) =>
        images < TrainCount ? this with { Train = Train[..(images.Value * Pixels)] } : this;

    /// <summary>The training images left without those for validation: the last 10,000, of Omniglot 1,345, of others a sixth.</summary>
    internal static int WithoutValidation(string name, int train) =>
        train - (name switch { "mnist" or "fashion-mnist" => 10_000, "omniglot" => 1_345, _ => train / 6 });
}
