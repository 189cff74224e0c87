using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Fused;

/// <summary>Numbers of as many rows as a vector has lanes, in float64: one vector of them for float64 rows, two for float32.</summary>
internal readonly struct DoubleLanes<T>(Vector512<double> low, Vector512<double> high)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal Vector512<double> Low { get; } = low;

    /// <summary>The second half of the lanes of float32.</summary>
    internal Vector512<double> High { get; } = high;

    private static bool Two => typeof(T) == typeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static DoubleLanes<T> Of(Vector512<T> values) => Two
        ? new(Vector512.WidenLower(values.AsSingle()), Vector512.WidenUpper(values.AsSingle()))
        : new(values.AsDouble(), default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleLanes<T> operator +(DoubleLanes<T> a, DoubleLanes<T> b) => new(a.Low + b.Low, Two ? a.High + b.High : default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleLanes<T> operator -(DoubleLanes<T> a, DoubleLanes<T> b) => new(a.Low - b.Low, Two ? a.High - b.High : default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleLanes<T> operator *(DoubleLanes<T> a, DoubleLanes<T> b) => new(a.Low * b.Low, Two ? a.High * b.High : default);

    /// <summary>1 / x, rounded to T last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Vector512<T> Inverse() =>
        new DoubleLanes<T>(Vector512<double>.One / Low, Two ? Vector512<double>.One / High : default).Round();

    /// <summary>The lanes rounded to T.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Vector512<T> Round() => Two ? Vector512.Narrow(Low, High).As<float, T>() : Low.As<double, T>();

    /// <summary>One where the lane is not above that of the threshold, else zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal DoubleLanes<T> NotAbove(DoubleLanes<T> threshold) =>
        new(NotAbove(Low, threshold.Low), Two ? NotAbove(High, threshold.High) : default);

    /// <summary>These lanes where <see cref="NotAbove(DoubleLanes{T})"/> said one, else the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal DoubleLanes<T> Where(DoubleLanes<T> condition, DoubleLanes<T> others) => new(
        Vector512.ConditionalSelect(Vector512.Equals(condition.Low, Vector512<double>.One), Low, others.Low),
        Two ? Vector512.ConditionalSelect(Vector512.Equals(condition.High, Vector512<double>.One), High, others.High) : default);

    /// <summary>Whether every lane is a finite number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool AllFinite()
    {
        var zeros = Low - Low;
        if (Two)
            zeros += High - High;
        return Vector512.EqualsAll(zeros, Vector512<double>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> NotAbove(Vector512<double> values, Vector512<double> threshold) =>
        Vector512.ConditionalSelect(Vector512.GreaterThan(values, threshold), Vector512<double>.Zero, Vector512<double>.One);
}
