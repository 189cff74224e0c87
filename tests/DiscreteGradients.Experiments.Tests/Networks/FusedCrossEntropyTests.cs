using System.Runtime.InteropServices;

namespace DiscreteGradients.Experiments.Tests.Networks;

public sealed class FusedCrossEntropyTests : IDisposable
{
    private readonly Generator _generator = new(5);

    public void Dispose() => _generator.Dispose();

    [Theory]
    [InlineData(784, 1)]
    [InlineData(5, 3)]
    [InlineData(33, 20)]
    public void Values_and_slopes_are_those_of_the_definition(int pixels, double scale)
    {
        using var scope = NewDisposeScope();
        var logits = (randn([3, 4, pixels], generator: _generator) * scale).requires_grad_();
        var targets = rand([4, pixels], generator: _generator);
        var weights = randn([3, 4], generator: _generator);

        var values = FusedCrossEntropy.Apply(logits, targets);
        var slope = autograd.grad([(values * weights).sum()], [logits])[0];

        var x = logits.detach().to_type(ScalarType.Float64);
        var p = x.sigmoid();
        var expected = (nn.functional.softplus(x, 1, 200) - x * targets).sum(-1);
        Assert.InRange(((values - expected) / expected).abs().max().item<double>(), 0, 1e-6);
        Assert.InRange(((p - targets) * weights.unsqueeze(-1) - slope).abs().max().item<double>(), 0, 1e-6);
    }

    [Fact]
    public void Extreme_logits_are_finite_and_certain()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new[] { 1e4f, -1e4f, 1e30f, -1e30f, 0f }).repeat(7).view(1, 35).requires_grad_();
        var targets = tensor(new[] { 1f, 0f, 1f, 0f, 0.5f }).repeat(7).view(1, 35);

        var value = FusedCrossEntropy.Apply(logits, targets);
        value.sum().backward();

        Assert.Equal(7 * Math.Log(2), value.item<float>(), 5);
        Assert.Equal(0, logits.grad!.abs().max().item<float>());
    }

    [Fact]
    public void Second_derivatives_are_those_of_the_definition()
    {
        using var scope = NewDisposeScope();
        var logits = randn([4, 20], generator: _generator).requires_grad_();
        var targets = rand([4, 20], generator: _generator);

        var slope = autograd.grad([FusedCrossEntropy.Apply(logits, targets).sum()], [logits], create_graph: true, retain_graph: true)[0];
        slope.sum().backward();

        var p = logits.detach().sigmoid();
        Assert.InRange((p * (1 - p) - logits.grad!).abs().max().item<float>(), 0, 1e-6f);
    }

    [Fact]
    public void Logits_changed_before_backward_are_an_exception()
    {
        using var scope = NewDisposeScope();
        var logits = randn([4, 20], generator: _generator).requires_grad_() + 0;
        var value = FusedCrossEntropy.Apply(logits, rand([4, 20], generator: _generator)).sum();
        logits.mul_(3);

        var thrown = Assert.Throws<ExternalException>(() => value.backward());

        Assert.StartsWith(
            "one of the variables needed for gradient computation has been modified", thrown.Message, StringComparison.Ordinal);
    }
}
