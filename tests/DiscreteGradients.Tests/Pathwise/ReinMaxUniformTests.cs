using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.Pathwise.ExpectedGradients;

namespace DiscreteGradients.Tests.Pathwise;

public class ReinMaxUniformTests
{
    [Theory]
    [MemberData(nameof(Objectives), MemberType = typeof(ExpectedGradients))]
    public void Expected_uniform_ReinMax_is_the_second_order_gradient_with_a_uniform_baseline(string name)
    {
        using var scope = NewDisposeScope();
        var (logits, p) = Row();

        var expected = Trapezoid(Objective(name), p, atI: 0.5, atJ: 0.5, baseline: full_like(p, 1.0 / K));

        Close(expected, Expectation(new ReinMaxUniform(), logits, Objective(name)));
    }

    [Fact]
    public void The_two_baselines_differ_for_an_objective_that_is_not_quadratic()
    {
        using var scope = NewDisposeScope();
        var (logits, _) = Row();

        var difference = Expectation(new ReinMax(), logits, Objective("cubic")) - Expectation(new ReinMaxUniform(), logits, Objective("cubic"));

        Assert.True(difference.abs().max().item<double>() > 1e-3);
    }
}
