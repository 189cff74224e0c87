using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.Pathwise.ExpectedGradients;

namespace DiscreteGradients.Tests.Pathwise;

public class StraightThroughTests
{
    [Theory]
    [MemberData(nameof(Objectives), MemberType = typeof(ExpectedGradients))]
    public void Expected_straight_through_is_the_first_order_gradient(string name)
    {
        using var scope = NewDisposeScope();
        var (logits, p) = Row();

        var expected = Trapezoid(Objective(name), p, atI: 0, atJ: 1, baseline: p);

        Close(expected, Expectation(new StraightThrough(), logits, Objective(name)));
    }

    [Fact]
    public void Straight_through_is_exact_for_linear_but_not_for_quadratic_objectives()
    {
        using var scope = NewDisposeScope();
        var (logits, _) = Row();

        Close(Exact(logits, Objective("linear")), Expectation(new StraightThrough(), logits, Objective("linear")));
        var error = Exact(logits, Objective("quadratic")) - Expectation(new StraightThrough(), logits, Objective("quadratic"));
        Assert.True(error.abs().max().item<double>() > 0.01);
    }

    [Fact]
    public void The_gradient_of_the_straight_through_gradient_is_the_softmaxs()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([5, 3]).requires_grad_(true);
        var v = Conformance.Logits([5, 3], seed: 4);
        Tensor Second(Tensor y)
        {
            var first = autograd.grad([(y * v).sum()], [logits], create_graph: true, retain_graph: true)[0];
            return autograd.grad([(first * first).sum()], [logits])[0];
        }

        var sample = new StraightThrough(0.8).Sample(logits, generator: Conformance.Seeded());

        Assert.True((Second(sample) - Second((logits / 0.8).softmax(-1))).abs().max().item<double>() < 1e-14);
    }
}
