using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DiscreteGradients.Fused;

/// <summary>
/// Arithmetic on long rows of categories, by vectors of 512 bits: .NET makes two or four of them where the processor has narrower ones.
/// What is missing to the last vector of a row is filled with numbers that change no sum.
/// </summary>
internal static class Rows
{
    /// <summary>result ← (values − shift) · scale.</summary>
    internal static void Shift<T>(ReadOnlySpan<T> values, T shift, T scale, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (shifts, scales) = (Vector512.Create(shift), Vector512.Create(scale));
        for (var k = 0; k < values.Length; k += Vector512<T>.Count)
            Store((Load(values, k) - shifts) * scales, result, k);
    }

    /// <summary>result ← result + (values − shift).</summary>
    internal static void AddShifted<T>(ReadOnlySpan<T> values, T shift, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var shifts = Vector512.Create(shift);
        for (var k = 0; k < values.Length; k += Vector512<T>.Count)
            Store(Load<T>(result, k) + (Load(values, k) - shifts), result, k);
    }

    /// <summary>result ← exp((values − shift) · scale), none of them above 1; returns the sum.</summary>
    internal static T Exponentiate<T>(ReadOnlySpan<T> values, T shift, T scale, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (shifts, scales, sums) = (Vector512.Create(shift), Vector512.Create(scale), Vector512<T>.Zero);
        for (var k = 0; k < values.Length; k += Vector512<T>.Count)
        {
            var weights = Elementary.Exp((Load(values, k, T.NegativeInfinity) - shifts) * scales);
            Store(weights, result, k);
            sums += weights;
        }

        return Vector512.Sum(sums);
    }

    /// <summary>result ← scale · exp(logits − largest) · (values − shift); returns the sum.</summary>
    internal static T WeighExponential<T>(ReadOnlySpan<T> logits, T largest, T scale, ReadOnlySpan<T> values, T shift, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (largests, scales, shifts) = (Vector512.Create(largest), Vector512.Create(scale), Vector512.Create(shift));
        var sums = Vector512<T>.Zero;
        for (var k = 0; k < logits.Length; k += Vector512<T>.Count)
        {
            var weighed = Elementary.Exp(Load(logits, k, T.NegativeInfinity) - largests) * scales * (Load(values, k) - shifts);
            Store(weighed, result, k);
            sums += weighed;
        }

        return Vector512.Sum(sums);
    }

    /// <summary>Σ w and Σ w (logit − largest) for w = exp(logit − largest); a logit of −∞ adds nothing.</summary>
    internal static (T Total, T Moment) Moments<T>(ReadOnlySpan<T> logits, T largest)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (largests, totals, moments) = (Vector512.Create(largest), Vector512<T>.Zero, Vector512<T>.Zero);
        for (var k = 0; k < logits.Length; k += Vector512<T>.Count)
        {
            var below = Finite(Load(logits, k, T.NegativeInfinity) - largests);
            var weights = Elementary.Exp(below);
            totals += weights;
            moments += weights * below;
        }

        return (Vector512.Sum(totals), Vector512.Sum(moments));
    }

    /// <summary>result ← scale · exp(logits − largest) · (logits − largest − mean), zero for a logit of −∞.</summary>
    internal static void EntropySlope<T>(ReadOnlySpan<T> logits, T largest, T scale, T mean, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (largests, scales, means) = (Vector512.Create(largest), Vector512.Create(scale), Vector512.Create(mean));
        for (var k = 0; k < logits.Length; k += Vector512<T>.Count)
        {
            var below = Finite(Load(logits, k) - largests);
            Store(Elementary.Exp(below) * (below - means) * scales, result, k);
        }
    }

    /// <summary>result ← scale · exp(logits − largest).</summary>
    internal static void Scale<T>(ReadOnlySpan<T> logits, T largest, T scale, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (largests, scales) = (Vector512.Create(largest), Vector512.Create(scale));
        for (var k = 0; k < logits.Length; k += Vector512<T>.Count)
            Store(Elementary.Exp(Load(logits, k) - largests) * scales, result, k);
    }

    /// <summary>The largest value. With a NaN among them it may be any.</summary>
    internal static T Largest<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var largest = Vector512.Create(T.NegativeInfinity);
        for (var k = 0; k < values.Length; k += Vector512<T>.Count)
            largest = Vector512.MaxNative(largest, Load(values, k, T.NegativeInfinity));
        var half = Vector256.MaxNative(largest.GetLower(), largest.GetUpper());
        var quarter = Vector128.MaxNative(half.GetLower(), half.GetUpper());
        var result = T.MaxNative(quarter[0], quarter[1]);
        return Vector128<T>.Count == 2 ? result : T.MaxNative(result, T.MaxNative(quarter[2], quarter[3]));
    }

    internal static T Sum<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var sums = Vector512<T>.Zero;
        for (var k = 0; k < values.Length; k += Vector512<T>.Count)
            sums += Load(values, k);
        return Vector512.Sum(sums);
    }

    internal static T Dot<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var sums = Vector512<T>.Zero;
        for (var k = 0; k < a.Length; k += Vector512<T>.Count)
            sums += Load(a, k) * Load(b, k);
        return Vector512.Sum(sums);
    }

    /// <summary>weights ← scale · weights · (values − shift); returns the sum of the new weights.</summary>
    internal static T Weigh<T>(Span<T> weights, T scale, ReadOnlySpan<T> values, T shift)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (scales, shifts, sums) = (Vector512.Create(scale), Vector512.Create(shift), Vector512<T>.Zero);
        for (var k = 0; k < weights.Length; k += Vector512<T>.Count)
        {
            var weighed = Load<T>(weights, k) * scales * (Load(values, k) - shifts);
            Store(weighed, weights, k);
            sums += weighed;
        }

        return Vector512.Sum(sums);
    }

    /// <summary>result ← result + scale · weights · (values − shift).</summary>
    internal static void AddWeighed<T>(ReadOnlySpan<T> weights, T scale, ReadOnlySpan<T> values, T shift, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (scales, shifts) = (Vector512.Create(scale), Vector512.Create(shift));
        for (var k = 0; k < weights.Length; k += Vector512<T>.Count)
            Store(Load<T>(result, k) + (Load(weights, k) * scales * (Load(values, k) - shifts)), result, k);
    }

    /// <summary>noise ← winner · weights / (noise + winner · weights).</summary>
    internal static void Race<T>(Span<T> noise, ReadOnlySpan<T> weights, T winner)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var winners = Vector512.Create(winner);
        for (var k = 0; k < noise.Length; k += Vector512<T>.Count)
        {
            var weighed = winners * Load(weights, k);
            Store(weighed / (Load<T>(noise, k) + weighed), noise, k);
        }
    }

    /// <summary>A number that can be multiplied by a weight of zero, in place of −∞.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<T> Finite<T>(Vector512<T> below) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Vector512.MaxNative(Vector512.Create(T.CreateSaturating(-1e30)), below);

    /// <summary>The vector that begins at that place, filled up where the values end before it does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<T> Load<T>(ReadOnlySpan<T> values, int at, T fill = default) where T : unmanaged =>
        at <= values.Length - Vector512<T>.Count
            ? Vector512.LoadUnsafe(ref MemoryMarshal.GetReference(values), (nuint)at)
            : LoadPart(values[at..], fill);

    /// <summary>Stores as much of the vector as there is room from that place on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Store<T>(Vector512<T> value, Span<T> values, int at) where T : unmanaged
    {
        if (at <= values.Length - Vector512<T>.Count)
            value.StoreUnsafe(ref MemoryMarshal.GetReference(values), (nuint)at);
        else
            StorePart(value, values[at..]);
    }

    /// <summary>As many whole numbers as there are lanes, or fewer and zeros.</summary>
    internal static Vector512<T> LoadIntegers<T>(ReadOnlySpan<int> values) where T : unmanaged => typeof(T) == typeof(float)
        ? Vector512.ConvertToSingle(Load(values, 0)).As<float, T>()
        : Vector512.ConvertToDouble(Vector512.WidenLower(Load(values, 0))).As<double, T>();

    /// <summary>Stores as many whole numbers as there is room for.</summary>
    internal static void StoreIntegers<T>(Vector512<T> values, Span<int> to) where T : unmanaged => Store(
        typeof(T) == typeof(float)
            ? Vector512.ConvertToInt32Native(values.AsSingle())
            : Vector512.Narrow(Vector512.ConvertToInt64Native(values.AsDouble()), default),
        to,
        0);

    /// <summary>All bits of the first <paramref name="count"/> numbers of four bytes.</summary>
    internal static Vector512<float> First(int count) => Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();

    private static unsafe Vector512<T> LoadPart<T>(ReadOnlySpan<T> values, T fill) where T : unmanaged
    {
        if (Avx512F.IsSupported)
        {
            fixed (T* start = values)
            {
                var mask = First(values.Length * sizeof(T) / sizeof(float));
                return Avx512F.MaskLoad((float*)start, mask, Vector512.Create(fill).AsSingle()).As<float, T>();
            }
        }

        Span<T> room = stackalloc T[Vector512<T>.Count];
        room.Fill(fill);
        values.CopyTo(room);
        return Vector512.Create<T>(room);
    }

    private static unsafe void StorePart<T>(Vector512<T> value, Span<T> values) where T : unmanaged
    {
        if (Avx512F.IsSupported)
        {
            fixed (T* start = values)
                Avx512F.MaskStore((float*)start, First(values.Length * sizeof(T) / sizeof(float)), value.AsSingle());
            return;
        }

        Span<T> room = stackalloc T[Vector512<T>.Count];
        value.CopyTo(room);
        room[..values.Length].CopyTo(values);
    }
}
