using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Fused;

/// <summary>
/// KL(p ‖ uniform) of rows of logits, in double precision. With t = log K p it is the mean of 1 + (t − 1) eᵗ over the K categories. No term
/// is negative, so nothing cancels near the uniform distribution, where log K less the entropy is a difference of nearly equal numbers; and
/// an error of log K is multiplied by the divergence itself.
/// </summary>
internal static class UniformDivergence
{
    /// <summary>Below this the terms are summed as series.</summary>
    internal const double Small = 0.5;

    /// <summary>Terms of the series that one rounding of float32 needs, and of float64.</summary>
    private const int Single = 9;

    /// <inheritdoc cref="Single"/>
    private const int Double = 16;

    /// <summary>(1 + (t − 1) eᵗ) / t² = Σ tⁿ / ((n + 2) n!).</summary>
    internal static readonly double[] Excess = Coefficients(n => n + 2);

    /// <summary>(eˣ − 1) / x = Σ xⁿ / ((n + 1) n!).</summary>
    private static readonly double[] Growth = Coefficients(n => n + 1);

    /// <summary>
    /// The divergences of rows [rows, K]; for each row also the largest logit, 1 / Σ w and Σ w (logit − largest) / Σ w for
    /// w = exp(logit − largest).
    /// </summary>
    internal static unsafe void Of<T>(T* logits, int rows, int categories, T* divergences, FusedStatistic.Numbers<T> states)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (categories <= RowLayout.ShortRow)
        {
            Tile<T>.For(rows, categories, tile => OfTile(tile, logits, divergences, states));
            return;
        }

        Blocks.For(rows, categories, (first, count) => OfLong(
            new ReadOnlySpan<T>(logits + ((long)first * categories), count * categories), categories,
            new Span<T>(divergences + first, count), states, first));
    }

    private static unsafe void OfTile<T>(Tile<T> tile, T* logits, T* divergences, FusedStatistic.Numbers<T> states)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        tile.Load(0, logits);
        var largest = tile.Largest(0);
        var low = OfHalf(tile, largest, high: false);
        var high = typeof(T) == typeof(float) ? OfHalf(tile, largest, high: true) : default;
        var total = new DoubleLanes<T>(low.Total, high.Total);
        if (!total.AllFinite())
            throw tile.Refused(logits);
        var divergence = new DoubleLanes<T>(low.Divergence, high.Divergence);
        tile.SetNumbers(divergences, divergence.Round());
        states.Set(tile, largest, total.Inverse(), (divergence + new DoubleLanes<T>(low.LogMean, high.LogMean)).Round());
    }

    /// <summary>As many rows as a vector has lanes of float64: all of a tile, or half of one of float32.</summary>
    private static unsafe (Vector512<double> Divergence, Vector512<double> Total, Vector512<double> LogMean) OfHalf<T>(
        Tile<T> tile, Vector512<T> largest, bool high)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var below = (Vector512<double>*)tile.Room(1);
        var weights = (Vector512<double>*)tile.Room(2);
        var (top, lowest) = (Half(largest), Vector512<double>.Zero);
        for (var k = 0; k < tile.Categories; k++)
        {
            below[k] = Half(tile[0, k]) - top;
            lowest = Vector512.MinNative(lowest, below[k]);
        }

        var near = Vector512.GreaterThan(lowest, Vector512.Create(-Small));
        if (near.AsInt64() == Vector512<long>.AllBitsSet)
            return Near(below, tile.Categories, typeof(T) == typeof(float) ? Single : Double);
        var far = Far(below, weights, tile.Categories);
        if (near.AsInt64() == Vector512<long>.Zero)
            return far;
        var (divergence, total, logMean) = Near(below, tile.Categories, typeof(T) == typeof(float) ? Single : Double);
        return (
            Vector512.ConditionalSelect(near, divergence, far.Divergence),
            Vector512.ConditionalSelect(near, total, far.Total),
            Vector512.ConditionalSelect(near, logMean, far.LogMean));

        Vector512<double> Half(Vector512<T> values) => high ? DoubleLanes<T>.Of(values).High : DoubleLanes<T>.Of(values).Low;
    }

    /// <summary>Of rows that are nearly uniform, [K, rows].</summary>
    private static unsafe (Vector512<double> Divergence, Vector512<double> Total, Vector512<double> LogMean) Near(
        Vector512<double>* below, int categories, int terms)
    {
        var count = Vector512.Create((double)categories);
        var (growth, sum) = (Vector512<double>.Zero, Vector512<double>.Zero);
        for (var k = 0; k < categories; k++)
            growth += Term(below[k], Growth.AsSpan(0, terms), square: false);
        var logMean = Elementary.LogP1(growth / count);
        for (var k = 0; k < categories; k++)
            sum += Term(below[k] - logMean, Excess.AsSpan(0, terms), square: true);
        return (sum / count, count + growth, logMean);
    }

    /// <summary>Of rows that are not, [K, rows].</summary>
    private static unsafe (Vector512<double> Divergence, Vector512<double> Total, Vector512<double> LogMean) Far(
        Vector512<double>* below, Vector512<double>* weights, int categories)
    {
        var count = Vector512.Create((double)categories);
        var (total, sum) = (Vector512<double>.Zero, Vector512<double>.Zero);
        for (var k = 0; k < categories; k++)
        {
            weights[k] = Elementary.Exp(below[k]);
            total += weights[k];
        }

        var logMean = Elementary.Log(total / count);
        var (shift, scale) = (logMean + Vector512<double>.One, count / total);
        for (var k = 0; k < categories; k++)
            sum += Vector512<double>.One + ((Rows.Finite(below[k]) - shift) * weights[k] * scale);
        return (sum / count, total, logMean);
    }

    private static void OfLong<T>(
        ReadOnlySpan<T> logits, int categories, Span<T> divergences, FusedStatistic.Numbers<T> states, int firstRow)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var rented = ArrayPool<double>.Shared.Rent(2 * logits.Length);
        var below = rented.AsSpan(0, logits.Length);
        var weights = rented.AsSpan(logits.Length, logits.Length);
        TensorPrimitives.ConvertTruncating(logits, below);
        for (var row = 0; row < divergences.Length; row++)
        {
            var of = below.Slice(row * categories, categories);
            var largest = Rows.Largest(logits.Slice(row * categories, categories));
            Rows.Shift(of, double.CreateTruncating(largest), 1, of);
            states[firstRow + row] = (largest, default, default);
        }

        var near = TensorPrimitives.Min<double>(below) > -Small;  // all rows, and no exponential is needed
        if (!near)
        {
            below.CopyTo(weights);
            Elementary.Exp(weights);
        }

        var terms = typeof(T) == typeof(float) ? Single : Double;
        for (var row = 0; row < divergences.Length; row++)
        {
            var of = below.Slice(row * categories, categories);
            var (divergence, total, logMean) = near || TensorPrimitives.Min<double>(of) > -Small
                ? Near(of, terms)
                : Far(of, weights.Slice(row * categories, categories));
            if (!double.IsFinite(total))
                throw RowSampler<T>.Refused(logits.Slice(row * categories, categories), firstRow + row);
            divergences[row] = T.CreateTruncating(divergence);
            var largest = states[firstRow + row].Largest;
            states[firstRow + row] = (largest, T.CreateTruncating(1 / total), T.CreateTruncating(divergence + logMean));
        }

        ArrayPool<double>.Shared.Return(rented);
    }

    private static (double Divergence, double Total, double LogMean) Near(ReadOnlySpan<double> below, int terms)
    {
        var growth = Sum(below, 0, Growth.AsSpan(0, terms), square: false);
        var logMean = Elementary.LogP1(growth / below.Length);
        return (Sum(below, logMean, Excess.AsSpan(0, terms), square: true) / below.Length, below.Length + growth, logMean);
    }

    private static (double Divergence, double Total, double LogMean) Far(ReadOnlySpan<double> below, ReadOnlySpan<double> weights)
    {
        var total = Rows.Sum(weights);
        var logMean = Math.Log(total / below.Length);
        var (lowest, shift, scale) = (-1e30, logMean + 1, below.Length / total);  // −∞ times a weight of zero would be NaN
        var sums = Vector512<double>.Zero;
        var k = 0;
        for (; k <= below.Length - Vector512<double>.Count; k += Vector512<double>.Count)
        {
            var t = Vector512.MaxNative(Vector512.Create(lowest), Rows.Load(below, k)) - Vector512.Create(shift);
            sums += Vector512<double>.One + (t * Rows.Load(weights, k) * Vector512.Create(scale));
        }

        var sum = Vector512.Sum(sums);
        for (; k < below.Length; k++)
            sum += 1 + ((double.MaxNative(lowest, below[k]) - shift) * weights[k] * scale);
        return (sum / below.Length, total, logMean);
    }

    /// <summary>Σ t series(t), or t² series(t), for t = x − shift.</summary>
    private static double Sum(ReadOnlySpan<double> x, double shift, ReadOnlySpan<double> series, bool square)
    {
        var sums = Vector512<double>.Zero;
        var k = 0;
        for (; k <= x.Length - Vector512<double>.Count; k += Vector512<double>.Count)
            sums += Term(Rows.Load(x, k) - Vector512.Create(shift), series, square);
        if (k < x.Length)
        {
            Span<double> rest = stackalloc double[Vector512<double>.Count];
            rest.Fill(shift);  // adds nothing
            x[k..].CopyTo(rest);
            sums += Term(Vector512.Create<double>(rest) - Vector512.Create(shift), series, square);
        }

        return Vector512.Sum(sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Term(Vector512<double> t, ReadOnlySpan<double> series, bool square)
    {
        var sum = Vector512.Create(series[^1]);
        for (var n = series.Length - 2; n >= 0; n--)
            sum = Vector512.FusedMultiplyAdd(sum, t, Vector512.Create(series[n]));
        return square ? sum * t * t : sum * t;
    }

    /// <summary>1 / (factor(n) n!), for n from 0.</summary>
    private static double[] Coefficients(Func<int, double> factor)
    {
        var coefficients = new double[Double];
        for (var (n, factorial) = (0, 1.0); n < coefficients.Length; factorial *= ++n)
            coefficients[n] = 1 / (factor(n) * factorial);
        return coefficients;
    }
}
