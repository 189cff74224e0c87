using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.ScoreFunction.OutcomeTable;

namespace DiscreteGradients.Tests.ScoreFunction;

/// <summary>Antithetic pairs: the probability of every pair is known, so the expected gradient is checked without noise.</summary>
public class CoupledTests
{
    private const int Draws = 40_000;

    private static Tensor Logits(int latents, int categories) => Conformance.Logits([latents, categories], seed: 5) * 0.5;

    private static Func<Tensor, Tensor> F(Tensor logits) => Conformance.Polynomial(3, (int)logits.numel());

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void DisARM_is_exact_in_expectation(int latents) => ShouldBeExactInExpectation(new Disarm(), latents, 2, StickPairs);

    [Theory]
    [InlineData(1, 4)]
    [InlineData(1, 6)]
    [InlineData(2, 3)]
    [InlineData(3, 2)]
    public void DisARM_of_a_broken_stick_is_exact_in_expectation(int latents, int categories) =>
        ShouldBeExactInExpectation(new DisarmStickBreaking(), latents, categories, StickPairs);

    [Theory]
    [InlineData(1, 4)]
    [InlineData(1, 6)]
    [InlineData(2, 3)]
    [InlineData(3, 2)]
    public void Importance_weighted_DisARM_is_exact_in_expectation(int latents, int categories) =>
        ShouldBeExactInExpectation(new DisarmImportanceWeighted(), latents, categories, AscendingStickPairs);

    /// <summary>With the probability of every pair of categories of one latent given its distribution.</summary>
    private static void ShouldBeExactInExpectation(GradientEstimator estimator, int latents, int categories, Func<double[], double[,]> pairsOf)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(latents, categories);

        var table = Of(estimator, logits, F(logits), Draws);

        var pairs = Pairs([.. Probabilities(logits).Select(pairsOf)]);
        ShouldBeExact(table, pairs, logits, F(logits));
        ShouldBeAsFrequent(table, pairs, Draws);
    }

    [Fact]
    public void Without_the_ascending_order_the_importance_weights_are_biased()
    {
        // A category of more than half comes first: pairs beyond it never come.
        using var scope = NewDisposeScope();
        double[] theta = [2, 0.3, -0.4, 0.1];
        double[] f = [1, -0.5, 2, 0.3];

        double[] Expected(double[] theta, double[] f)
        {
            var log = tensor(theta).log_softmax(-1);
            var p = log.exp().data<double>().ToArray();
            var (pairs, odds) = (StickPairs(p), StickBreaking.LogOdds(log));
            var gradient = new double[p.Length];
            for (var a = 0; a < p.Length; a++)
            {
                for (var b = 0; b < p.Length; b++)
                {
                    if (a == b)
                        continue;
                    var weight = StickBreaking.ImportanceWeight(odds, tensor(new[] { (long)Math.Min(a, b) })).item<double>();
                    var half = pairs[a, b] > 0 ? pairs[a, b] * weight * (f[a] - f[b]) / 2 : 0;
                    (gradient[a], gradient[b]) = (gradient[a] + half, gradient[b] - half);
                }
            }

            return gradient;
        }

        double[] Truth(double[] theta, double[] f) => Exact(tensor(theta).unsqueeze(0), z => z.squeeze(-2).matmul(tensor(f)));

        Assert.True(Distance(Truth(theta, f), Expected(theta, f)) > 0.05);
        (double[] Theta, double[] F) sorted = ([-0.4, 0.1, 0.3, 2], [2, 0.3, -0.5, 1]);
        Assert.InRange(Distance(Truth(sorted.Theta, sorted.F), Expected(sorted.Theta, sorted.F)), 0, 1e-12);
    }

    [Fact]
    public void A_dominant_first_category_does_not_bias_importance_weighted_DisARM()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new[,] { { 2, 0.3, -0.4, 0.1 } });

        var table = Of(new DisarmImportanceWeighted(), logits, F(logits), Draws);

        var pairs = Pairs([.. Probabilities(logits).Select(AscendingStickPairs)]);
        ShouldBeExact(table, pairs, logits, F(logits));
        ShouldBeAsFrequent(table, pairs, Draws);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 5)]
    [InlineData(2, 3)]
    public void CARMS_of_two_samples_is_exact_in_expectation(int latents, int categories)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(latents, categories);

        var table = Of(new Carms(2), logits, F(logits), Draws);

        var pairs = Pairs([.. Probabilities(logits).Select(MirroredPairs)]);
        ShouldBeExact(table, pairs, logits, F(logits));
        ShouldBeAsFrequent(table, pairs, Draws);
    }

    public static TheoryData<string> SameAsDisarm { get; } = ["arms", "disarm-sb", "disarm-iw", "carms"];

    [Theory]
    [MemberData(nameof(SameAsDisarm))]
    public void Two_samples_of_two_categories_are_DisARM(string name)
    {
        using var scope = NewDisposeScope();
        foreach (var logits in new[] { Logits(2, 2), tensor(new[,] { { 0.0, 1.2 }, { 0.7, 0.7 } }) })
        {
            var expected = Of(new Disarm(), logits, F(logits), Draws);

            var got = Of(Estimators.Get(name).Create(new Dictionary<string, object> { ["samples"] = 2 }), logits, F(logits), Draws);

            Assert.Equal(expected.Keys.Order(), got.Keys.Order());
            Assert.All(expected.Keys, key =>
            {
                Assert.InRange(Distance(expected[key].Gradient, got[key].Gradient), 0, 1e-13);
                var (a, b) = (expected[key].Count, got[key].Count);
                Assert.InRange(Math.Abs(a - b) / Math.Sqrt(a + b), 0, 5);
            });
        }
    }

    [Fact]
    public void DisARM_of_one_latent_has_at_most_the_variance_of_leave_one_out()
    {
        using var scope = NewDisposeScope();
        foreach (var theta in new[] { -3, -1, -0.2, 0.0, 0.5, 2 })
        {
            var logits = tensor(new[,] { { 0.0, theta } });
            var p = Probabilities(logits)[0];
            double SecondMoment(GradientEstimator estimator, double[,] pairs)
            {
                var table = Of(estimator, logits, F(logits), Draws);
                return Pairs([pairs]).Where(pair => pair.Value > 0).Sum(pair => pair.Value * table[pair.Key].Gradient.Sum(g => g * g));
            }

            var disarm = SecondMoment(new Disarm(), StickPairs(p));
            var independent = SecondMoment(new Rloo(2), new[,] { { p[0] * p[0], p[0] * p[1] }, { p[1] * p[0], p[1] * p[1] } });

            Assert.Equal(p.Max(), disarm / independent, 1e-12);  // both have the same mean
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void Coupled_numbers_are_uniform_and_two_are_below_a_bound_as_often_as_said(int samples)
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        var u = DirichletCopula.Uniform(samples, zeros(Draws, ScalarType.Float64), Noise.Draw(generator));

        foreach (var (x, y) in new[] { (0.1, 0.1), (0.3, 0.9), (0.6, 0.7), (0.95, 0.5) })
        {
            var root = (double v) => tensor(Math.Pow(v, 1.0 / (samples - 1)));
            Frequency(x, (u[0] < x).to_type(ScalarType.Float64).mean().item<double>());
            Frequency(DirichletCopula.Below(root(x), root(y), samples).item<double>(), ((u[0] < x) & (u[^1] < y)).to_type(ScalarType.Float64).mean().item<double>());
        }

        static void Frequency(double expected, double got) =>
            Assert.InRange(Math.Abs(got - expected) / (Math.Sqrt(expected * (1 - expected) / Draws) + 1e-15), 0, 5);
    }

    [Theory]
    [InlineData("disarm", 2)]
    [InlineData("arms", 2)]
    [InlineData("disarm-sb", 4)]
    [InlineData("disarm-iw", 4)]
    [InlineData("carms", 4)]
    public void A_coupled_sample_has_the_right_marginals_and_is_never_masked(string name, int categories)
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
            ((GradientEstimator)Estimators.Get(name).Default).Estimate(logits.expand(Draws / 10, 3, categories), z =>
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

    private static double[,] AscendingStickPairs(double[] p)
    {
        var order = Enumerable.Range(0, p.Length).OrderBy(i => p[i]).ToArray();
        var sorted = StickPairs([.. order.Select(i => p[i])]);
        var pairs = new double[p.Length, p.Length];
        for (var a = 0; a < p.Length; a++)
        {
            for (var b = 0; b < p.Length; b++)
                pairs[order[a], order[b]] = sorted[a, b];
        }

        return pairs;
    }

    /// <summary>Inverse CDF of u and 1 − u, the mean over all orders of categories: how long intervals overlap their mirror images.</summary>
    private static double[,] MirroredPairs(double[] p)
    {
        var k = p.Length;
        var pairs = new double[k, k];
        for (var first = 0; first < k; first++)
        {
            for (var last = first + 1; last < k; last++)
            {
                int[] order = [first, .. Enumerable.Range(1, k).Select(step => (last + step) % k).Where(c => c != first)];
                double Left(int c) => order.TakeWhile(other => other != c).Sum(other => p[other]);
                for (var a = 0; a < k; a++)
                {
                    for (var b = 0; b < k; b++)
                    {
                        var overlap = Math.Min(Left(a) + p[a], 1 - Left(b)) - Math.Max(Left(a), 1 - Left(b) - p[b]);
                        pairs[a, b] += Math.Max(0, overlap) / (k * (k - 1) / 2);
                    }
                }
            }
        }

        return pairs;
    }
}
