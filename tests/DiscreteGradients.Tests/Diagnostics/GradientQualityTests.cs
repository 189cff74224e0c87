using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

public class GradientQualityTests
{
    [Fact]
    public void The_exact_gradient_has_no_error()
    {
        using var scope = NewDisposeScope();
        var report = GradientQuality.Measure(
            new ExactEnumeration(), Conformance.Logits([2, 2, 3]), Conformance.Polynomial(3, 6), draws: 10);

        Assert.InRange(report.Bias.Value, 0, 1e-13);
        Assert.InRange(report.StandardDeviation.Value, 0, 1e-6);
        Assert.Equal(1, report.Cosine.Value, 1e-14);
        Assert.Equal(0, report.LargestZ);
        Assert.Equal(9, report.Evaluations);
    }

    /// <summary>One latent, two categories, straight-through: everything has a closed form.</summary>
    [Fact]
    public void Every_statistic_agrees_with_its_closed_form()
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        const int Draws = 40_000;
        var logits = tensor(new[,] { { 0.4, -0.3 } });
        static Tensor F(Tensor z) => z[TensorIndex.Ellipsis, 0, 0].pow(3) * 2;

        var report = GradientQuality.Measure(new StraightThrough(), logits, F, Draws, generator);

        // f(1) − f(0) = 2; the slope is 6 at z = 1 and 0 at z = 0. With p = P(z = 1), J = p(1 − p) (1, −1).
        var p = 1 / (1 + Math.Exp(-0.7));
        var j = p * (1 - p) * Math.Sqrt(2);
        Near(report.Bias, Math.Abs((6 * p) - 2) * j);
        Near(report.RelativeBias, Math.Abs((6 * p) - 2) / 2);
        Near(report.StandardDeviation, 6 * Math.Sqrt(p * (1 - p)) * j);
        Near(report.MeanSquaredError, ((p * 16) + ((1 - p) * 4)) * j * j);
        Assert.Equal(1, report.Cosine.Value, 1e-12);
        Assert.Equal(2 * j, report.ExactNorm, 1e-12);
        Assert.True(report.LargestZ > 100);
        Assert.Equal(report.StandardDeviation.Value / Math.Sqrt(Draws), report.BiasFloor, 1e-12);
    }

    [Fact]
    public void Standard_errors_cover_the_spread_of_repeated_measurements()
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        var logits = Conformance.Logits([2, 3]);
        var reports = Enumerable.Range(0, 40)
            .Select(_ => GradientQuality.Measure(new StraightThrough(), logits, Conformance.Polynomial(3, 6), 640, generator))
            .ToList();

        Func<QualityReport, Measured>[] statistics = [r => r.Bias, r => r.StandardDeviation, r => r.MeanSquaredError];
        foreach (var statistic in statistics)
        {
            var values = reports.Select(r => statistic(r).Value).ToList();
            var spread = Math.Sqrt(values.Sum(v => Math.Pow(v - values.Average(), 2)) / (values.Count - 1));
            var claimed = reports.Average(r => statistic(r).StandardError);
            Assert.InRange(claimed / spread, 0.6, 1.7);
        }
    }

    [Fact]
    public void Parameters_of_f_and_the_logits_are_left_without_gradients()
    {
        using var scope = NewDisposeScope();
        var weight = ones(3, ScalarType.Float64).requires_grad_(true);
        var logits = Conformance.Logits([2, 3]).requires_grad_(true);

        GradientQuality.Measure(new ReinMax(), logits, z => (z * weight).pow(2).sum([-2, -1]), draws: 100);

        Assert.Null(weight.grad);
        Assert.Null(logits.grad);
    }

    [Fact]
    public void Bad_requests_are_refused_in_words()
    {
        using var scope = NewDisposeScope();
        Func<Tensor, Tensor> f = z => z.sum([-2, -1]);
        Conformance.Refused("draws must be at least 2; got 1.", () => GradientQuality.Measure(new ReinMax(), zeros(2, 3), f, draws: 1));
        Conformance.Refused(
            "logits must have at least one example; got [0, 2, 3].", () => GradientQuality.Measure(new ReinMax(), zeros(0, 2, 3), f));
        Conformance.Refused(
            "exact enumeration is limited to 65536 states; 40 latents of 3 categories have more than 9e18. "
            + "Use fewer latents or raise MaximumStates.",
            () => GradientQuality.Measure(new ReinMax(), zeros(40, 3), f));
    }

    private static void Near(Measured measured, double expected) =>
        Assert.True(Math.Abs(measured.Value - expected) < 5 * measured.StandardError, $"{measured} against {expected}");
}
