namespace DiscreteGradients.Experiments.Bench;

/// <summary>Logits [rows, categories].</summary>
public readonly record struct BenchShape(int Rows, int Categories)
{
    /// <summary>Sizes of latent layers in use, from a batch of small variational autoencoders to a vocabulary.</summary>
    public static IReadOnlyList<BenchShape> Defaults { get; } =
        [new(400, 8), new(3000, 10), new(12800, 32), new(4096, 1024), new(64, 32768), new(16, 99), new(8192, 2), new(8, 151936)];

    /// <summary>Elements.</summary>
    public long Count => (long)Rows * Categories;

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
        return shape.Count <= 1 << 28
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
