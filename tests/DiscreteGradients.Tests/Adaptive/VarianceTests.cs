using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.Adaptive;

/// <summary>What learning is for.</summary>
public class VarianceTests
{
    /// <summary>E[(b − 0.499)²] of one bit: the objective on which REBAR and RELAX were introduced.</summary>
    [Theory]
    [InlineData("rebar", 1)]
    [InlineData("relax", 10)]
    public void Learning_lowers_the_variance_on_the_toy_objective(string name, double atLeast) =>
        Lowers(name, z => (z.select(-1, 1) - 0.499).pow(2).sum([-1]), latents: 1, atLeast);

    [Theory]
    [InlineData("double-cv")]
    [InlineData("rodeo")]
    [InlineData("muprop")]
    [InlineData("relax")]
    public void Learning_lowers_the_variance_of_a_cubic_of_six_bits(string name) => Lowers(name, Cubic, latents: 6);

    [Fact]
    public void Without_learning_they_start_where_they_should()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([4, 6, 2]);
        double[] Gradient(GradientEstimator estimator) => Conformance.Estimate(estimator, logits, Conformance.Seeded(), Cubic);

        var rloo = Gradient(new Rloo(3));

        Assert.All(Gradient(new DoubleCv(3)).Zip(rloo), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
        Assert.All(Gradient(new Rodeo(3)).Zip(rloo), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
        Assert.All(Gradient(new ReinforceBaseline(3)).Zip(Gradient(new Reinforce(3))), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
    }

    internal static Tensor Cubic(Tensor z)
    {
        var sum = z.select(-1, 1).matmul(linspace(0.2, 1, z.shape[^2], ScalarType.Float64));
        return (sum - 1).pow(3) + sum;
    }

    private static void Lowers(string name, Func<Tensor, Tensor> f, int latents, double atLeast = 1)
    {
        using var scope = NewDisposeScope();
        var estimator = (AdaptiveEstimator)Estimators.Get(name).Default;
        var logits = Conformance.Logits([1, latents, 2]);
        estimator.Prepare(latents, 2, Conformance.Seeded());

        var before = GradientQuality.Measure(estimator, logits, f, draws: 8_000, Conformance.Seeded()).StandardDeviation;
        AdaptiveEstimatorTests.Train(estimator, logits, f, steps: 300, rate: 0.01);
        var after = GradientQuality.Measure(estimator, logits, f, draws: 8_000, Conformance.Seeded()).StandardDeviation;

        Assert.True(after.Value + (5 * after.StandardError) < (before.Value - (5 * before.StandardError)) / atLeast, $"{before} → {after}");
    }
}
