using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.Adaptive.AdaptiveEstimatorTests;

namespace DiscreteGradients.Tests.Adaptive;

public class RodeoTests
{
    [Theory]
    [InlineData("a", 2)]
    [InlineData("a", 3)]
    [InlineData("b", 2)]
    [InlineData("b", 3)]
    public void What_the_Stein_operator_adds_has_zero_mean_and_is_not_zero(string weight, int categories)
    {
        using var scope = NewDisposeScope();
        var estimator = Create("rodeo", 2, categories);
        var f = Objectives.Of("mlp", 2 * categories);
        var logits = Conformance.Logits([2, categories]);
        var (probability, without) = Outcomes(estimator, logits, f);
        using (no_grad())
            estimator.Learnt.get_parameter(weight)!.fill_(0.7);

        var added = Outcomes(estimator, logits, f).Gradients - without;

        Assert.InRange((probability * added).sum([0]).abs().max().item<double>(), 0, 1e-14);
        Assert.InRange((probability * added.abs()).sum().item<double>(), 1e-3, double.PositiveInfinity);
    }
}
