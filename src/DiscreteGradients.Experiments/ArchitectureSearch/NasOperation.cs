namespace DiscreteGradients.Experiments;

/// <summary>What an edge of a cell may do, in the order of the benchmark.</summary>
internal enum NasOperation
{
    None,
    Skip,
    Conv1x1,
    Conv3x3,
    Pool3x3,
}

/// <summary>The names of the operations in architecture strings.</summary>
internal static class NasOperations
{
    internal static IReadOnlyList<NasOperation> All { get; } = Enum.GetValues<NasOperation>();

    internal static IReadOnlyList<string> Names { get; } = [.. All.Select(Name)];

    /// <summary>Its name in an architecture string.</summary>
    internal static string Name(this NasOperation operation) => operation switch
    {
        NasOperation.None => "none",
        NasOperation.Skip => "skip_connect",
        NasOperation.Conv1x1 => "nor_conv_1x1",
        NasOperation.Conv3x3 => "nor_conv_3x3",
        NasOperation.Pool3x3 => "avg_pool_3x3",
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "There is no such operation."),
    };

    /// <summary>What people call it.</summary>
    internal static string Words(this NasOperation operation) => operation switch
    {
        NasOperation.None => "none",
        NasOperation.Skip => "skip",
        NasOperation.Conv1x1 => "conv 1x1",
        NasOperation.Conv3x3 => "conv 3x3",
        _ => "pool 3x3",
    };
}
