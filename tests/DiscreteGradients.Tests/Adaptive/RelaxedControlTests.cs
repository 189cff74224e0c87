using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.Adaptive.AdaptiveEstimatorTests;

namespace DiscreteGradients.Tests.Adaptive;

public class RelaxedControlTests
{
    /// <summary>Before it the conformance suite says so; the others need no draws.</summary>
    [Theory]
    [InlineData("rebar")]
    [InlineData("relax")]
    public void The_sampled_gradient_has_no_bias_after_learning_either(string name)
    {
        using var scope = NewDisposeScope();
        var estimator = Create(name);
        var f = Objectives.Of("mlp", 6);
        var logits = Conformance.Logits([1, 2, 3]);
        Learn(estimator, logits, f);

        Assert.InRange(GradientQuality.Measure(estimator, logits, f, draws: 8_000, Conformance.Seeded()).LargestZ, 0, 5);
    }

    [Theory]
    [InlineData("rebar")]
    [InlineData("relax")]
    public void A_temperature_that_was_learnt_too_far_stays_in_the_supported_range(string name)
    {
        using var scope = NewDisposeScope();
        foreach (var dtype in new[] { ScalarType.Float32, ScalarType.Float64 })
        {
            foreach (var logTemperature in new[] { -1e3, -90, 90, 1e3 })
            {
                var estimator = Create(name);
                using (no_grad())
                    estimator.Learnt.get_parameter("log_temperature")!.fill_(logTemperature);
                var logits = Conformance.Logits([20, 2, 3], dtype);
                logits[TensorIndex.Ellipsis, 1] = double.NegativeInfinity;
                logits.requires_grad_();

                var value = estimator.Estimate(logits, z => z.pow(2).sum([-2, -1]), Conformance.Seeded()).sum();
                value.backward();

                Assert.True(value.isfinite().item<bool>());
                Assert.True(logits.grad!.isfinite().all().item<bool>());
                Assert.All(estimator.Learnt.parameters(), parameter => Assert.True(parameter.grad!.isfinite().all().item<bool>()));
            }
        }
    }
}
