namespace DiscreteGradients;

/// <summary>A measured number with its standard error.</summary>
public readonly record struct Measured(double Value, double StandardError)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Value:g4} ± {StandardError:g2}");
}

/// <summary>
/// How good an estimator's gradient is for one objective. With g the gradient estimates (all entries of the logits as one vector),
/// ḡ their mean and G the exact gradient. Standard errors are grouped jackknife estimates.
/// </summary>
public sealed record QualityReport
{
    /// <summary>‖ḡ − G‖. Never negative, so an unbiased estimator shows about <see cref="BiasFloor"/>.</summary>
    public required Measured Bias { get; init; }

    /// <summary>‖ḡ − G‖ / ‖G‖.</summary>
    public required Measured RelativeBias { get; init; }

    /// <summary>√ of the summed variances of the entries of g: the root mean square of ‖g − E g‖.</summary>
    public required Measured StandardDeviation { get; init; }

    /// <summary>Mean of ‖g − G‖².</summary>
    public required Measured MeanSquaredError { get; init; }

    /// <summary>⟨ḡ, G⟩ / (‖ḡ‖ ‖G‖).</summary>
    public required Measured Cosine { get; init; }

    /// <summary>The bias that Monte Carlo noise alone shows: standard deviation / √draws.</summary>
    public required double BiasFloor { get; init; }

    /// <summary>The largest |ḡᵢ − Gᵢ| in standard errors of ḡᵢ. Beyond about 5 the estimator is biased.</summary>
    public required double LargestZ { get; init; }

    /// <summary>‖G‖.</summary>
    public required double ExactNorm { get; init; }

    /// <summary>Gradient estimates drawn.</summary>
    public required int Draws { get; init; }

    /// <summary>Rows of f per example and draw.</summary>
    public required long Evaluations { get; init; }
}

/// <summary>Checks an estimator against the exact gradient of the user's own objective.</summary>
public static class GradientQuality
{
    private const int Groups = 32;
    private const long ElementsAtOnce = 1 << 18;

    /// <summary>Draws gradient estimates of E[f(z)] and compares them with enumeration.</summary>
    /// <param name="estimator">The estimator to measure.</param>
    /// <param name="logits">Unnormalised log-probabilities [B.., L, K]; float64 for small biases. Not changed.</param>
    /// <param name="f">
    /// The objective, [S.., B.., L, K] → [S.., B..], as for <see cref="GradientEstimator.Estimate"/>: draws are leading sample axes.
    /// Parameters inside it get no gradient.
    /// </param>
    /// <param name="draws">Gradient estimates, at least 2.</param>
    /// <param name="generator">Source of randomness; null means TorchSharp's default generator.</param>
    /// <param name="maximumStates">The largest K^L that is enumerated for the exact gradient.</param>
    /// <exception cref="ArgumentException">Fewer than 2 draws, too many states, or bad logits.</exception>
    public static QualityReport Measure(
        GradientEstimator estimator,
        Tensor logits,
        Func<Tensor, Tensor> f,
        int draws = 10_000,
        Generator? generator = null,
        long maximumStates = 65_536)
    {
        Check.Given(estimator);
        Check.Logits(logits, "[..., latents, categories]", minimumRank: 2);
        Check.Categories(estimator, logits);
        Check.Given(f);
        Check.AtLeast(2, draws);
        Check.Generator(generator, logits);
        if (logits.numel() == 0)
        {
            var missing = logits.size(-2) == 0 ? "latent" : "example";
            throw new ArgumentException($"logits must have at least one {missing}; got {Check.Shape(logits)}.", nameof(logits));
        }

        var exact = Gradient(new ExactEnumeration(maximumStates).Under(estimator.Law()), logits.detach().clone(), f, generator);
        var groups = Math.Min(Groups, draws);
        var parts = Enumerable.Range(0, groups)
            .Select(g => Draw(estimator, exact, logits, f, (int)(((long)draws * (g + 1) / groups) - ((long)draws * g / groups)), generator))
            .ToArray();
        return Report(exact, parts, estimator.Evaluations(logits.shape[^2], logits.shape[^1]));
    }

    private static double[] Gradient(GradientEstimator estimator, Tensor leaf, Func<Tensor, Tensor> f, Generator? generator)
    {
        using var scope = NewDisposeScope();
        leaf.requires_grad_(true);
        var gradient = Derivatives.Of(estimator.Estimate(leaf, f, generator), [leaf])[0] ?? zeros_like(leaf);
        return gradient.to_type(ScalarType.Float64).cpu().contiguous().data<double>().ToArray();
    }

    private static Moments Draw(
        GradientEstimator estimator, double[] exact, Tensor logits, Func<Tensor, Tensor> f, int draws, Generator? generator)
    {
        var moments = new Moments((int)logits.numel());
        var atOnce = (int)Math.Max(1, ElementsAtOnce / (logits.numel() * estimator.Evaluations(logits.shape[^2], logits.shape[^1])));
        for (var done = 0; done < draws; done += atOnce)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(atOnce, draws - done);
            var copies = logits.detach().expand([count, .. logits.shape]).clone();  // independent leaves: one gradient each
            moments.Add(Gradient(estimator, copies, f, generator), exact);
        }

        return moments;
    }

    private static QualityReport Report(double[] exact, Moments[] parts, long evaluations)
    {
        var all = parts.Aggregate((a, b) => a.Plus(b));
        var norm = Math.Sqrt(exact.Sum(g => g * g));

        double Bias(Moments m) => Math.Sqrt(m.Mean.Sum(e => e * e));
        double Deviation(Moments m) => Math.Sqrt(m.Variance.Sum());
        double Cosine(Moments m)
        {
            var mean = m.Mean.Zip(exact, (error, g) => error + g).ToArray();
            return mean.Zip(exact, (a, b) => a * b).Sum() / (norm * Math.Sqrt(mean.Sum(g => g * g)));
        }

        Measured Jackknife(Func<Moments, double> statistic)
        {
            var without = parts.Select(part => statistic(all.Plus(part, -1))).ToArray();
            var mean = without.Average();
            return new(statistic(all), Math.Sqrt(without.Sum(v => (v - mean) * (v - mean)) * (parts.Length - 1) / parts.Length));
        }

        var deviation = Jackknife(Deviation);
        return new QualityReport
        {
            Bias = Jackknife(Bias),
            RelativeBias = Jackknife(m => Bias(m) / norm),
            StandardDeviation = deviation,
            MeanSquaredError = Jackknife(m => m.MeanSquare.Sum()),
            Cosine = Jackknife(Cosine),
            BiasFloor = deviation.Value / Math.Sqrt(all.Count),
            LargestZ = LargestZ(all, norm),
            ExactNorm = norm,
            Draws = all.Count,
            Evaluations = evaluations,
        };
    }

    private static double LargestZ(Moments all, double norm)
    {
        var (mean, variance) = (all.Mean, all.Variance);
        var rounding = 1e-13 * norm;
        return mean.Select((error, i) => Math.Abs(error) <= rounding ? 0 : Math.Abs(error) / Math.Sqrt(variance[i] / all.Count)).Max();
    }

    /// <summary>Sums over draws of the errors g − G and of their squares, entry by entry.</summary>
    private sealed class Moments
    {
        private readonly double[] _sum;
        private readonly double[] _squares;

        internal Moments(int size) => (_sum, _squares) = (new double[size], new double[size]);

        private Moments(int count, double[] sum, double[] squares) => (Count, _sum, _squares) = (count, sum, squares);

        internal int Count { get; private set; }

        internal double[] Mean => [.. _sum.Select(s => s / Count)];

        internal double[] MeanSquare => [.. _squares.Select(s => s / Count)];

        /// <summary>Unbiased; not below zero.</summary>
        internal double[] Variance =>
            [.. _sum.Zip(_squares, (s, q) => Math.Max(0, q - (s * s / Count)) / Math.Max(1, Count - 1))];

        internal void Add(double[] gradients, double[] exact)
        {
            for (var i = 0; i < gradients.Length; i++)
            {
                var entry = i % exact.Length;
                var error = gradients[i] - exact[entry];
                _sum[entry] += error;
                _squares[entry] += error * error;
            }

            Count += gradients.Length / exact.Length;
        }

        internal Moments Plus(Moments other, int sign = 1) => new(
            Count + (sign * other.Count),
            [.. _sum.Zip(other._sum, (a, b) => a + (sign * b))],
            [.. _squares.Zip(other._squares, (a, b) => a + (sign * b))]);
    }
}
