namespace DiscreteGradients.Experiments.Bench;

/// <summary>Logits [rows, categories].</summary>
public readonly record struct BenchShape(int Rows, int Categories)
{
    /// <summary>Elements of the largest.</summary>
    internal const int Most = 1 << 28;

    /// <summary>Sizes of latent layers in use, from a batch of small variational autoencoders to a vocabulary.</summary>
    public static IReadOnlyList<BenchShape> Defaults { get; } =
        [new(400, 8), new(3000, 10), new(12800, 32), new(4096, 1024), new(64, 32768), new(16, 99), new(8192, 2), new(8, 151936)];

    /// <summary>Categories of a curve, dense where a vector or a block of rows may be left half empty.</summary>
    private static readonly int[] CurveCategories =
        [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1024, 2048, 4096, 16384, 65536, 151936];

    /// <summary>Elements.</summary>
    public long Count => (long)Rows * Categories;

    /// <summary>Shapes of about as many elements, from 2 categories to a vocabulary.</summary>
    public static IReadOnlyList<BenchShape> Curve(int elements) =>
        [.. CurveCategories.Where(k => k <= elements).Select(k => new BenchShape((int)Math.Round((double)elements / k), k))];

    /// <summary>Shapes written as 400x8,3000x10.</summary>
    /// <exception cref="OptionException">They are not, or are too large.</exception>
    public static IReadOnlyList<BenchShape> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. text.Split(',', StringSplitOptions.TrimEntries).Select(One)];
    }

    public override string ToString() => $"{Rows}x{Categories}";

    private static BenchShape One(string text)
    {
        if (text.Split('x') is not [var left, var right]
            || !int.TryParse(left, NumberStyles.None, CultureInfo.InvariantCulture, out var rows)
            || !int.TryParse(right, NumberStyles.None, CultureInfo.InvariantCulture, out var categories)
            || rows < 1 || categories < 1)
            throw new OptionException($"--shapes must be ROWSxCATEGORIES, separated by commas, such as 400x8,3000x10; got '{text}'.");
        var shape = new BenchShape(rows, categories);
        return shape.Count <= Most
            ? shape
            : throw new OptionException($"--shapes must have at most 2^28 elements each; {text} has {shape.Count}.");
    }
}

/// <summary>What is timed.</summary>
public enum BenchPass
{
    /// <summary>The sample, with the gradient recorded as in training.</summary>
    Forward,

    /// <summary>The sample and the gradient of the logits for a given upstream gradient.</summary>
    ForwardBackward,
}
