using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.ScoreFunction.Coupled;

namespace DiscreteGradients.Tests.ScoreFunction;

public class ArmsTests
{
    [Fact]
    public void Two_samples_of_two_categories_are_DisARM() => ShouldBeDisarm(new Arms(2));

    [Fact]
    public void A_sample_has_the_right_marginals_and_is_never_masked() => ShouldHaveTheRightMarginals(new Arms(), 2);
}
