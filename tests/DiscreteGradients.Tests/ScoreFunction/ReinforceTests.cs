using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.ScoreFunction.Coupled;
using static DiscreteGradients.Tests.ScoreFunction.OutcomeTable;

namespace DiscreteGradients.Tests.ScoreFunction;

public class ReinforceTests
{
    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 3)]
    public void Two_independent_samples_are_exact_in_expectation(int latents, int categories) =>
        ShouldBeExactInExpectation(new Reinforce(2), latents, categories, IndependentPairs);
}
