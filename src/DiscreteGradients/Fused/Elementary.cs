using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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
        for (var k = 0; k < values.Length; k += Vector512<T>.Count)
            Rows.Store(Exp(Rows.Load<T>(values, k)), values, k);
    }

    /// <summary>−log(x) of every number, in place; x must be positive, finite and normal.</summary>
    internal static void NegativeLog<T>(Span<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (var k = 0; k < values.Length; k += Vector512<T>.Count)
            Rows.Store(-Log(Rows.Load<T>(values, k, T.One)), values, k);
    }

    /// <inheritdoc cref="Exp{T}(Span{T})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<T> Exp<T>(Vector512<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        typeof(T) == typeof(float) ? Single(x.AsSingle()).As<float, T>() : Double(x.AsDouble()).As<double, T>();

    /// <summary>log(x); x must be positive, finite and normal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<T> Log<T>(Vector512<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        typeof(T) == typeof(float) ? Log(x.AsSingle()).As<float, T>() : Vector512.Log(x.AsDouble()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Single(Vector512<float> x)
    {
        x = Vector512.MaxNative(Vector512.Create(LowestSingle), x);  // of a number and NaN, the second
        var n = Vector512.Round(x * Vector512.Create(1.44269504f));
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693359375f), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(2.12194440e-4f), r);
        var p = Vector512.FusedMultiplyAdd(Vector512.Create(1.9875691500e-4f), r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512<float>.One;

        // 2^n in two factors, since a denormal result has no single one.
        var power = Vector512.ConvertToInt32Native(n);
        var half = power >> 1;
        var bias = Vector512.Create(127);
        return p * ((half + bias) << 23).AsSingle() * ((power - half + bias) << 23).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Double(Vector512<double> x)
    {
        x = Vector512.MaxNative(Vector512.Create(LowestDouble), x);
        var n = Vector512.Round(x * Vector512.Create(1.4426950408889634));
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-6.93145751953125e-1), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-1.42860682030941723212e-6), r);
        var p = Vector512.Create(1.0 / 6227020800);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.0 / 479001600));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.0 / 39916800));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.0 / 3628800));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.0 / 362880));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.0 / 40320));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.0 / 5040));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.0 / 720));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.0 / 120));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.0 / 24));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.0 / 6));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.5));
        p = Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512<double>.One;

        var power = Vector512.ConvertToInt64Native(n);
        var half = power >> 1;
        var bias = Vector512.Create(1023L);
        return p * ((half + bias) << 52).AsDouble() * ((power - half + bias) << 52).AsDouble();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Log(Vector512<float> x)
    {
        // x = 2^n (1 + f), 1 + f from √½ to √2, so that numbers near 1 lose nothing.
        var bits = x.AsInt32() - Vector512.Create(0x3F3504F3);
        var n = Vector512.ConvertToSingle(bits >> 23);
        var f = ((bits & Vector512.Create(0x007FFFFF)) + Vector512.Create(0x3F3504F3)).AsSingle() - Vector512<float>.One;
        var square = f * f;
        var p = Vector512.FusedMultiplyAdd(Vector512.Create(7.0376836292e-2f), f, Vector512.Create(-1.1514610310e-1f));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(1.1676998740e-1f));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(-1.2420140846e-1f));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(1.4249322787e-1f));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(-1.6668057665e-1f));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(2.0000714765e-1f));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(-2.4999993993e-1f));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(3.3333331174e-1f));
        p = p * f * square;
        p = Vector512.FusedMultiplyAdd(n, Vector512.Create(-2.12194440e-4f), p);
        p = Vector512.FusedMultiplyAdd(square, Vector512.Create(-0.5f), p);
        return Vector512.FusedMultiplyAdd(n, Vector512.Create(0.693359375f), f + p);
    }

    /// <summary>1 / x; in single precision, where there is an instruction for it, by one step of Newton's from 14 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<T> Inverse<T>(Vector512<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) != typeof(float) || !Avx512F.IsSupported)
            return Vector512<T>.One / x;
        var rough = Avx512F.Reciprocal14(x.AsSingle());
        var rest = Vector512.FusedMultiplyAdd(-x.AsSingle(), rough, Vector512<float>.One);
        return Vector512.FusedMultiplyAdd(rough, rest, rough).As<float, T>();
    }

    /// <summary>log(1 + x), accurate also where 1 + x is 1: .NET's own is not (Kahan's correction of the rounded sum).</summary>
    internal static T LogP1<T>(T x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LogP1(Vector512.Create(x))[0];

    /// <inheritdoc cref="LogP1{T}(T)"/>
    internal static Vector512<T> LogP1<T>(Vector512<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var sum = Vector512<T>.One + x;
        var corrected = Log(sum) * (x / (sum - Vector512<T>.One));
        return Vector512.ConditionalSelect(Vector512.Equals(sum, Vector512<T>.One), x, corrected);
    }
}
