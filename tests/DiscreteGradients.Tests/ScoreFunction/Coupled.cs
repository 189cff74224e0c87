using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.ScoreFunction.OutcomeTable;

namespace DiscreteGradients.Tests.ScoreFunction;

/// <summary>Antithetic pairs: the probability of every pair is known, so the expected gradient is checked without noise.</summary>
internal static class Coupled
{
    internal const int Draws = 40_000;

    internal static Tensor Logits(int latents, int categories) => Conformance.Logits([latents, categories], seed: 5) * 0.5;

    internal static Func<Tensor, Tensor> F(Tensor logits) => Conformance.Polynomial(3, (int)logits.numel());

    /// <summary>With the probability of every pair of categories of one latent given its distribution.</summary>
    internal static void ShouldBeExactInExpectation(GradientEstimator estimator, int latents, int categories, Func<double[], double[,]> pairsOf)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(latents, categories);

        var table = Of(estimator, logits, F(logits), Draws);

        var pairs = Pairs([.. Probabilities(logits).Select(pairsOf)]);
        ShouldBeExact(table, pairs, logits, F(logits));
        ShouldBeAsFrequent(table, pairs, Draws);
    }

    /// <summary>For two samples of two categories.</summary>
    internal static void ShouldBeDisarm(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        foreach (var logits in new[] { Logits(2, 2), tensor(new[,] { { 0.0, 1.2 }, { 0.7, 0.7 } }) })
        {
            var expected = Of(new Disarm(), logits, F(logits), Draws);

            var got = Of(estimator, logits, F(logits), Draws);

            Assert.Equal(expected.Keys.Order(), got.Keys.Order());
            Assert.All(expected.Keys, key =>
            {
                Assert.InRange(Distance(expected[key].Gradient, got[key].Gradient), 0, 1e-13);
                var (a, b) = (expected[key].Count, got[key].Count);
                Assert.InRange(Math.Abs(a - b) / Math.Sqrt(a + b), 0, 5);
            });
        }
    }

    /// <summary>A sample has the right marginals, and masked categories never come.</summary>
    internal static void ShouldHaveTheRightMarginals(GradientEstimator estimator, int categories)
    {
        foreach (var dtype in new[] { ScalarType.Float16, ScalarType.Float32, ScalarType.Float64 })
        {
            using var scope = NewDisposeScope();
            using var generator = Conformance.Seeded(6);
            var logits = Conformance.Logits([3, categories], seed: 8).to_type(dtype);
            logits[0, 0] = double.NegativeInfinity;
            logits[1, TensorIndex.Slice(1)] = double.NegativeInfinity;
            logits[2, categories - 1] = -30_000;  // not masked, but of probability zero
            Tensor? frequency = null;
            estimator.Estimate(logits.expand(Draws / 10, 3, categories), z =>
            {
                frequency = z.to_type(ScalarType.Float64).mean([0, 1]).DetachFromDisposeScope();
                return z.sum([-2, -1]);
            }, generator);

            var p = logits.to_type(ScalarType.Float64).softmax(-1);
            Assert.Equal(0, frequency![p == 0].sum().item<double>());
            var error = (p * (1 - p) * 10 / Draws).sqrt() + 1e-12;  // samples repel each other, so their mean varies less
            Assert.InRange(((frequency - p).abs() / error).max().item<double>(), 0, 5);
            frequency.Dispose();
        }
    }
}
