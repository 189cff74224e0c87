using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;

namespace DiscreteGradients.Fused;

/// <summary>
/// KL(p ‖ uniform) of rows of logits, in double precision. With t = log K p it is the mean of 1 + (t − 1) eᵗ over the K categories. No term is
/// negative, so nothing cancels near the uniform distribution, where log K less the entropy is a difference of nearly equal numbers; and an
/// error of log K is multiplied by the divergence itself.
/// </summary>
internal static class UniformDivergence
{
    /// <summary>Below this the terms are summed as series.</summary>
    internal const double Small = 0.5;

    /// <summary>(1 + (t − 1) eᵗ) / t² = Σ tⁿ / ((n + 2) n!).</summary>
    internal static readonly double[] Excess = Coefficients(n => n + 2);

    /// <summary>(eˣ − 1) / x = Σ xⁿ / ((n + 1) n!).</summary>
    private static readonly double[] Growth = Coefficients(n => n + 1);

    /// <summary>
    /// The divergences of a block of rows [rows, K]; for each row also the largest logit, Σ w and Σ w (logit − largest) / Σ w for
    /// w = exp(logit − largest), as the states of <see cref="FusedStatistic"/> have them.
    /// </summary>
    internal static void Of<T>(ReadOnlySpan<T> logits, int categories, Span<T> divergences, Span<T> states)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var rented = ArrayPool<double>.Shared.Rent(2 * logits.Length);
        var below = rented.AsSpan(0, logits.Length);
        var weights = rented.AsSpan(logits.Length, logits.Length);
        TensorPrimitives.ConvertTruncating(logits, below);
        for (var row = 0; row < divergences.Length; row++)
        {
            var of = below.Slice(row * categories, categories);
            states[3 * row] = Rows.Largest(logits.Slice(row * categories, categories));
            Rows.Shift(of, double.CreateTruncating(states[3 * row]), 1, of);
        }

        below.CopyTo(weights);
        Elementary.Exp(weights);
        for (var row = 0; row < divergences.Length; row++)
        {
            var (divergence, total, logMean) = Of(below.Slice(row * categories, categories), weights.Slice(row * categories, categories));
            divergences[row] = T.CreateTruncating(divergence);
            states[(3 * row) + 1] = T.CreateTruncating(1 / total);
            states[(3 * row) + 2] = T.CreateTruncating(divergence + logMean);
        }

        ArrayPool<double>.Shared.Return(rented);
    }

    private static (double Divergence, double Total, double LogMean) Of(ReadOnlySpan<double> below, ReadOnlySpan<double> weights)
    {
        var categories = below.Length;
        if (TensorPrimitives.Min(below) > -Small)
        {
            var growth = Sum(below, 0, 1, Growth);
            var near = Elementary.LogP1(growth / categories);
            return (Sum(below, near, 2, Excess) / categories, categories + growth, near);
        }

        var total = Rows.Sum(weights);
        var logMean = Math.Log(total / categories);
        return (Sum(below, weights, logMean + 1, categories / total) / categories, total, logMean);
    }

    /// <summary>Σ (x − shift)^power · series(x − shift).</summary>
    private static double Sum(ReadOnlySpan<double> x, double shift, int power, ReadOnlySpan<double> series)
    {
        Span<double> rest = stackalloc double[Vector<double>.Count];
        rest.Fill(shift);  // adds nothing
        x[(x.Length / rest.Length * rest.Length)..].CopyTo(rest);

        var (shifts, sums) = (new Vector<double>(shift), Vector<double>.Zero);
        for (var k = 0; k < x.Length; k += rest.Length)
        {
            var from = (k + rest.Length <= x.Length ? new Vector<double>(x[k..]) : new Vector<double>(rest)) - shifts;
            var sum = new Vector<double>(series[^1]);
            for (var n = series.Length - 2; n >= 0; n--)
                sum = Vector.FusedMultiplyAdd(sum, from, new Vector<double>(series[n]));
            sums += power == 1 ? sum * from : sum * from * from;
        }

        return Vector.Sum(sums);
    }

    /// <summary>Σ 1 + (x − shift) · scale · weight, one where the weight is zero.</summary>
    private static double Sum(ReadOnlySpan<double> x, ReadOnlySpan<double> weights, double shift, double scale)
    {
        var (lowest, shifts, scales) = (new Vector<double>(-1e30), new Vector<double>(shift), new Vector<double>(scale));
        var sums = Vector<double>.Zero;
        var k = 0;
        for (; k <= x.Length - Vector<double>.Count; k += Vector<double>.Count)
            sums += Vector<double>.One + ((Vector.MaxNative(lowest, new Vector<double>(x[k..])) - shifts) * new Vector<double>(weights[k..]) * scales);

        var sum = Vector.Sum(sums);
        for (; k < x.Length; k++)
            sum += 1 + ((double.MaxNative(lowest[0], x[k]) - shift) * weights[k] * scale);
        return sum;
    }

    /// <summary>1 / (factor(n) n!), as many as single terms of size <see cref="Small"/> need in double precision.</summary>
    private static double[] Coefficients(Func<int, double> factor)
    {
        var coefficients = new double[16];
        for (var (n, factorial) = (0, 1.0); n < coefficients.Length; factorial *= ++n)
            coefficients[n] = 1 / (factor(n) * factorial);
        return coefficients;
    }
}
