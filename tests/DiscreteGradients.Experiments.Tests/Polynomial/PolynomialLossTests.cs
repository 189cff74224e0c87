namespace DiscreteGradients.Experiments.Tests.Polynomial;

public sealed class PolynomialLossTests : IDisposable
{
    private readonly Generator _generator = new(7);

    public void Dispose() => _generator.Dispose();

    [Theory]
    [InlineData(1, 2)]
    [InlineData(5, 1.5)]
    [InlineData(16, 3)]
    [InlineData(37, 0.7)]
    [InlineData(128, 1)]
    public void Values_and_gradients_of_bits_are_those_of_the_definition_to_a_rounding(int latents, double p)
    {
        using var scope = NewDisposeScope();
        var loss = new PolynomialLoss(rand(latents, generator: _generator), p);
        var bits = (rand([3, 7, latents], generator: _generator) < 0.5).to_type(ScalarType.Float32);
        var z = stack([bits, 1 - bits], -1);
        var upstream = randn([3, 7], generator: _generator);

        var (value, gradient) = At(loss.Of, z, upstream);

        var (expected, slope) = At(loss.Readable, z, upstream);
        Assert.InRange(((value - expected) / expected).abs().max().item<float>(), 0, 2e-7f);
        Assert.InRange((gradient - slope).abs().max().item<float>(), 0, 2e-7f * slope.abs().max().item<float>());
    }

    [Theory]
    [InlineData(0, 0.25f)]
    [InlineData(36, 0.25f)]
    [InlineData(20, float.NaN)]
    public void One_bit_between_0_and_1_is_enough_for_the_definition(int place, float bit)
    {
        using var scope = NewDisposeScope();
        var loss = new PolynomialLoss(rand(37, generator: _generator), 1.5);
        var z = OneHot.Sample(zeros(4, 37, 2), generator: _generator);
        z[2, place, 0] = bit;

        var (value, gradient) = At(loss.Of, z, ones(4));

        var (expected, slope) = At(loss.Readable, z, ones(4));
        Assert.Equal(expected.data<float>(), value.data<float>());
        Assert.Equal(slope.data<float>(), gradient.data<float>());
    }

    [Fact]
    public void Second_derivatives_are_those_of_the_definition()
    {
        using var scope = NewDisposeScope();
        var target = rand(20, generator: _generator);
        var z = OneHot.Sample(zeros(4, 20, 2), generator: _generator).requires_grad_();

        var slope = autograd.grad([new PolynomialLoss(target, 3).Of(z).sum()], [z], create_graph: true, retain_graph: true)[0];
        slope.sum().backward();

        var expected = 6 * (z.detach().select(-1, 0) - target).abs() / 20;
        Assert.InRange((expected - z.grad!.select(-1, 0)).abs().max().item<float>(), 0, 1e-6f);
        Assert.Equal(0, z.grad!.select(-1, 1).abs().max().item<float>());
    }

    private static (Tensor Value, Tensor Gradient) At(Func<Tensor, Tensor> loss, Tensor z, Tensor upstream)
    {
        var point = z.clone().requires_grad_();
        var value = loss(point);
        value.backward([upstream]);
        return (value.detach(), point.grad!);
    }
}
