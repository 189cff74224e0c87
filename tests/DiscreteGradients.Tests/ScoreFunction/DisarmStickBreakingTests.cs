using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.ScoreFunction.Coupled;
using static DiscreteGradients.Tests.ScoreFunction.OutcomeTable;

namespace DiscreteGradients.Tests.ScoreFunction;

public class DisarmStickBreakingTests
{
    [Theory]
    [InlineData(1, 4)]
    [InlineData(1, 6)]
    [InlineData(2, 3)]
    [InlineData(3, 2)]
    public void DisARM_of_a_broken_stick_is_exact_in_expectation(int latents, int categories) =>
        ShouldBeExactInExpectation(new DisarmStickBreaking(), latents, categories, StickPairs);

    [Fact]
    public void Two_samples_of_two_categories_are_DisARM() => ShouldBeDisarm(new DisarmStickBreaking());

    [Fact]
    public void A_sample_has_the_right_marginals_and_is_never_masked() => ShouldHaveTheRightMarginals(new DisarmStickBreaking(), 4);
}
