namespace DiscreteGradients.Experiments.Tests.Training;

public sealed class GradientMomentsTests
{
    [Fact]
    public void Mean_and_variance_are_those_of_all_that_was_added()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        var gradients = randn([30, 2, 3], ScalarType.Float64, generator: generator) + 5;
        var moments = new GradientMoments(gradients[0]);

        foreach (var part in gradients.split([1, 20, 9]))
            moments.Add(part);

        Assert.Equal(30, moments.Count);
        Assert.InRange((moments.Mean - gradients.mean([0])).abs().max().item<double>(), 0, 1e-14);
        Assert.Equal(gradients.std(0).square().sum().item<double>(), moments.Variance, 1e-11);
    }

    [Fact]
    public void Half_precision_is_summed_in_double_precision()
    {
        using var scope = NewDisposeScope();
        var moments = new GradientMoments(zeros([1], ScalarType.Float16));
        moments.Add(full([4_000, 1], 100, ScalarType.Float16));

        Assert.Equal((100, 0), (moments.Mean.item<double>(), moments.Variance));
    }

    [Fact]
    public void One_gradient_has_no_variance()
    {
        using var scope = NewDisposeScope();
        var moments = new GradientMoments(zeros(3));
        moments.Add(tensor(new[] { 1f, 2, 2 }).unsqueeze(0));

        Assert.Equal(0, moments.Variance);
    }

    [Fact]
    public void Copies_have_a_gradient_each()
    {
        using var scope = NewDisposeScope();
        var copies = GradientMoments.Copies(ones(2, 3), 4);
        (copies * arange(4).view(4, 1, 1)).sum().backward();

        Assert.Equal([0f, 6, 12, 18], copies.grad!.sum([1, 2]).data<float>().ToArray());
    }

    [Fact]
    public void Errors_are_those_of_the_definition()
    {
        using var scope = NewDisposeScope();
        var (mean, exact) = (tensor(new double[] { 3, 4 }), tensor(new double[] { 0, 2 }));

        Assert.Equal(new GradientErrors(0.8, Math.Sqrt(13) / 2, Math.Sqrt(13) / 5, 0.4), GradientErrors.Of(mean, exact, variance: 4));
        Assert.Equal(0, GradientErrors.Of(mean, exact, variance: -1e-20).Deviation);  // rounding
    }
}
