namespace DiscreteGradients.Experiments;

/// <summary>Numbers of examples, batch by batch.</summary>
internal static class Minibatches
{
    private const int TestBatch = 500;

    /// <summary>All examples in a random order; the last batch may be smaller.</summary>
    internal static IReadOnlyList<long[]> Shuffled(int count, int batch, Generator generator)
    {
        using var shuffled = randperm(count, ScalarType.Int64, generator: generator);
        return [.. shuffled.data<long>().ToArray().Chunk(batch)];
    }

    /// <summary>All examples as they come, for tests.</summary>
    internal static IEnumerable<long[]> InOrder(int count) => Enumerable.Range(0, count).Select(number => (long)number).Chunk(TestBatch);
}
