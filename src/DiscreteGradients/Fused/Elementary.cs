using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DiscreteGradients.Fused;

/// <summary>
/// The exponential and the logarithm on whole vectors, for the ranges that the kernels need. Fused multiply-adds only, so that a number
/// does not depend on the width of the vector it stands in.
/// </summary>
/// <remarks>
/// Arguments are reduced by powers of two. The polynomials in single precision are those of the Cephes library (Moshier 1989, expf and
/// logf), the one in double precision is Taylor's.
/// </remarks>
internal static class Elementary
{
    /// <summary>Below this a single-precision exponential is zero: less than half of the smallest number.</summary>
    private const float LowestSingle = -104;

    /// <inheritdoc cref="LowestSingle"/>
    private const double LowestDouble = -745.2;

    /// <summary>exp(x) of every number, in place; x must not be above 0, −∞ gives 0 and NaN stays NaN.</summary>
    internal static void Exp<T>(Span<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var vectors = MemoryMarshal.Cast<T, Vector<T>>(values);
        for (var i = 0; i < vectors.Length; i++)
            vectors[i] = Exp(vectors[i]);
        var rest = values[(vectors.Length * Vector<T>.Count)..];
        if (rest.Length > 0)
            Exp(Padded(rest)).AsSpan()[..rest.Length].CopyTo(rest);
    }

    /// <summary>−log(x) of every number, in place; x must be positive, finite and normal.</summary>
    internal static void NegativeLog<T>(Span<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(double))
        {
            TensorPrimitives.Log<T>(values, values);
            TensorPrimitives.Negate<T>(values, values);
            return;
        }

        var singles = MemoryMarshal.Cast<T, float>(values);
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(singles);
        for (var i = 0; i < vectors.Length; i++)
            vectors[i] = -Log(vectors[i]);
        var rest = singles[(vectors.Length * Vector<float>.Count)..];
        if (rest.Length > 0)
            (-Log(Padded<float>(rest))).AsSpan()[..rest.Length].CopyTo(rest);
    }

    /// <inheritdoc cref="Exp{T}(Span{T})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector<T> Exp<T>(Vector<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        typeof(T) == typeof(float) ? Single(x.As<T, float>()).As<float, T>() : Double(x.As<T, double>()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Single(Vector<float> x)
    {
        x = Vector.MaxNative(new Vector<float>(LowestSingle), x);  // of a number and NaN, the second
        var n = Vector.Round(x * new Vector<float>(1.44269504f));
        var r = Vector.FusedMultiplyAdd(n, new Vector<float>(-0.693359375f), x);
        r = Vector.FusedMultiplyAdd(n, new Vector<float>(2.12194440e-4f), r);
        var p = Vector.FusedMultiplyAdd(new Vector<float>(1.9875691500e-4f), r, new Vector<float>(1.3981999507e-3f));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<float>(8.3334519073e-3f));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<float>(4.1665795894e-2f));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<float>(1.6666665459e-1f));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<float>(5.0000001201e-1f));
        p = Vector.FusedMultiplyAdd(p, r * r, r) + Vector<float>.One;

        // 2^n in two factors, since a denormal result has no single one.
        var power = Vector.ConvertToInt32Native(n);
        var half = power >> 1;
        var bias = new Vector<int>(127);
        return p * Vector.AsVectorSingle((half + bias) << 23) * Vector.AsVectorSingle((power - half + bias) << 23);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Double(Vector<double> x)
    {
        x = Vector.MaxNative(new Vector<double>(LowestDouble), x);
        var n = Vector.Round(x * new Vector<double>(1.4426950408889634));
        var r = Vector.FusedMultiplyAdd(n, new Vector<double>(-6.93145751953125e-1), x);
        r = Vector.FusedMultiplyAdd(n, new Vector<double>(-1.42860682030941723212e-6), r);
        var p = new Vector<double>(1.0 / 6227020800);
        p = Vector.FusedMultiplyAdd(p, r, new Vector<double>(1.0 / 479001600));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<double>(1.0 / 39916800));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<double>(1.0 / 3628800));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<double>(1.0 / 362880));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<double>(1.0 / 40320));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<double>(1.0 / 5040));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<double>(1.0 / 720));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<double>(1.0 / 120));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<double>(1.0 / 24));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<double>(1.0 / 6));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<double>(0.5));
        p = Vector.FusedMultiplyAdd(p, r * r, r) + Vector<double>.One;

        var power = Vector.ConvertToInt64Native(n);
        var half = power >> 1;
        var bias = new Vector<long>(1023);
        return p * Vector.AsVectorDouble((half + bias) << 52) * Vector.AsVectorDouble((power - half + bias) << 52);
    }

    /// <summary>log(x); x must be positive, finite and normal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector<float> Log(Vector<float> x)
    {
        // x = 2^n (1 + f), 1 + f from √½ to √2, so that numbers near 1 lose nothing.
        var bits = Vector.AsVectorInt32(x) - new Vector<int>(0x3F3504F3);
        var n = Vector.ConvertToSingle(bits >> 23);
        var f = Vector.AsVectorSingle((bits & new Vector<int>(0x007FFFFF)) + new Vector<int>(0x3F3504F3)) - Vector<float>.One;
        var square = f * f;
        var p = Vector.FusedMultiplyAdd(new Vector<float>(7.0376836292e-2f), f, new Vector<float>(-1.1514610310e-1f));
        p = Vector.FusedMultiplyAdd(p, f, new Vector<float>(1.1676998740e-1f));
        p = Vector.FusedMultiplyAdd(p, f, new Vector<float>(-1.2420140846e-1f));
        p = Vector.FusedMultiplyAdd(p, f, new Vector<float>(1.4249322787e-1f));
        p = Vector.FusedMultiplyAdd(p, f, new Vector<float>(-1.6668057665e-1f));
        p = Vector.FusedMultiplyAdd(p, f, new Vector<float>(2.0000714765e-1f));
        p = Vector.FusedMultiplyAdd(p, f, new Vector<float>(-2.4999993993e-1f));
        p = Vector.FusedMultiplyAdd(p, f, new Vector<float>(3.3333331174e-1f));
        p = p * f * square;
        p = Vector.FusedMultiplyAdd(n, new Vector<float>(-2.12194440e-4f), p);
        p = Vector.FusedMultiplyAdd(square, new Vector<float>(-0.5f), p);
        return Vector.FusedMultiplyAdd(n, new Vector<float>(0.693359375f), f + p);
    }

    /// <summary>log(1 + x), accurate also where 1 + x is 1: .NET's own is not (Kahan's correction of the rounded sum).</summary>
    internal static T LogP1<T>(T x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var sum = T.One + x;
        return sum == T.One ? x : T.Log(sum) * (x / (sum - T.One));
    }

    private static Vector<T> Padded<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Span<T> room = stackalloc T[Vector<T>.Count];
        room.Fill(T.One);
        values.CopyTo(room);
        return new Vector<T>(room);
    }

    private static ReadOnlySpan<T> AsSpan<T>(this in Vector<T> vector) where T : unmanaged =>
        MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<Vector<T>, T>(ref Unsafe.AsRef(in vector)), Vector<T>.Count);
}
