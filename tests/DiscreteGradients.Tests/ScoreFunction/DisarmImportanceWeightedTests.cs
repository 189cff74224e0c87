using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.ScoreFunction.Coupled;
using static DiscreteGradients.Tests.ScoreFunction.OutcomeTable;

namespace DiscreteGradients.Tests.ScoreFunction;

public class DisarmImportanceWeightedTests
{
    [Theory]
    [InlineData(1, 4)]
    [InlineData(1, 6)]
    [InlineData(2, 3)]
    [InlineData(3, 2)]
    public void Importance_weighted_DisARM_is_exact_in_expectation(int latents, int categories) =>
        ShouldBeExactInExpectation(new DisarmImportanceWeighted(), latents, categories, AscendingStickPairs);

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

    [Fact]
    public void Two_samples_of_two_categories_are_DisARM() => ShouldBeDisarm(new DisarmImportanceWeighted());

    [Fact]
    public void A_sample_has_the_right_marginals_and_is_never_masked() => ShouldHaveTheRightMarginals(new DisarmImportanceWeighted(), 4);

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
}
