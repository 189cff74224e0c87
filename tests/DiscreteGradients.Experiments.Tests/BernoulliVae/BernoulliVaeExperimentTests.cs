using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.BernoulliVae;

public sealed class BernoulliVaeExperimentTests
{
    public static TheoryData<string, int> Fitting
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var entry in Estimators.All)
            {
                if (new[] { 2, 3 }.FirstOrDefault(evaluations => Fits(entry, evaluations)) is > 0 and var least)
                    data.Add(entry.Name, least);
            }

            return data;
        }
    }

    private static BernoulliVaeOptions Small =>
        new() { Dataset = "made-digits", Images = 500, Latents = 12, Epochs = 1, Batch = 50, BoundSamples = 5, VarianceDraws = 4 };

    public BernoulliVaeExperimentTests() => set_num_threads(1);

    [Theory]
    [MemberData(nameof(Fitting))]
    public void Every_estimator_that_fits_trains_with_equal_evaluations_and_leaves_no_tensor_behind(string name, int evaluations)
    {
        var experiment = new BernoulliVaeExperiment(Small with { Evaluations = evaluations });
        var estimator = Create(experiment, Estimators.Get(name));
        var live = new List<long>();
        var before = LiveTensors.Count();

        var epoch = Assert.Single(Run(experiment, estimator, stepDone: _ => live.Add(LiveTensors.Count())));

        Assert.Equal(before, LiveTensors.Count());
        Assert.Single(live.Skip(1).Distinct());
        Assert.Equal(10, epoch.Steps);
        Assert.InRange(epoch.TrainLoss, 100, 560);
        Assert.InRange(epoch.Numbers["bound_5"], 100, epoch.TestLoss!.Value);
        Assert.True(epoch.Numbers["gradient_variance"] > 0);
        Assert.True(epoch.Numbers["gradient_norm"] > 0);
    }

    [Fact]
    public void Those_of_the_papers_fit_and_enumeration_does_not()
    {
        static HashSet<string> Names(int evaluations) =>
            [.. Estimators.All.Where(entry => Fits(entry, evaluations)).Select(entry => entry.Name)];

        Assert.Superset(
            new HashSet<string>
            {
                "reinmax", "st", "reinforce", "rloo", "disarm", "arms", "reinforce-baseline", "double-cv", "rodeo", "muprop",
                "unordered-set", "sum-and-sample",
            },
            Names(2));
        Assert.Superset(new HashSet<string> { "reinmax", "rloo", "arms", "double-cv", "rodeo", "rebar", "relax" }, Names(3));
        Assert.DoesNotContain("exact", Names(2).Union(Names(3)));
        Assert.DoesNotContain("disarm", Names(3));
    }

    [Fact]
    public void An_estimator_whose_evaluations_do_not_fit_is_refused_in_words()
    {
        var experiment = new BernoulliVaeExperiment(Small);

        Assert.Equal(
            "it evaluates f 3 times for each image and step; --evaluations is 2: give it one that fits.",
            experiment.WhyNot(Create(experiment, Estimators.Get("rebar"))));
    }

    [Fact]
    public void Samples_follow_from_the_evaluations_and_the_temperature_of_reinmax_is_the_published_one()
    {
        var experiment = new BernoulliVaeExperiment(Small with { Evaluations = 6 });

        Assert.Equal(new ReinMax(1.1), Create(experiment, Estimators.Get("reinmax")));
        Assert.Equal(new Rloo(6), Create(experiment, Estimators.Get("rloo")));
        Assert.Equal(new Rebar(2), Create(experiment, Estimators.Get("rebar")));
        Assert.Equal(new ReinMax(2), Create(experiment, Estimators.Get("reinmax"), new() { ["temperature"] = 2.0 }));
    }

    [Theory]
    [InlineData("rodeo", BernoulliProtocol.Rodeo)]
    [InlineData("reinforce-baseline", BernoulliProtocol.Rodeo)]
    [InlineData("reinmax", BernoulliProtocol.Released)]
    public void A_run_goes_on_from_its_state_with_the_same_numbers(string name, BernoulliProtocol protocol)
    {
        var experiment = new BernoulliVaeExperiment(Small with { Epochs = 2, Protocol = protocol });
        var estimator = Create(experiment, Estimators.Get(name));
        var whole = Run(experiment, estimator);
        using var first = experiment.Start(estimator, seed: 0);
        first.Next(null, TestContext.Current.CancellationToken);
        var state = first.State();
        using var second = experiment.Start(estimator, seed: 0);
        second.Restore(state);

        var resumed = second.Next(null, TestContext.Current.CancellationToken);

        Assert.Equal((whole[1].TrainLoss, whole[1].TestLoss), (resumed.TrainLoss, resumed.TestLoss));
        Assert.Equal(whole[1].Numbers, resumed.Numbers);
        foreach (var tensor in state.Values)
            tensor.Dispose();
    }

    [Fact]
    public void What_an_estimator_learns_is_trained_and_belongs_to_the_state()
    {
        var experiment = new BernoulliVaeExperiment(Small);
        using var run = experiment.Start(new Rodeo(2), seed: 0);
        var before = run.State();
        run.Next(null, TestContext.Current.CancellationToken);
        var after = run.State();

        Assert.Equal(0, before["estimator.a"].item<float>());
        Assert.NotEqual(0, after["estimator.a"].item<float>());
        Assert.Equal(10, after["estimator.optimizer.steps"].item<long>());
        foreach (var tensor in before.Values.Concat(after.Values))
            tensor.Dispose();
    }

    [Theory]
    [InlineData("rodeo")]
    [InlineData("reinforce-baseline")]
    public void Measuring_the_variance_changes_nothing_else(string name)
    {
        var experiment = new BernoulliVaeExperiment(Small with { Epochs = 2, VarianceEvery = 1 });
        var estimator = Create(experiment, Estimators.Get(name));

        var measured = Run(experiment, estimator);
        var plain = Run(new BernoulliVaeExperiment(Small with { Epochs = 2, VarianceEvery = 0 }), estimator);

        Assert.Equal(plain.Select(e => (e.TrainLoss, e.TestLoss)), measured.Select(e => (e.TrainLoss, e.TestLoss)));
        Assert.All(measured, epoch => Assert.Contains("gradient_variance", epoch.Numbers.Keys));
        Assert.All(plain, epoch => Assert.DoesNotContain("gradient_variance", epoch.Numbers.Keys));
    }

    [Fact]
    public void The_measured_variance_orders_estimators_as_theory_does()
    {
        double Variance(GradientEstimator estimator) =>
            Run(new BernoulliVaeExperiment(Small with { VarianceDraws = 100, BoundSamples = 1 }), estimator)[0]
                .Numbers["gradient_variance"];

        var (reinforce, rloo) = (Variance(new Reinforce(2)), Variance(new Rloo(2)));
        var (disarm, reinmax) = (Variance(new Disarm(2)), Variance(new ReinMax()));

        Assert.True(reinforce > 10 * rloo);  // no baseline
        Assert.True(rloo > disarm);          // which is never worse, at equal evaluations
        Assert.True(disarm > 10 * reinmax);
    }

    [Fact]
    public void The_released_protocol_trains_on_pixels_binarised_once_and_reports_no_many_sample_bound()
    {
        var epoch = Assert.Single(Run(new BernoulliVaeExperiment(Small with { Protocol = BernoulliProtocol.Released }), new ReinMax(1.1)));

        Assert.DoesNotContain("bound_5", epoch.Numbers.Keys);
        Assert.InRange(epoch.TrainLoss, 100, 560);
    }

    [Fact]
    public void Defaults_are_those_of_the_protocols()
    {
        BernoulliVaeOptions Resolved(BernoulliVaeOptions options) =>
            (BernoulliVaeOptions)new BernoulliVaeExperiment(options with { Dataset = "made-digits" }).Options;

        Assert.Equal((VaeOptimizer.Adam, 1e-3), (Resolved(Small).Optimizer, Resolved(Small).Lr));
        var released = Resolved(Small with { Protocol = BernoulliProtocol.Released });
        Assert.Equal((VaeOptimizer.Radam, 3e-4), (released.Optimizer, released.Lr));
        Assert.Equal(
            (VaeOptimizer.Radam, 7e-4),
            (Resolved(Small with { Optimizer = VaeOptimizer.Radam, Lr = 7e-4 }).Optimizer, Resolved(Small with { Lr = 7e-4 }).Lr));
    }

    [Fact]
    public void Options_that_cannot_be_are_refused_in_words()
    {
        Refused("--latents must be from 1 to 16384; got 0.", Small with { Latents = 0 });
        Refused("--evaluations must be from 1 to 1000; got 0.", Small with { Evaluations = 0 });
        Refused("--variance-draws must be at least 2; got 1.", Small with { VarianceDraws = 1 });
        Refused("--bound-samples must be at least 1; got 0.", Small with { BoundSamples = 0 });
        Refused("--lr must be a finite number above 0; got NaN.", Small with { Lr = double.NaN });
        Refused("--batch must be at most the 2500 training images of 'made-digits'; got 2501.", Small with { Images = null, Batch = 2501 });
        Refused("--batch must be at most the 500 training images that --images asks for; got 501.", Small with { Batch = 501 });
        Refused("--device must be cpu, cuda or cuda:N; got 'tpu'.", Small with { Device = "tpu" });

        static void Refused(string message, BernoulliVaeOptions options) =>
            Assert.Equal(message, Assert.Throws<OptionException>(() => new BernoulliVaeExperiment(options)).Message);
    }

    [Fact]
    public void Published_losses_stand_beside_runs_of_a_million_steps_in_their_protocol()
    {
        var options = new BernoulliVaeOptions { Epochs = 2000 };

        var loss = Published(options, "rodeo");
        Assert.Equal((101.89, 0.17, 5), (loss.Train.Mean, loss.Train.Std, loss.Train.N));
        Assert.Empty(PublishedBernoulliElbos.Find(options, new MethodRecord("reinmax", "")));
        Assert.Equal(98.17, Published(options with { Protocol = BernoulliProtocol.Released }, "reinmax").Train.Mean);
        Assert.NotNull(Published(options with { Dataset = "omniglot", Epochs = 4347 }, "rodeo").TrainCaveat);
        Assert.Empty(PublishedBernoulliElbos.Find(options with { Epochs = 60 }, new MethodRecord("rodeo", "")));
        Assert.Empty(PublishedBernoulliElbos.Find(options with { Images = 50_000 }, new MethodRecord("rodeo", "")));

        static PublishedResult Published(BernoulliVaeOptions options, string method) =>
            Assert.Single(PublishedBernoulliElbos.Find(options, new MethodRecord(method, "")));
    }

    private static bool Fits(EstimatorEntry entry, int evaluations)
    {
        var experiment = new BernoulliVaeExperiment(Small with { Evaluations = evaluations });
        return experiment.WhyNot(Create(experiment, entry)) is null;
    }

    private static GradientEstimator Create(
        BernoulliVaeExperiment experiment, EstimatorEntry entry, Dictionary<string, object>? given = null) =>
        entry.Create(experiment.Settings(MethodEntry.AllEstimators.First(method => method.Name == entry.Name), given ?? []));

    private static List<EpochMetrics> Run(
        Experiment experiment, GradientEstimator estimator, long seed = 0, Action<double>? stepDone = null) =>
        [.. experiment.Run(estimator, seed, stepDone, TestContext.Current.CancellationToken)];
}
