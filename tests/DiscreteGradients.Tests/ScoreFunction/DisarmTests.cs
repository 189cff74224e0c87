using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.ScoreFunction.Coupled;
using static DiscreteGradients.Tests.ScoreFunction.OutcomeTable;

namespace DiscreteGradients.Tests.ScoreFunction;

public class DisarmTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void DisARM_is_exact_in_expectation(int latents) => ShouldBeExactInExpectation(new Disarm(), latents, 2, StickPairs);

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
            var independent = SecondMoment(new Rloo(2), IndependentPairs(p));

            Assert.Equal(p.Max(), disarm / independent, 1e-12);  // both have the same mean
        }
    }

    [Fact]
    public void A_sample_has_the_right_marginals_and_is_never_masked() => ShouldHaveTheRightMarginals(new Disarm(), 2);
}
