using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Fused;

/// <summary>
/// As many short rows of tensors as a vector has lanes, one row a lane, and room to hold some of their numbers by category [K, lanes].
/// Lanes beyond the last row hold zeros and are not written.
/// </summary>
internal readonly unsafe struct Tile<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Rooms for numbers [K, lanes] that there are.</summary>
    private const int Rooms = 3;

    /// <summary>Categories up to which rows of a sample are looked at by category; longer ones are searched, one after the other.</summary>
    private const int Scanned = 16;

    private readonly T* _memory;
    private readonly int _first;
    private readonly int _count;

    private Tile(T* memory, int categories, int first, int count)
    {
        _memory = memory;
        (Categories, _first, _count) = (categories, first, count);
    }

    internal static int Lanes => Vector512<T>.Count;

    internal int Categories { get; }

    /// <summary>The numbers of category k in a room.</summary>
    internal Vector512<T> this[int room, int k]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.LoadAligned(Room(room) + (k * Lanes));
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => value.StoreAligned(Room(room) + (k * Lanes));
    }

    /// <summary>Calls a kernel for all of that many rows, a tile at a time.</summary>
    [SkipLocalsInit]
    internal static void For(int rows, int categories, Action<Tile<T>> kernel) => Blocks.For(rows, categories, (begin, count) =>
    {
        var memory = stackalloc byte[(Rooms * RowLayout.TileBytes) + RowLayout.Alignment];
        for (var first = begin; first < begin + count; first += Lanes)
            kernel(new Tile<T>(RowLayout.Align<T>(memory), categories, first, Math.Min(Lanes, begin + count - first)));
    });

    /// <summary>Where a room begins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal T* Room(int room) => _memory + (room * RowLayout.ShortRow * Lanes);

    /// <summary>Fills a room with the tile's rows of those [rows, K].</summary>
    internal void Load(int room, T* rows) => Transposition.Load(Rows(rows), Categories, _count, Room(room));

    /// <summary>Writes what is in a room to the tile's rows of those [rows, K].</summary>
    internal void Store(int room, T* rows) => Transposition.Store(Room(room), Categories, _count, Rows(rows));

    /// <summary>Of one number a row, those of the tile.</summary>
    internal Vector512<T> Numbers(T* numbers) => Fused.Rows.Load(new ReadOnlySpan<T>(numbers + _first, _count), 0);

    /// <inheritdoc cref="Numbers(T*)"/>
    internal Vector512<T> Numbers(int* numbers) => Fused.Rows.LoadIntegers<T>(new ReadOnlySpan<int>(numbers + _first, _count));

    /// <summary>Writes one number a row.</summary>
    internal void SetNumbers(T* numbers, Vector512<T> values) => Fused.Rows.Store(values, new Span<T>(numbers + _first, _count), 0);

    /// <inheritdoc cref="SetNumbers(T*, Vector512{T})"/>
    internal void SetNumbers(int* numbers, Vector512<T> values) =>
        Fused.Rows.StoreIntegers(values, new Span<int>(numbers + _first, _count));

    /// <summary>The largest number of every row. With a NaN among them it may be any.</summary>
    internal Vector512<T> Largest(int room)
    {
        var largest = this[room, 0];
        for (var k = 1; k < Categories; k++)
            largest = Vector512.MaxNative(largest, this[room, k]);
        return largest;
    }

    /// <summary>For rows of logits the largest, Σ w and Σ w (logit − largest), where w = exp(logit − largest).</summary>
    /// <exception cref="ArgumentException">A row is fully masked or holds NaN or +∞.</exception>
    internal (Vector512<T> Largest, Vector512<T> Total, Vector512<T> Moment) Moments(T* logits)
    {
        Load(0, logits);
        var (largest, total, moment) = (Largest(0), Vector512<T>.Zero, Vector512<T>.Zero);
        for (var k = 0; k < Categories; k++)
        {
            var below = Fused.Rows.Finite(this[0, k] - largest);
            var weights = Elementary.Exp(below);
            total += weights;
            moment += weights * below;
        }

        return Vector512.GreaterThanOrEqualAll(total, Vector512<T>.One) ? (largest, total, moment) : throw Refused(logits);
    }

    /// <summary>Finds the categories of rows of one-hot samples.</summary>
    /// <exception cref="ArgumentException">A row is not one-hot.</exception>
    internal void FindSampled(T* hard, int* sampled)
    {
        if (Categories <= Scanned && FindSampled(hard) is { } found)
        {
            SetNumbers(sampled, found);
            return;
        }

        for (var row = 0; row < _count; row++)
            sampled[_first + row] = HardSample.Category(new ReadOnlySpan<T>(Rows(hard) + (row * Categories), Categories), [], _first + row);
    }

    /// <summary>Of the numbers in a room those of one category a row.</summary>
    internal Vector512<T> At(int room, Vector512<T> category)
    {
        var (place, result) = (Vector512<T>.Zero, this[room, 0]);
        for (var k = 1; k < Categories; k++)
        {
            place += Vector512<T>.One;
            result = Vector512.ConditionalSelect(Vector512.Equals(category, place), this[room, k], result);
        }

        return result;
    }

    /// <summary>The categories of one-hot rows, or null if not all are.</summary>
    private Vector512<T>? FindSampled(T* hard)
    {
        Load(0, hard);
        var (place, sum, sampled, right) = (Vector512<T>.Zero, Vector512<T>.Zero, Vector512<T>.Zero, Vector512<T>.AllBitsSet);
        for (var k = 0; k < Categories; k++)
        {
            var value = this[0, k];
            right &= Vector512.Equals(value * value, value);  // 0 or 1
            sum += value;
            sampled += value * place;
            place += Vector512<T>.One;
        }

        right &= Vector512.Equals(sum, Vector512<T>.One);
        var beyond = Vector512.GreaterThanOrEqual(Vector512<T>.Indices, Vector512.Create(T.CreateTruncating(_count)));
        return (right | beyond).AsInt32() == Vector512<int>.AllBitsSet ? sampled : null;  // as floating-point numbers all bits are NaN
    }

    /// <summary>The error of the first row of logits that no distribution has.</summary>
    internal ArgumentException Refused(T* logits) =>
        RowSampler<T>.Refused(new ReadOnlySpan<T>(Rows(logits), _count * Categories), Categories, _first);

    private T* Rows(T* all) => all + ((long)_first * Categories);
}
