using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

public class FunctionalTests
{
    [Fact]
    public void Reinmax_returns_the_sample_and_the_probabilities_both_differentiable()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([6, 4]).requires_grad_(true);

        var (sample, probabilities) = Functional.reinmax(logits, 1.3, Conformance.Seeded());
        (probabilities * Conformance.Logits([6, 4], seed: 5)).sum().backward();

        Assert.True((sample.detach() == OneHot.Sample(logits, generator: Conformance.Seeded())).all().item<bool>());
        Assert.True(sample.requires_grad);
        Assert.True((probabilities - logits.softmax(-1)).abs().max().item<double>() < 1e-15);
        Assert.True(logits.grad!.abs().sum().item<double>() > 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(-3)]
    public void Gumbel_softmax_works_along_any_axis(long dim)
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([3, 4, 5]).requires_grad_(true);

        var soft = Functional.gumbel_softmax(logits, 0.7, hard: false, dim, Conformance.Seeded());
        var hard = Functional.gumbel_softmax(logits, 0.7, hard: true, dim, Conformance.Seeded());

        Assert.Equal(logits.shape, soft.shape);
        Assert.True((soft.sum([dim]) - 1).abs().max().item<double>() < 1e-14);
        Assert.True((hard.sum([dim]) == 1).all().item<bool>());
        Assert.True(((hard == 0) | (hard == 1)).all().item<bool>());
        Assert.True(autograd.grad([(soft * logits.detach()).sum()], [logits])[0].isfinite().all().item<bool>());
        Assert.True(autograd.grad([(hard * logits.detach()).sum()], [logits])[0].abs().sum().item<double>() > 0);
    }

    [Fact]
    public void Soft_samples_have_the_argmax_frequencies_of_the_softmax_and_approach_one_hot()
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        var logits = tensor(new[] { 0.5, -1, 1.2 });

        var soft = Functional.gumbel_softmax(logits.expand(100_000, 3), 0.01, generator: generator);

        var error = (soft.round().mean([0]) - logits.softmax(-1)).abs().max().item<double>();
        Assert.True(error < 5 * 0.5 / Math.Sqrt(100_000));
        Assert.True((soft.amax([-1]) > 0.99).to_type(ScalarType.Float64).mean().item<double>() > 0.95);
    }

    [Fact]
    public void Masked_categories_get_nothing_from_gumbel_softmax()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([50, 3]);
        logits[TensorIndex.Ellipsis, 2] = double.NegativeInfinity;
        foreach (var hard in new[] { false, true })
        {
            var leaf = logits.clone().requires_grad_(true);
            var sample = Functional.gumbel_softmax(leaf, 0.5, hard, generator: Conformance.Seeded());
            sample.pow(2).sum().backward();
            Assert.Equal(0, sample[TensorIndex.Ellipsis, 2].abs().max().item<double>());
            Assert.True(leaf.grad!.isfinite().all().item<bool>());
        }
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void Soft_samples_at_the_ends_of_the_temperatures_are_one_hot_and_uniform_over_what_is_allowed(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([50, 3]);
        logits[TensorIndex.Ellipsis, 2] = double.NegativeInfinity;
        foreach (var temperature in new[] { 1e-30, 1e-12, 1e12, 1e30 })
        {
            var leaf = logits.to_type(dtype).requires_grad_(true);
            var soft = Functional.gumbel_softmax(leaf, temperature, generator: Conformance.Seeded());
            (soft * tensor(new[] { 1, 2, 3 }).to_type(dtype)).sum().backward();

            Assert.Equal(0, soft[TensorIndex.Ellipsis, 2].abs().max().to_type(ScalarType.Float64).item<double>());
            var first = temperature < 1 ? (soft == 0) | (soft == 1) : (soft[TensorIndex.Ellipsis, ..2] - 0.5).abs() <= 1e-11;
            Assert.True(first.all().item<bool>());
            Assert.True(((soft.sum(-1) - 1).abs() <= 1e-15).all().item<bool>());
            Assert.True(leaf.grad!.isfinite().all().item<bool>());
            Assert.Equal(0, leaf.grad[TensorIndex.Ellipsis, 2].abs().max().to_type(ScalarType.Float64).item<double>());
        }
    }

    [Fact]
    public void Wrong_arguments_are_refused_in_words()
    {
        using var scope = NewDisposeScope();
        Conformance.Refused("dim must be an axis of logits of shape [2, 3]; got 2.", () => Functional.gumbel_softmax(zeros(2, 3), dim: 2));
        Conformance.Refused("temperature must be a finite number above 0; got 0.", () => Functional.gumbel_softmax(zeros(2, 3), tau: 0));
        Conformance.Refused("temperature must be a finite number above 0; got -2.", () => Functional.reinmax(zeros(2, 3), -2));
        Conformance.Refused("temperature must be from 1e-30 to 1e30; got 1E-40.", () => Functional.gumbel_softmax(zeros(2, 3), tau: 1e-40));
        Conformance.Refused("temperature must be from 1e-30 to 1e30; got 1E+38.", () => Functional.reinmax(zeros(2, 3), 1e38));
    }
}
