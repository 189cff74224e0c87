using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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

    /// <summary>The categories of as many rows as a vector has lanes, zero beyond <paramref name="count"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Vector512<T> SampledLanes(int row, int count = int.MaxValue)
    {
        var categories = Rows.Load(new ReadOnlySpan<int>(Sampled + row, Math.Min(count, Vector512<T>.Count)), 0);
        return typeof(T) == typeof(float)
            ? Vector512.ConvertToSingle(categories).As<float, T>()
            : Vector512.ConvertToDouble(Vector512.WidenLower(categories)).As<double, T>();
    }

    /// <summary>The states from that row on.</summary>
    internal RowStates<T> From(int row) => new(Largest + row, InverseTotal + row, Sampled + row);
}
