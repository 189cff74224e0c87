using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

public class OneHotTests
{
    [Fact]
    public void States_are_all_joint_states_once()
    {
        using var scope = NewDisposeScope();
        var states = OneHot.States(3, 4);

        Assert.Equal([64, 3, 4], states.shape);
        Assert.True((states.sum(-1) == 1).all().item<bool>());
        var code = (states.argmax(-1) * tensor(new long[] { 16, 4, 1 })).sum(-1);
        Assert.True((code == arange(64, ScalarType.Int64)).all().item<bool>());
    }

    [Fact]
    public void Probabilities_of_all_states_sum_to_one()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([3, 4]);
        logits[1, 2] = double.NegativeInfinity;
        logits.requires_grad_(true);

        var log = Distribution.LogProbability(logits, OneHot.States(3, 4, ScalarType.Float64)).sum(-1);
        var gradient = autograd.grad([log[log.isfinite()].sum()], [logits])[0];

        Assert.Equal(1, log.exp().sum().item<double>(), 1e-13);
        Assert.Equal((48, 16), (log.isfinite().sum().item<long>(), log.isneginf().sum().item<long>()));
        Assert.Equal(0, gradient[1, 2].item<double>());
        Assert.True(gradient.isfinite().all().item<bool>());
    }

    [Fact]
    public void The_log_probability_is_linear_in_the_sample_so_that_a_pathwise_gradient_goes_through_it()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([5, 3, 4]).requires_grad_(true);
        var z = OneHot.Sample(logits, generator: Conformance.Seeded()).requires_grad_(true);

        var gradients = autograd.grad([Distribution.LogProbability(logits, z).sum()], [z, logits]);

        Assert.InRange((gradients[0] - logits.log_softmax(-1)).abs().max().item<double>(), 0, 1e-15);
        Assert.InRange((gradients[1] - (z - logits.softmax(-1))).abs().max().item<double>(), 0, 1e-15);
    }

    [Theory]
    [InlineData(ScalarType.Float16, double.NegativeInfinity)]
    [InlineData(ScalarType.BFloat16, double.NegativeInfinity)]
    [InlineData(ScalarType.BFloat16, -3.3895313892515355e38)]
    [InlineData(ScalarType.Float32, double.NegativeInfinity)]
    [InlineData(ScalarType.Float32, float.MinValue)]
    [InlineData(ScalarType.Float64, double.NegativeInfinity)]
    [InlineData(ScalarType.Float64, double.MinValue)]
    public void A_masked_category_has_log_probability_minus_infinity_and_no_gradient_of_logits_or_sample(ScalarType dtype, double mask)
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([2, 3, 4]).to_type(dtype);
        logits[TensorIndex.Ellipsis, 1] = mask;
        logits.requires_grad_(true);
        var z = OneHot.FromIndex(tensor(new long[] { 0, 2, 3, 0, 1, 2 }).view(2, 3), 4, dtype).requires_grad_(true);

        var log = Distribution.LogProbability(logits, z);
        var gradients = autograd.grad([log], [logits, z], [full_like(log, -60_000)]);

        Assert.Equal([false, false, false, false, true, false], log.isneginf().data<bool>().ToArray());
        foreach (var gradient in gradients)
        {
            Assert.Equal(0, gradient[TensorIndex.Ellipsis, 1].abs().max().to_type(ScalarType.Float64).item<double>());
            Assert.True(gradient.isfinite().all().item<bool>() || dtype == ScalarType.Float16);
            Assert.False(gradient.isnan().any().item<bool>());
            Assert.True(gradient[0].abs().sum().to_type(ScalarType.Float64).item<double>() > 0);
        }
    }

    [Fact]
    public void A_Bernoulli_latent_is_two_categories()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([5, 3]);
        Assert.True((OneHot.FromBernoulli(logits).softmax(-1).select(-1, 1) - logits.sigmoid()).abs().max().item<double>() < 1e-15);
    }

    [Fact]
    public void Too_many_states_are_refused_in_words()
    {
        Conformance.Refused("2^200 joint states are too many to list; at most 2147483647 can be.", () => OneHot.States(200, 2));
        using var scope = NewDisposeScope();
        Conformance.Refused(
            "exact enumeration is limited to 65536 states; 17 latents of 2 categories have 131072. Use fewer latents or raise MaximumStates.",
            () => new ExactEnumeration().Estimate(zeros(17, 2), z => z.sum([-2, -1])));
        Conformance.Refused(
            "exact enumeration is limited to 100 states; 128 latents of 2 categories have more than 9e18. Use fewer latents or raise MaximumStates.",
            () => new ExactEnumeration(100).Estimate(zeros(128, 2), z => z.sum([-2, -1])));
    }
}
