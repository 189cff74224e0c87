using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Training;

public sealed class TrainingRunTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static VaeOptions Vae => new()
    {
        Dataset = "made-digits",
        Images = 300,
        Latents = 3,
        Categories = 4,
        Epochs = 4,
        Batch = 100,
        Optimizer = VaeOptimizer.Radam,
    };

    public static TheoryData<string, Experiment> Experiments => new()
    {
        { "polynomial", new PolynomialExperiment(new PolynomialOptions { Latents = 5, Batch = 3, Steps = 4, Epochs = 4 }) },
        { "vae", new VaeExperiment(Vae) },
    };

    [Theory]
    [MemberData(nameof(Experiments))]
    public void A_run_that_goes_on_from_a_state_ends_as_if_it_had_never_stopped(string name, Experiment experiment)
    {
        Assert.NotNull(name);
        var before = LiveTensors.Count();
        var estimator = new GumbelRao(Draws: 2);
        var whole = experiment.Run(estimator, seed: 3, cancellation: Stop).Select(Losses).ToList();

        IReadOnlyDictionary<string, Tensor> state;
        using (var first = experiment.Start(estimator, seed: 3))
        {
            first.Next(null, Stop);
            first.Next(null, Stop);
            state = first.State();
            first.Next(null, Stop);  // what happens after the state was taken does not change it
        }

        using (var second = experiment.Start(estimator, seed: 4))
        {
            second.Restore(state);
            Assert.Equal(2, second.Epoch);
            Assert.Equal(whole[2..], [Losses(second.Next(null, Stop)), Losses(second.Next(null, Stop))]);
        }

        foreach (var tensor in state.Values)
            tensor.Dispose();
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void Another_experiments_state_is_refused()
    {
        using var scope = NewDisposeScope();
        using var small = new PolynomialExperiment(new PolynomialOptions { Latents = 5 }).Start(new ReinMax(), 0);
        using var large = new PolynomialExperiment(new PolynomialOptions { Latents = 6 }).Start(new ReinMax(), 0);
        var state = new Dictionary<string, Tensor>(small.State());

        Assert.Equal(
            "The state of a training run must hold 'logits', Float32 [6, 2]; it does not.",
            Assert.Throws<OptionException>(() => large.Restore(state)).Message);

        state.Add("more", zeros(1));
        Assert.Equal(
            "The state of a training run holds 'more', which this one does not have.",
            Assert.Throws<OptionException>(() => small.Restore(state)).Message);
        foreach (var tensor in state.Values)
            tensor.Dispose();
    }

    private static (double, double?, double?) Losses(EpochMetrics epoch) => (epoch.TrainLoss, epoch.TestLoss, epoch.ExpectedLoss);
}
