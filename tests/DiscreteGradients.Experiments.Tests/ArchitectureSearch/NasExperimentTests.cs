using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.ArchitectureSearch;

public sealed class NasExperimentTests
{
    private static readonly NasOptions Tiny = new()
    {
        Dataset = "made-shapes",
        Images = 48,
        Batch = 15,
        Channels = 8,
        Epochs = 2,
        PictureEvery = 0,
    };

    public NasExperimentTests() => set_num_threads(1);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Networks =>
        [.. NasMethods.All.Select(entry => entry.Name).Where(name => NasMethods.WhyNot(Method(name)) is null && name != "random-search")];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Every_method_searches_looks_up_what_it_found_and_leaves_no_tensor_behind(string name)
    {
        var before = LiveTensors.Count();

        var epochs = Run(Tiny, name);

        Assert.Equal(before, LiveTensors.Count());
        Assert.Equal([4, 4], epochs.Select(epoch => epoch.Steps));
        Assert.All(epochs, epoch =>
        {
            Assert.InRange(epoch.Numbers["train_loss"], 1.5, 3.5);
            Assert.InRange(epoch.Numbers["arch_loss"], 1.5, 3.5);
            Assert.InRange(epoch.Numbers["arch_accuracy"], 0, 1);
            Assert.InRange(epoch.Numbers["entropy"], 1, Math.Log(5));
            Assert.Equal(
                epoch.Numbers["entropy"],
                epoch.Numbers.Where(number => number.Key.StartsWith("edge_entropy/", StringComparison.Ordinal)).Average(n => n.Value),
                1e-6);
        });
        Assert.Equal(name == "untrained", epochs[0].Numbers["entropy"] == epochs[1].Numbers["entropy"]);
        AreLookedUp(epochs);
    }

    [Fact]
    public void What_random_search_finds_is_looked_up() => AreLookedUp(Run(Tiny, "random-search"));

    private static void AreLookedUp(IEnumerable<EpochMetrics> epochs)
    {
        foreach (var epoch in epochs)
        {
            var row = NasTable.Shipped.Rows[(int)epoch.Numbers["index"]];
            Assert.Equal(
                (row.Cifar10.Test, row.Cifar100.Test, row.ImageNet16.Test),
                (epoch.Numbers["test_cifar10"], epoch.Numbers["test_cifar100"], epoch.Numbers["test_imagenet16"]));
            Assert.Equal(94.37 - row.Cifar10.Test, epoch.Numbers["regret"], 0.005);
            Assert.Equal(73.51 - row.Cifar100.Test, epoch.Numbers["regret_cifar100"], 0.005);
            Assert.Equal(47.31 - row.ImageNet16.Test, epoch.Numbers["regret_imagenet16"], 0.005);
        }
    }

    [Theory]
    [InlineData("reinmax")]
    [InlineData("gdas")]
    [InlineData("random-search")]
    public void A_run_that_goes_on_from_a_state_ends_as_if_it_had_never_stopped(string name)
    {
        var experiment = new NasExperiment(Tiny with { Epochs = 4, PictureEvery = 4 }).TunedFor(name);
        var whole = experiment.Run(Method(name), 3, cancellation: Stop).ToList();
        IReadOnlyDictionary<string, Tensor> state;
        using (var first = experiment.Start(Method(name), 3))
        {
            first.Next(null, Stop);
            first.Next(null, Stop);
            state = first.State();
            first.Next(null, Stop);
        }

        using (var second = experiment.Start(Method(name), 4))
        {
            second.Restore(state);
            var rest = new[] { second.Next(null, Stop), second.Next(null, Stop) };
            Assert.Equal(whole[2..].Select(epoch => epoch.Numbers), rest.Select(epoch => epoch.Numbers));
            Assert.Equal(whole[3].Sketches.Select(sketch => sketch.Text), rest[1].Sketches.Select(sketch => sketch.Text));
        }

        foreach (var tensor in state.Values)
            tensor.Dispose();
        Assert.NotEqual(whole[0].Numbers, experiment.Run(Method(name), 4, cancellation: Stop).First().Numbers);
    }

    [Fact]
    public void Random_search_takes_the_cell_of_the_best_early_validation()
    {
        var table = NasTable.Shipped;
        double Found(string cells) => Early(Run(Tiny with { Epochs = 5 }, Cells(cells))[^1]);

        var (one, ten, all) = (Found("1"), Found("10"), Found("60000"));

        Assert.True(one <= ten && ten <= all);
        Assert.InRange(all, table.Rows.Select(row => row.Cifar10.EarlyValidation).Order().ElementAt(15_500), 100);
        var epochs = Run(Tiny with { Epochs = 5 }, Cells("500"));
        Assert.Equal(epochs.Select(Early).Order(), epochs.Select(Early));

        double Early(EpochMetrics epoch) => table.Rows[(int)epoch.Numbers["index"]].Cifar10.EarlyValidation;
    }

    [Theory]
    [InlineData("reinmax")]
    [InlineData("gdas-reinmax")]
    [InlineData("st")]
    [InlineData("gumbel-rao")]
    public void A_temperature_may_cross_one(string name)
    {
        var method = Method(name, "temperature", "1.5");

        var epochs = new NasExperiment(Tiny with { Epochs = 3, TemperatureEnd = 0.5 }).TunedFor(name).Run(method, 0, cancellation: Stop);

        Assert.Equal([1.5, 1, 0.5], epochs.Select(epoch => epoch.Numbers["temperature"]));
    }

    [Fact]
    public void Measuring_gradients_changes_nothing_of_the_run()
    {
        var options = Tiny with { QualityEvery = 2, QualityDraws = 8, QualityMethods = "st,reinmax,gdas,mid-point" };

        var measured = Run(options, "reinmax");
        var plain = Run(Tiny, "reinmax");

        string[] names = ["cosine", "bias", "bias_approx", "std"];
        Assert.Equal([16, 16], measured.Select(epoch => epoch.Numbers.Keys.Count(key => names.Contains(key.Split('/')[0]))));
        foreach (var (with, without) in measured.Zip(plain))
            Assert.All(without.Numbers, number => Assert.Equal(number.Value, with.Numbers[number.Key]));
    }

    [Fact]
    public void The_cell_and_the_logits_are_drawn_when_they_are_asked_for()
    {
        var epochs = Run(Tiny with { Epochs = 3, PictureEvery = 2 }, "st");

        Assert.Equal([0, 2, 2], epochs.Select(epoch => epoch.Sketches.Count));
        Assert.Equal(["cell", "logits"], epochs[1].Sketches.Select(sketch => sketch.Name));
        Assert.Contains("CIFAR-10", epochs[1].Sketches[0].Text, StringComparison.Ordinal);
        Assert.StartsWith("after epoch 2      none", epochs[1].Sketches[1].Text, StringComparison.Ordinal);
        Assert.Equal(30 * 3, epochs[1].Sketches[1].Lines.Count);
    }

    [Fact]
    public void Presets_hold_the_published_settings()
    {
        var paper = NasPresets.Get("paper");
        var experiment = new NasExperiment(paper);

        Assert.Equal(
            ("cifar10", 16, 5, 100, 64, 0.025, 0.001, 5e-4, 3e-4),
            (paper.Dataset, paper.Channels, paper.StageCells, paper.Epochs, paper.Batch, paper.Lr, paper.LrEnd, paper.Decay, paper.ArchLr));
        Assert.Equal((0.09, null), Tuned("reinmax"));
        Assert.Equal((0.09, null), Tuned("gdas-reinmax"));
        Assert.Equal((0.001, 0.1), Tuned("gdas"));
        Assert.Equal((0.001, 0.1), Tuned("st-gumbel"));
        Assert.Equal((0.001, null), Tuned("dsnas"));
        Assert.Equal(10.0, Settings("gdas")["temperature"]);
        Assert.Empty(Settings("reinmax"));
        var small = NasPresets.Get("small");
        Assert.Equal(("cifar10-16x16", 8, 1), (small.Dataset, small.Channels, small.StageCells));
        Assert.Equal(NasPresets.Get("small"), new NasOptions { Preset = "small" });

        (double?, double?) Tuned(string name) =>
            (NasOptions)experiment.TunedFor(name).Options is var options ? (options.ArchDecay, options.TemperatureEnd) : default;

        IReadOnlyDictionary<string, object> Settings(string name) => experiment.Settings(Entry(name), Nothing);
    }

    [Fact]
    public void Published_numbers_stand_beside_the_methods_that_they_are_of()
    {
        var paper = NasPresets.Get("paper");
        IReadOnlyList<PublishedResult> Find(string method, NasOptions options) => PublishedNas.Find(options, new MethodRecord(method, ""));

        Assert.Equal([93.23, 93.61], Find("gdas", paper).Select(result => Number(result, "test_cifar10").Value.Mean));
        Assert.Equal(94.37 - 93.44, Number(Find("gdas-reinmax", paper)[0], "regret").Value.Mean, 0.005);
        Assert.Null(Number(Find("gdas-reinmax", paper)[0], "regret").Caveat);
        Assert.NotNull(Number(Find("gdas-reinmax", Tiny)[0], "regret").Caveat);
        Assert.NotNull(Number(Find("reinmax", paper)[0], "regret").Caveat);
        Assert.Empty(Find("st", paper));

        static PublishedNumber Number(PublishedResult result, string metric) => result.Numbers.Single(number => number.Metric == metric);
    }

    public static TheoryData<NasOptions, string> Wrong => new()
    {
        { new() { Dataset = "cifar10-16" }, "Unknown dataset 'cifar10-16'. Did you mean 'cifar10-jpeg' or 'cifar10-16x16'?" },
        { new() { Preset = "papers" }, "Unknown preset 'papers'. Did you mean 'paper'?" },
        { new() { Device = "gpu" }, "--device must be cpu, cuda or cuda:N; got 'gpu'." },
        { new() { Images = 0 }, "--images must be at least 1; got 0." },
        { new() { Channels = 0 }, "--channels must be from 8 to 1024; got 0." },
        { new() { Channels = 12 }, "--channels must be a multiple of 8; got 12." },
        { new() { StageCells = 101 }, "--stage-cells must be from 1 to 100; got 101." },
        { new() { Epochs = 0 }, "--epochs must be at least 1; got 0." },
        { new() { Batch = 1 }, "--batch must be at least 2; got 1." },
        { new() { Lr = 0 }, "--lr must be a finite number above 0; got 0." },
        { new() { LrEnd = -1 }, "--lr-end must be a finite number above 0; got -1." },
        { new() { Decay = -1 }, "--decay must be a finite number of at least 0; got -1." },
        { new() { ArchLr = double.NaN }, "--arch-lr must be a finite number above 0; got NaN." },
        { new() { ArchDecay = -0.1 }, "--arch-decay must be a finite number of at least 0; got -0.1." },
        { new() { TemperatureEnd = 0 }, "--temperature-end must be from 1e-30 to 1e30; got 0." },
        { new() { TemperatureEnd = 1e31 }, "--temperature-end must be from 1e-30 to 1e30; got 1E+31." },
        { new() { PictureEvery = -1 }, "--picture-every must be at least 0; got -1." },
        { new() { QualityEvery = -1 }, "--quality-every must be at least 0; got -1." },
        { new() { QualityEvery = 1, QualityDraws = 0 }, "--quality-draws must be at least 1; got 0." },
        { new() { QualityEvery = 1, QualityMethods = "stt" }, "Unknown method 'stt'. Did you mean 'st'?" },
        {
            new() { QualityEvery = 1, QualityMethods = "st,untrained" },
            "--quality-methods may not name 'untrained' here: it has no gradient."
        },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Options_that_cannot_be_are_refused(NasOptions options, string sentence) =>
        Assert.Equal(sentence, Assert.Throws<OptionException>(() => new NasExperiment(options)).Message);

    [Fact]
    public void Methods_that_cannot_search_are_refused_in_words()
    {
        Assert.Equal(
            "a network is searched by a pathwise estimator, whose gradient comes from one pass; it is none.",
            NasMethods.WhyNot(Method("rloo")));
        Assert.Equal("it needs 2 categories a choice; an edge has 5 operations.", NasMethods.WhyNot(Method("disarm")));
        Assert.Equal(
            "'random-search': cells must be at least 1; got 0.",
            Assert.Throws<OptionException>(() => Method("random-search", "cells", "0")).Message);
        Assert.Equal(
            "'gdas': temperature must be a finite number above 0; got -1.",
            Assert.Throws<OptionException>(() => Method("gdas", "temperature", "-1")).Message);
    }

    private static readonly Dictionary<string, object> Nothing = [];

    private static MethodEntry Entry(string name) => NasMethods.All.Single(entry => entry.Name == name);

    private static Method Method(string name) => Entry(name).With(Nothing);

    private static Method Method(string name, string setting, string value) =>
        Entry(name).With(new Dictionary<string, object> { [setting] = value });

    private static Method Cells(string cells) => Method("random-search", "cells", cells);

    private static List<EpochMetrics> Run(NasOptions options, string method) => Run(options, Method(method));

    private static List<EpochMetrics> Run(NasOptions options, Method method) =>
        [.. new NasExperiment(options).TunedFor(method.Name).Run(method, 0, cancellation: Stop)];
}
