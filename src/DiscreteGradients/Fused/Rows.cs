using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Fused;

/// <summary>Arithmetic on rows of categories. Short rows are looped over, long ones handed to vector instructions.</summary>
internal static class Rows
{
    /// <summary>Categories whose weights are summed before the sum joins the cumulative table.</summary>
    internal const int Group = 8;

    /// <summary>The same for long rows, where the search inside a group costs little of the whole.</summary>
    internal const int LongGroup = 64;

    /// <summary>The group of rows of that many categories.</summary>
    internal static int GroupOf(int categories) => categories <= 8 * LongGroup ? Group : LongGroup;

    /// <summary>Categories from which a row is worth a pass of exponentials of its own; shorter ones share that of their block.</summary>
    internal const int Wide = 32;

    /// <summary>(value − shift) · scale.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Shift<T>(ReadOnlySpan<T> values, T shift, T scale, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var k = 0;
        if (Vector.IsHardwareAccelerated && values.Length >= Vector<T>.Count)
        {
            var (shifts, scales) = (new Vector<T>(shift), new Vector<T>(scale));
            for (; k <= values.Length - Vector<T>.Count; k += Vector<T>.Count)
                Store((Load(values, k) - shifts) * scales, result, k);
        }

        for (; k < values.Length; k++)
            result[k] = (values[k] - shift) * scale;
    }

    /// <summary>result ← result + (values − shift).</summary>
    internal static void AddShifted<T>(ReadOnlySpan<T> values, T shift, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var shifts = new Vector<T>(shift);
        var k = 0;
        for (; k <= values.Length - Vector<T>.Count; k += Vector<T>.Count)
            Store(Load<T>(result, k) + (Load(values, k) - shifts), result, k);
        for (; k < values.Length; k++)
            result[k] += values[k] - shift;
    }

    /// <summary>result ← exp((values − shift) · scale), none of them above 1; returns the sum.</summary>
    internal static T Exponentiate<T>(ReadOnlySpan<T> values, T shift, T scale, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (shifts, scales, sums) = (new Vector<T>(shift), new Vector<T>(scale), Vector<T>.Zero);
        var k = 0;
        for (; k <= values.Length - Vector<T>.Count; k += Vector<T>.Count)
        {
            var weights = Elementary.Exp((Load(values, k) - shifts) * scales);
            Store(weights, result, k);
            sums += weights;
        }

        var sum = Vector.Sum(sums);
        for (; k < values.Length; k++)
            sum += result[k] = T.Exp((values[k] - shift) * scale);
        return sum;
    }

    /// <summary>result ← scale · exp(logits − largest) · (values − shift); returns the sum.</summary>
    internal static T WeighExponential<T>(ReadOnlySpan<T> logits, T largest, T scale, ReadOnlySpan<T> values, T shift, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (largests, scales, shifts, sums) = (new Vector<T>(largest), new Vector<T>(scale), new Vector<T>(shift), Vector<T>.Zero);
        var k = 0;
        for (; k <= logits.Length - Vector<T>.Count; k += Vector<T>.Count)
        {
            var weighed = Elementary.Exp(Load(logits, k) - largests) * scales * (Load(values, k) - shifts);
            Store(weighed, result, k);
            sums += weighed;
        }

        var sum = Vector.Sum(sums);
        for (; k < logits.Length; k++)
            sum += result[k] = T.Exp(logits[k] - largest) * scale * (values[k] - shift);
        return sum;
    }

    /// <summary>Σ w and Σ w (logit − largest) for w = exp(logit − largest); a logit of −∞ adds nothing.</summary>
    internal static (T Total, T Moment) Moments<T>(ReadOnlySpan<T> logits, T largest)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (largests, lowest) = (new Vector<T>(largest), new Vector<T>(T.CreateSaturating(-1e30)));
        var (totals, moments) = (Vector<T>.Zero, Vector<T>.Zero);
        var k = 0;
        for (; k <= logits.Length - Vector<T>.Count; k += Vector<T>.Count)
        {
            var below = Vector.MaxNative(lowest, Load(logits, k) - largests);
            var weights = Elementary.Exp(below);
            totals += weights;
            moments += weights * below;
        }

        var (total, moment) = (Vector.Sum(totals), Vector.Sum(moments));
        for (; k < logits.Length; k++)
        {
            var below = T.MaxNative(lowest[0], logits[k] - largest);
            var weight = T.Exp(below);
            total += weight;
            moment += weight * below;
        }

        return (total, moment);
    }

    /// <summary>result ← scale · exp(logits − largest) · (logits − largest − mean), zero for a logit of −∞.</summary>
    internal static void EntropySlope<T>(ReadOnlySpan<T> logits, T largest, T scale, T mean, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (largests, lowest) = (new Vector<T>(largest), new Vector<T>(T.CreateSaturating(-1e30)));
        var (scales, means) = (new Vector<T>(scale), new Vector<T>(mean));
        var k = 0;
        for (; k <= logits.Length - Vector<T>.Count; k += Vector<T>.Count)
        {
            var below = Vector.MaxNative(lowest, Load(logits, k) - largests);
            Store(Elementary.Exp(below) * (below - means) * scales, result, k);
        }

        for (; k < logits.Length; k++)
        {
            var below = T.MaxNative(lowest[0], logits[k] - largest);
            result[k] = T.Exp(below) * (below - mean) * scale;
        }
    }

    /// <summary>result ← scale · exp(logits − largest).</summary>
    internal static void Scale<T>(ReadOnlySpan<T> logits, T largest, T scale, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (largests, scales) = (new Vector<T>(largest), new Vector<T>(scale));
        var k = 0;
        for (; k <= logits.Length - Vector<T>.Count; k += Vector<T>.Count)
            Store(Elementary.Exp(Load(logits, k) - largests) * scales, result, k);
        for (; k < logits.Length; k++)
            result[k] = T.Exp(logits[k] - largest) * scale;
    }

    /// <summary>The largest value. With a NaN among them it may be any.</summary>
    internal static T Largest<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var largest = values[0];
        var k = 1;
        if (Vector.IsHardwareAccelerated && values.Length >= Vector<T>.Count)
        {
            var maxima = Load(values, 0);
            for (k = Vector<T>.Count; k <= values.Length - Vector<T>.Count; k += Vector<T>.Count)
                maxima = Vector.MaxNative(maxima, Load(values, k));
            largest = Largest(maxima);
        }

        for (; k < values.Length; k++)
            largest = T.MaxNative(largest, values[k]);
        return largest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Largest<T>(Vector<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var half = Vector<byte>.Count switch
        {
            16 => values.AsVector128(),
            32 => Vector128.MaxNative(values.AsVector256().GetLower(), values.AsVector256().GetUpper()),
            _ => Vector128.Create(values[0]),
        };
        var largest = T.MaxNative(half.GetElement(0), half.GetElement(1));
        if (Vector128<T>.Count == 4)
            largest = T.MaxNative(largest, T.MaxNative(half.GetElement(2), half.GetElement(3)));
        for (var lane = Vector<byte>.Count > 32 ? 1 : Vector<T>.Count; lane < Vector<T>.Count; lane++)
            largest = T.MaxNative(largest, values[lane]);
        return largest;
    }

    internal static T Sum<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var k = 0;
        var sum = T.Zero;
        if (Vector.IsHardwareAccelerated && values.Length >= Vector<T>.Count)
        {
            var sums = Vector<T>.Zero;
            for (; k <= values.Length - Vector<T>.Count; k += Vector<T>.Count)
                sums += Load(values, k);
            sum = Vector.Sum(sums);
        }

        for (; k < values.Length; k++)
            sum += values[k];
        return sum;
    }

    internal static T Dot<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var k = 0;
        var sum = T.Zero;
        if (Vector.IsHardwareAccelerated && a.Length >= Vector<T>.Count)
        {
            var sums = Vector<T>.Zero;
            for (; k <= a.Length - Vector<T>.Count; k += Vector<T>.Count)
                sums += Load(a, k) * Load(b, k);
            sum = Vector.Sum(sums);
        }

        for (; k < a.Length; k++)
            sum += a[k] * b[k];
        return sum;
    }

    /// <summary>weights ← scale · weights · (values − shift); returns the sum of the new weights.</summary>
    internal static T Weigh<T>(Span<T> weights, T scale, ReadOnlySpan<T> values, T shift)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var k = 0;
        var sum = T.Zero;
        if (Vector.IsHardwareAccelerated && weights.Length >= Vector<T>.Count)
        {
            var (scales, shifts) = (new Vector<T>(scale), new Vector<T>(shift));
            var sums = Vector<T>.Zero;
            for (; k <= weights.Length - Vector<T>.Count; k += Vector<T>.Count)
            {
                var weighed = Load<T>(weights, k) * scales * (Load(values, k) - shifts);
                Store(weighed, weights, k);
                sums += weighed;
            }

            sum = Vector.Sum(sums);
        }

        for (; k < weights.Length; k++)
            sum += weights[k] = scale * weights[k] * (values[k] - shift);
        return sum;
    }

    /// <summary>result ← result + scale · weights · (values − shift).</summary>
    internal static void AddWeighed<T>(ReadOnlySpan<T> weights, T scale, ReadOnlySpan<T> values, T shift, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var k = 0;
        if (Vector.IsHardwareAccelerated && weights.Length >= Vector<T>.Count)
        {
            var (scales, shifts) = (new Vector<T>(scale), new Vector<T>(shift));
            for (; k <= weights.Length - Vector<T>.Count; k += Vector<T>.Count)
                Store(Load<T>(result, k) + (Load(weights, k) * scales * (Load(values, k) - shifts)), result, k);
        }

        for (; k < weights.Length; k++)
            result[k] += weights[k] * scale * (values[k] - shift);
    }

    /// <summary>noise ← winner · weights / (noise + winner · weights).</summary>
    internal static void Race<T>(Span<T> noise, ReadOnlySpan<T> weights, T winner)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var k = 0;
        if (Vector.IsHardwareAccelerated && noise.Length >= Vector<T>.Count)
        {
            var winners = new Vector<T>(winner);
            for (; k <= noise.Length - Vector<T>.Count; k += Vector<T>.Count)
            {
                var weighed = winners * Load(weights, k);
                Store(weighed / (Load<T>(noise, k) + weighed), noise, k);
            }
        }

        for (; k < noise.Length; k++)
        {
            var weighed = winner * weights[k];
            noise[k] = weighed / (noise[k] + weighed);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector<T> Load<T>(ReadOnlySpan<T> values, int at) where T : unmanaged =>
        Vector.LoadUnsafe(ref MemoryMarshal.GetReference(values), (nuint)at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Store<T>(Vector<T> value, Span<T> values, int at) where T : unmanaged =>
        value.StoreUnsafe(ref MemoryMarshal.GetReference(values), (nuint)at);
}
