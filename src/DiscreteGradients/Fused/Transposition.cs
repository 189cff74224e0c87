using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DiscreteGradients.Fused;

/// <summary>
/// Between rows [lanes, K] as tensors have them and a tile [K, lanes], where one vector holds the same category of as many rows as it has
/// lanes. A tile has room for K made a multiple of the lanes.
/// </summary>
internal static unsafe class Transposition
{
    /// <summary>tile ← rows; lanes from <paramref name="count"/> on are zero.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]  // else kernels exceed what the compiler is willing to inline
    internal static void Load<T>(T* rows, int categories, int count, T* tile) where T : unmanaged
    {
        var lanes = Vector512<T>.Count;
        if (!Avx512F.IsSupported || count < lanes)
        {
            for (var k = 0; k < categories; k++)
            {
                for (var lane = 0; lane < lanes; lane++)
                    tile[(k * lanes) + lane] = lane < count ? rows[(lane * categories) + k] : default;
            }
        }
        else if (categories == 2)
        {
            var (first, second) = LoadPairs(rows);
            first.Store(tile);
            second.Store(tile + lanes);
        }
        else
        {
            for (var k = 0; k < categories; k += lanes)
                Square(rows + k, categories, Math.Min(lanes, categories - k), tile + (k * lanes), lanes, lanes);
        }
    }

    /// <summary>rows ← tile, as many rows as <paramref name="count"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Store<T>(T* tile, int categories, int count, T* rows) where T : unmanaged
    {
        var lanes = Vector512<T>.Count;
        if (!Avx512F.IsSupported || count < lanes)
        {
            for (var k = 0; k < categories; k++)
            {
                for (var lane = 0; lane < count; lane++)
                    rows[(lane * categories) + k] = tile[(k * lanes) + lane];
            }
        }
        else if (categories == 2)
        {
            StorePairs(Vector512.Load(tile), Vector512.Load(tile + lanes), rows);
        }
        else
        {
            for (var k = 0; k < categories; k += lanes)
                Square(tile + (k * lanes), lanes, lanes, rows + k, categories, Math.Min(lanes, categories - k));
        }
    }

    /// <summary>Whether rows of two are loaded and stored without a tile.</summary>
    internal static bool HasPairs => Avx512F.IsSupported;

    /// <summary>The first and the second numbers of as many rows of two as there are lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (Vector512<T> First, Vector512<T> Second) LoadPairs<T>(T* rows) where T : unmanaged
    {
        var (low, high, places) = (Vector512.Load(rows), Vector512.Load(rows + Vector512<T>.Count), Firsts<T>());
        return (Permute(low, places, high), Permute(low, places + Vector512.Create(sizeof(T) / sizeof(float)), high));
    }

    /// <summary>Rows of two of their first and second numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void StorePairs<T>(Vector512<T> first, Vector512<T> second, T* rows) where T : unmanaged
    {
        var places = Alternating<T>();
        Permute(first, places, second).Store(rows);
        Permute(first, places + Vector512.Create(8), second).Store(rows + Vector512<T>.Count);
    }

    /// <summary>A square of as many rows as lanes; of the rows read or written only the first <c>width</c> numbers exist.</summary>
    private static void Square<T>(T* from, int fromStride, int fromWidth, T* to, int toStride, int toWidth) where T : unmanaged
    {
        if (sizeof(T) == sizeof(float))
        {
            var (read, write) = (Rows.First(fromWidth), Rows.First(toWidth));
            var source = (float*)from;
            var target = (float*)to;
            var stride = toStride;
            var (a0, a1, a2, a3) = Quarter(source, fromStride, read);
            var (b0, b1, b2, b3) = Quarter(source + (4 * fromStride), fromStride, read);
            var (c0, c1, c2, c3) = Quarter(source + (8 * fromStride), fromStride, read);
            var (d0, d1, d2, d3) = Quarter(source + (12 * fromStride), fromStride, read);
            Finish(a0, b0, c0, d0, target, 4 * stride, write);
            Finish(a1, b1, c1, d1, target + stride, 4 * stride, write);
            Finish(a2, b2, c2, d2, target + (2 * stride), 4 * stride, write);
            Finish(a3, b3, c3, d3, target + (3 * stride), 4 * stride, write);
        }
        else
        {
            var (read, write) = (Rows.First(2 * fromWidth).AsDouble(), Rows.First(2 * toWidth));
            var source = (double*)from;
            var target = (float*)to;
            var stride = 2 * toStride;
            var (a0, a1) = Pair(source, fromStride, read);
            var (b0, b1) = Pair(source + (2 * fromStride), fromStride, read);
            var (c0, c1) = Pair(source + (4 * fromStride), fromStride, read);
            var (d0, d1) = Pair(source + (6 * fromStride), fromStride, read);
            Finish(a0, b0, c0, d0, target, 2 * stride, write);
            Finish(a1, b1, c1, d1, target + stride, 2 * stride, write);
        }
    }

    /// <summary>Four rows: in quarter q of the result j stand the four numbers of column 4 q + j.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<float> Column0, Vector512<float> Column1, Vector512<float> Column2, Vector512<float> Column3) Quarter(
        float* rows, int stride, Vector512<float> mask)
    {
        var a = Avx512F.MaskLoad(rows, mask, Vector512<float>.Zero);
        var b = Avx512F.MaskLoad(rows + stride, mask, Vector512<float>.Zero);
        var c = Avx512F.MaskLoad(rows + (2 * stride), mask, Vector512<float>.Zero);
        var d = Avx512F.MaskLoad(rows + (3 * stride), mask, Vector512<float>.Zero);
        var (abLow, abHigh) = (Avx512F.UnpackLow(a, b).AsDouble(), Avx512F.UnpackHigh(a, b).AsDouble());
        var (cdLow, cdHigh) = (Avx512F.UnpackLow(c, d).AsDouble(), Avx512F.UnpackHigh(c, d).AsDouble());
        return (
            Avx512F.UnpackLow(abLow, cdLow).AsSingle(), Avx512F.UnpackHigh(abLow, cdLow).AsSingle(),
            Avx512F.UnpackLow(abHigh, cdHigh).AsSingle(), Avx512F.UnpackHigh(abHigh, cdHigh).AsSingle());
    }

    /// <summary>Two rows: in quarter q of the result j stand the two numbers of column 2 q + j.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<float> Column0, Vector512<float> Column1) Pair(double* rows, int stride, Vector512<double> mask)
    {
        var a = Avx512F.MaskLoad(rows, mask, Vector512<double>.Zero);
        var b = Avx512F.MaskLoad(rows + stride, mask, Vector512<double>.Zero);
        return (Avx512F.UnpackLow(a, b).AsSingle(), Avx512F.UnpackHigh(a, b).AsSingle());
    }

    /// <summary>Writes the four vectors that are made of the first, second, third and fourth quarters of four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(
        Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* to, int step, Vector512<float> mask)
    {
        const byte Even = 0b10_00_10_00;
        const byte Odd = 0b11_01_11_01;
        var (abEven, abOdd) = (Avx512F.Shuffle4x128(a, b, Even), Avx512F.Shuffle4x128(a, b, Odd));
        var (cdEven, cdOdd) = (Avx512F.Shuffle4x128(c, d, Even), Avx512F.Shuffle4x128(c, d, Odd));
        Avx512F.MaskStore(to, mask, Avx512F.Shuffle4x128(abEven, cdEven, Even));
        Avx512F.MaskStore(to + step, mask, Avx512F.Shuffle4x128(abOdd, cdOdd, Even));
        Avx512F.MaskStore(to + (2 * step), mask, Avx512F.Shuffle4x128(abEven, cdEven, Odd));
        Avx512F.MaskStore(to + (3 * step), mask, Avx512F.Shuffle4x128(abOdd, cdOdd, Odd));
    }



    /// <summary>Where the first category of every row stands in rows of two.</summary>
    private static Vector512<int> Firsts<T>() where T : unmanaged
    {
        var place = Vector512<int>.Indices;
        return sizeof(T) == sizeof(float) ? place << 1 : ((place >> 1) << 2) + (place & Vector512<int>.One);
    }

    /// <summary>Where rows of two find their numbers in the vectors of their categories, for the first half of the rows.</summary>
    private static Vector512<int> Alternating<T>() where T : unmanaged
    {
        var (place, one) = (Vector512<int>.Indices, Vector512<int>.One);
        return sizeof(T) == sizeof(float)
            ? (place >> 1) + ((place & one) << 4)
            : (((place >> 2) + (((place >> 1) & one) << 3)) << 1) + (place & one);
    }

    /// <summary>Four bytes each, from two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Permute<T>(Vector512<T> first, Vector512<int> places, Vector512<T> second) where T : unmanaged =>
        Avx512F.PermuteVar16x32x2(first.AsInt32(), places, second.AsInt32()).As<int, T>();
}
