using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.ScoreFunction.Coupled;
using static DiscreteGradients.Tests.ScoreFunction.OutcomeTable;

namespace DiscreteGradients.Tests.ScoreFunction;

public class CarmsTests
{
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

    [Fact]
    public void Two_samples_of_two_categories_are_DisARM() => ShouldBeDisarm(new Carms(2));

    [Fact]
    public void A_sample_has_the_right_marginals_and_is_never_masked() => ShouldHaveTheRightMarginals(new Carms(), 4);

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
