namespace DiscreteGradients.Experiments.Tests.Training;

public sealed class PlateauTests
{
    [Theory]  // as PyTorch 2's ReduceLROnPlateau(mode="max", factor=0.5, patience=2)
    [InlineData(2, new[] { .1, .2, .2, .2, .2, .2, .2, .2, .3 }, new[] { 1, 1, 1, 1, .5, .5, .5, .25, .25 })]
    [InlineData(2, new[] { .5, .50001, .4, .3, .2 }, new[] { 1, 1, 1, .5, .5 })]
    [InlineData(0, new[] { .5, .4, .3, .2 }, new[] { 1.0, 1, 1, 1 })]
    public void The_learning_rate_is_halved_after_too_many_values_without_a_gain(int patience, double[] values, double[] rates)
    {
        using var plateau = new Plateau(1, patience);

        Assert.Equal(rates, values.Select(value =>
        {
            plateau.Saw(value);
            return plateau.LearningRate;
        }));
    }
}
