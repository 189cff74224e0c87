using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Polynomial;

public sealed class PolynomialExperimentTests
{
    private static readonly PolynomialOptions Small = new() { Latents = 5, Batch = 4, Epochs = 1, Steps = 1, P = 1.7, Target = "ramp" };

    [Fact]
    public void Expected_loss_is_that_of_enumeration()
    {
        // A step of 1e-30 leaves the logits where the seed put them.
        var metrics = new PolynomialExperiment(Small with { Lr = 1e-30 })
            .Run(new StraightThrough(), seed: 11, cancellation: TestContext.Current.CancellationToken).Single();

        using var generator = new Generator(11);
        using var logits = (rand([5, 2], generator: generator) * 0.02 - 0.01).to_type(ScalarType.Float64);
        using var target = tensor((double[])[0.1, 0.3, 0.5, 0.7, 0.9]);
        using var exact = new ExactEnumeration().Estimate(logits, z => (z.select(-1, 0) - target).abs().pow(1.7).mean([-1]));
        Assert.Equal(exact.item<double>(), metrics.ExpectedLoss!.Value, 1e-14);
    }

    [Theory]
    [InlineData("0.45", 2, 0.45 * 0.45)]
    [InlineData("0.45", 3, 0.45 * 0.45 * 0.45)]
    [InlineData("0.7", 1, 0.3)]
    [InlineData("1.5", 2, 0.25)]
    [InlineData("ramp", 1, (0.1 + 0.3 + 0.5 + 0.3 + 0.1) / 5)]
    public void The_optimum_is_the_best_corner(string target, double p, double optimum)
    {
        Assert.Equal(optimum, new PolynomialExperiment(Small with { Target = target, P = p }).Optimum!.Value, 1e-15);
    }

    [Fact]
    public void The_exact_gradient_reaches_the_optimum()
    {
        var experiment = new PolynomialExperiment(Small with { Epochs = 2, Steps = 150, Lr = 0.1, Batch = 1, Target = "0.3" });

        var last = experiment.Run(new ExactEnumeration(), seed: 0, cancellation: TestContext.Current.CancellationToken).Last();

        Assert.Equal(experiment.Optimum!.Value, last.ExpectedLoss!.Value, 1e-3);
        Assert.Equal(last.ExpectedLoss!.Value, last.TrainLoss, 1e-2);
    }

    [Theory]
    [InlineData(1)]  // the last step leaves logits that are no numbers
    [InlineData(4)]  // and the next would sample from them
    public void A_learning_rate_that_diverges_is_one_sentence(int steps)
    {
        var experiment = new PolynomialExperiment(Small with { Lr = 1e39, Steps = steps });

        var run = experiment.Run(new ReinMax(), seed: 0, cancellation: TestContext.Current.CancellationToken);
        var error = Assert.Throws<OptionException>(run.ToList);

        Assert.Equal("Training diverged: the loss is not a finite number any more; lower --lr.", error.Message);
    }

    [Theory]
    [InlineData(12, 64, null)]
    [InlineData(16, 16, null)]
    [InlineData(
        16, 64, "exact enumeration of 65536 states for each of the 64 examples of a step needs too much memory; use a smaller --batch.")]
    [InlineData(17, 1, "exact enumeration needs all 2^17 states at every step; at most 65536 can be: use fewer --latents.")]
    public void Enumeration_applies_where_a_step_can_be_done(int latents, int batch, string? why)
    {
        Assert.Equal(why, new PolynomialExperiment(Small with { Latents = latents, Batch = batch }).WhyNot(new ExactEnumeration()));
    }

    [Fact]
    public void Cancellation_stops_before_the_next_step()
    {
        using var stop = new CancellationTokenSource();
        var steps = 0;
        var experiment = new PolynomialExperiment(Small with { Steps = 100 });

        Assert.Throws<OperationCanceledException>(
            () => experiment.Run(new StraightThrough(), 0, _ => { if (++steps == 3) stop.Cancel(); }, stop.Token).Count());

        Assert.Equal(3, steps);
    }

    [Fact]
    public void Training_leaves_no_tensors_behind()
    {
        var experiment = new PolynomialExperiment(Small with { Steps = 20, Epochs = 2 });
        Assert.Equal(2, experiment.Run(new ReinMax(), 0, cancellation: TestContext.Current.CancellationToken).Count());
        var before = LiveTensors.Count();

        Assert.Equal(2, experiment.Run(new ReinMax(), 0, cancellation: TestContext.Current.CancellationToken).Count());

        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void Published_losses_stand_beside_equal_settings_only()
    {
        Assert.Equal(0.2038, Find(new PolynomialOptions(), "reinmax", new ReinMax()));
        Assert.Equal(0.1213, Find(new PolynomialOptions { P = 3 }, "st", new StraightThrough()));
        Assert.Null(Find(new PolynomialOptions { Batch = 65 }, "reinmax", new ReinMax()));
        Assert.Null(Find(new PolynomialOptions(), "reinmax", new ReinMax(1.1)));
        Assert.Null(Find(new PolynomialOptions { P = 2.5 }, "reinmax", new ReinMax()));
    }

    private static double? Find(PolynomialOptions options, string name, GradientEstimator estimator) =>
        PublishedLosses.Find(options, new MethodRecord(name, estimator.ToString())) is [var loss] ? loss.Numbers[0].Value.Mean : null;
}
