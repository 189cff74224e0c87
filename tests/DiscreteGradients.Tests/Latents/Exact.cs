using System.Globalization;

namespace DiscreteGradients.Tests;

/// <summary>Elementary functions with 28 digits, by their series: what floating-point formulas are held against.</summary>
internal static class Exact
{
    /// <summary>KL(p ‖ uniform) of a row of logits.</summary>
    internal static double DivergenceFromUniform(double[] logits)
    {
        var all = logits.Select(Number).ToArray();
        var largest = all.Max();
        var weights = all.Select(logit => Exp(logit - largest)).ToArray();
        var mean = weights.Sum() / logits.Length;
        return (double)(weights.Sum(weight => weight / mean * Log(weight / mean)) / logits.Length);
    }

    /// <summary>All digits of a number; a cast would keep 15.</summary>
    internal static decimal Number(double x) =>
        decimal.Parse(x.ToString("F26", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    internal static decimal Exp(decimal x)
    {
        if (x < 0)
            return 1 / Exp(-x);
        var (sum, term) = (1m, 1m);
        for (var n = 1; term > 0; n++)
            sum += term *= x / n;
        return sum;
    }

    internal static decimal Log(decimal x)
    {
        var y = (decimal)Math.Log((double)x);
        for (var step = 0; step < 2; step++)
            y += (x * Exp(-y)) - 1;  // Newton's
        return y;
    }
}
