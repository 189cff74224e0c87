using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

public class ExactEnumerationTests
{
    [Fact]
    public void The_gradient_equals_finite_differences_of_the_expectation()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([2, 3]);
        var f = Conformance.Polynomial(3, 6);
        double Expectation(Tensor at) => new ExactEnumeration().Estimate(at, f).item<double>();
        var gradient = Conformance.Estimate(new ExactEnumeration(), logits, null, f);

        for (var i = 0; i < 6; i++)
        {
            var (up, down) = (logits.clone(), logits.clone());
            up.view(-1)[i] += 1e-5;
            down.view(-1)[i] -= 1e-5;
            Assert.Equal((Expectation(up) - Expectation(down)) / 2e-5, gradient[i], 1e-8);
        }
    }

    [Fact]
    public void Impossible_states_may_have_no_value()
    {
        // f is evaluated at masked states too; what it returns there must not matter.
        using var scope = NewDisposeScope();
        var logits = tensor(new[,] { { 0.5, double.NegativeInfinity, 0.1 } }).requires_grad_(true);

        var value = new ExactEnumeration().Estimate(logits, z => z[TensorIndex.Ellipsis, 0, 2] / (1 - z[TensorIndex.Ellipsis, 0, 1]));
        value.backward();

        Assert.Equal(1 / (1 + Math.Exp(0.4)), value.item<double>(), 1e-14);
        Assert.True(logits.grad!.isfinite().all().item<bool>());
    }
}
