using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.Adaptive.AdaptiveEstimatorTests;

namespace DiscreteGradients.Tests.Adaptive;

public class ReinforceBaselineTests
{
    [Fact]
    public void A_moving_average_lowers_the_variance_where_f_has_a_mean()
    {
        using var scope = NewDisposeScope();
        var estimator = new ReinforceBaseline();
        Tensor F(Tensor z) => VarianceTests.Cubic(z) + 10;
        var logits = Conformance.Logits([1, 6, 2]);
        estimator.Prepare(6, 2, Conformance.Seeded());

        Train(estimator, logits, F, steps: 20, rate: 0);

        var without = GradientQuality.Measure(new Reinforce(), logits, F, draws: 4_000, Conformance.Seeded()).StandardDeviation;
        var with = GradientQuality.Measure(estimator, logits, F, draws: 4_000, Conformance.Seeded()).StandardDeviation;
        Assert.True(with.Value < without.Value / 3, $"{without} → {with}");
    }

    [Fact]
    public void The_baseline_is_the_average_of_earlier_calls_only()
    {
        using var scope = NewDisposeScope();
        var estimator = new ReinforceBaseline(Samples: 2, Decay: 0.5);
        estimator.Prepare(2, 2);
        var logits = Conformance.Logits([3, 2, 2]);
        var score = OneHot.Sample(logits, 2, generator: Conformance.Seeded()) - logits.softmax(-1);
        Tensor Gradient(double value)
        {
            var leaf = logits.clone().requires_grad_(true);
            var f = estimator.Estimate(leaf, z => zeros(z.shape[..^2], ScalarType.Float64) + value, Conformance.Seeded());
            return autograd.grad([f.sum()], [leaf])[0];
        }

        // Values 8, 4, 1: baselines 0, 8, and (8/4 + 4/2)/(1/4 + 1/2).
        foreach (var (value, baseline) in new[] { (8.0, 0.0), (4, 8), (1, 4 / 0.75) })
            Assert.True((Gradient(value) - ((value - baseline) * score.mean([0]))).abs().max().item<double>() < 1e-12);
    }
}
