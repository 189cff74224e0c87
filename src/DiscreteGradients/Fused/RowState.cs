using System.Numerics;

namespace DiscreteGradients.Fused;

/// <summary>What the backward pass keeps of a row of logits: enough to recompute its softmax in one pass, and the sample.</summary>
/// <param name="Largest">The largest logit.</param>
/// <param name="InverseTotal">1 / Σ exp(logit − largest).</param>
/// <param name="Sampled">The category of the hard sample.</param>
internal readonly record struct RowState<T>(T Largest, T InverseTotal, int Sampled)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;

/// <summary>The states of rows in unmanaged memory, each of the three numbers for all rows before the next.</summary>
internal readonly unsafe struct RowStates<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The states of <paramref name="rows"/> rows at an address.</summary>
    internal RowStates(void* memory, long rows)
    {
        Largest = (T*)memory;
        InverseTotal = Largest + rows;
        Sampled = (int*)(InverseTotal + rows);
    }

    private RowStates(T* largest, T* inverseTotal, int* sampled)
    {
        Largest = largest;
        InverseTotal = inverseTotal;
        Sampled = sampled;
    }

    /// <summary>Bytes for one row.</summary>
    internal static int Size => (2 * sizeof(T)) + sizeof(int);

    internal T* Largest { get; }

    internal T* InverseTotal { get; }

    internal int* Sampled { get; }

    internal RowState<T> this[int row]
    {
        get => new(Largest[row], InverseTotal[row], Sampled[row]);
        set => (Largest[row], InverseTotal[row], Sampled[row]) = (value.Largest, value.InverseTotal, value.Sampled);
    }

    /// <summary>The samples of the first rows as tensors have them.</summary>
    internal long[] Categories(long rows)
    {
        var categories = new long[rows];
        for (var row = 0; row < rows; row++)
            categories[row] = Sampled[row];
        return categories;
    }

    /// <summary>The states from that row on.</summary>
    internal RowStates<T> From(int row) => new(Largest + row, InverseTotal + row, Sampled + row);
}
