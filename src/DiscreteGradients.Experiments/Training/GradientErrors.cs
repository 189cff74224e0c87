namespace DiscreteGradients.Experiments;

/// <summary>
/// How far an estimator's gradient is from the exact one G. ḡ is the mean and s the standard deviation, entry by entry, of the estimates
/// for one model; norms are over everything together.
/// </summary>
/// <param name="Cosine">⟨ḡ, G⟩ / (‖ḡ‖ ‖G‖).</param>
/// <param name="Bias">‖ḡ − G‖ / ‖G‖.</param>
/// <param name="BiasOfMean">‖ḡ − G‖ / ‖ḡ‖.</param>
/// <param name="Deviation">‖s‖ / ‖ḡ‖.</param>
internal readonly record struct GradientErrors(double Cosine, double Bias, double BiasOfMean, double Deviation)
{
    /// <summary>The errors, a number for each method.</summary>
    internal static IReadOnlyList<Metric> Metrics { get; } =
    [
        new Metric("cosine", "cosine", Direction.Higher) { Place = MetricPlace.Parts },
        new Metric("bias", "bias", Direction.Lower) { Place = MetricPlace.Parts, IsReported = false },
        new Metric("bias_approx", "bias approx", Direction.Lower) { Place = MetricPlace.Parts, IsReported = false },
        new Metric("std", "std", Direction.Lower) { Place = MetricPlace.Parts, IsReported = false },
    ];

    /// <summary>The errors of a mean ḡ, with G, both float64, and ‖s‖².</summary>
    internal static GradientErrors Of(Tensor mean, Tensor exact, double variance)
    {
        using var scope = NewDisposeScope();
        var (error, meanNorm, exactNorm) = (Norm(mean - exact), Norm(mean), Norm(exact));
        return new GradientErrors(
            (mean * exact).sum().item<double>() / (meanNorm * exactNorm), error / exactNorm, error / meanNorm,
            Math.Sqrt(Math.Max(0, variance)) / meanNorm);
    }

    /// <summary>Adds them to the numbers of an epoch, as <see cref="Metrics"/> has them.</summary>
    internal void AddTo(Dictionary<string, double> numbers, string method)
    {
        numbers.Add($"cosine/{method}", Cosine);
        numbers.Add($"bias/{method}", Bias);
        numbers.Add($"bias_approx/{method}", BiasOfMean);
        numbers.Add($"std/{method}", Deviation);
    }

    private static double Norm(Tensor tensor) => tensor.square().sum().sqrt().item<double>();
}
