using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Moe;

public sealed class MoeExperimentTests : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly TemporaryFolder _folder = new();
    private readonly MoeOptions _text;

    private readonly MoeOptions _points = new()
    {
        Task = MoeTask.Regression,
        Width = 4,
        Classes = 3,
        Experts = 4,
        Epochs = 3,
        Steps = 4,
        Batch = 16,
    };

    public MoeExperimentTests()
    {
        set_num_threads(1);
        _text = Tiny(_folder);
    }

    public static TheoryData<string> Routers => new(MoeMethods.All.Select(entry => entry.Name));

    public void Dispose() => _folder.Dispose();

    /// <summary>A text of a few hundred characters and a model for it.</summary>
    internal static MoeOptions Tiny(TemporaryFolder folder)
    {
        File.WriteAllText(folder["text.txt"], string.Concat(Enumerable.Range(0, 120).Select(i => $"{i * i} is the square of {i}.\n")));
        return new MoeOptions
        {
            Text = folder["text.txt"],
            Experts = 3,
            Width = 8,
            Heads = 2,
            Block = 6,
            Hidden = 5,
            Epochs = 3,
            Steps = 3,
            Batch = 4,
            PictureEvery = 0,
        };
    }

    [Theory]
    [MemberData(nameof(Routers))]
    public void Every_router_trains_on_both_tasks_and_leaves_no_tensor_behind(string router)
    {
        foreach (var options in (MoeOptions[])[_text, _points])
        {
            var measured = options with { Epochs = 1, QualityEvery = 1, QualityDraws = 3, PictureEvery = 1, Balance = 0.1, ZLoss = 0.1 };
            var before = LiveTensors.Count();

            var epoch = Assert.Single(Run(measured, router));

            Assert.Equal(before, LiveTensors.Count());
            Assert.All(epoch.Numbers, number => Assert.True(double.IsFinite(number.Value), number.Key));
            Assert.All(
                MoeExperiment.Entry.Metrics(measured).Results().Concat(MoeExperiment.Entry.Metrics(measured).In(MetricPlace.Health)),
                metric => Assert.True(epoch.Numbers.ContainsKey(metric.Name), metric.Name));
            Assert.Equal(1, epoch.Numbers.Where(number => Starts(number.Key, "load_1/")).Sum(number => number.Value), 1e-9);
            Assert.Equal(options.Task == MoeTask.Language ? 1 : 0, epoch.Sketches.Count);
        }
    }

    [Fact]
    public void A_run_that_goes_on_from_a_state_ends_as_if_it_had_never_stopped()
    {
        foreach (var (options, router) in ((MoeOptions, string)[])
            [(_text with { BiasRate = 0.01, Dropout = 0.2 }, "top-k"), (_text, "sparsemixer"), (_points, "reinmax")])
        {
            var experiment = new MoeExperiment(options);
            var whole = experiment.Run(Method(router), 3, cancellation: Stop).Select(epoch => epoch.Numbers).ToList();
            IReadOnlyDictionary<string, Tensor> state;
            using (var first = experiment.Start(Method(router), 3))
            {
                first.Next(null, Stop);
                state = first.State();
                first.Next(null, Stop);
            }

            using (var second = experiment.Start(Method(router), 3))
            {
                second.Restore(state);
                Assert.Equal(whole[1..], [second.Next(null, Stop).Numbers, second.Next(null, Stop).Numbers]);
            }

            Assert.Equal(options.BiasRate > 0, state.Keys.Any(key => key.EndsWith("balance_bias", StringComparison.Ordinal)));
            foreach (var tensor in state.Values)
                tensor.Dispose();
            Assert.NotEqual(whole, experiment.Run(Method(router), 4, cancellation: Stop).Select(epoch => epoch.Numbers));
        }
    }

    [Fact]
    public void Measuring_gradients_and_drawing_change_nothing_of_the_run()
    {
        foreach (var (options, router) in ((MoeOptions, string)[])
            [(_text with { BiasRate = 0.01 }, "noisy-top-k"), (_text, "dense-st"), (_points, "st")])
        {
            var measured = Run(options with { QualityEvery = 2, QualityDraws = 2, PictureEvery = 1 }, router);
            var plain = Run(options, router);

            Assert.Equal([true, true, false], measured.Select(epoch => epoch.Numbers.ContainsKey("router_cosine")));
            foreach (var (with, without) in measured.Zip(plain))
                Assert.All(without.Numbers, number => Assert.Equal(number.Value, with.Numbers[number.Key]));
        }
    }

    [Fact]
    public void The_gradient_of_a_dense_mixture_is_the_exact_one()
    {
        foreach (var options in (MoeOptions[])[_text, _points])
        {
            var numbers = Run(options with { Epochs = 1, QualityEvery = 1, QualityDraws = 1 }, "dense")[0].Numbers;

            Assert.Equal((1, 0), (numbers["router_cosine"], numbers["router_bias"]), Close);
        }

        static bool Close((double Cosine, double Bias) a, (double Cosine, double Bias) b) =>
            Math.Abs(a.Cosine - b.Cosine) < 1e-5 && Math.Abs(a.Bias - b.Bias) < 1e-3;
    }

    [Fact]
    public void ReinMax_is_unbiased_on_squared_errors_and_straight_through_is_not()
    {
        var options = _points with { Epochs = 1, QualityEvery = 1, QualityDraws = 2000 };

        var (reinmax, st) = (Run(options, "reinmax")[0].Numbers, Run(options, "st")[0].Numbers);

        Assert.InRange(reinmax["router_cosine"], 0.995, 1.0001);
        Assert.True(st["router_cosine"] < 0.9, $"{st["router_cosine"]}");
        Assert.True(reinmax["router_draw_cosine"] < reinmax["router_cosine"]);
    }

    [Fact]
    public void Routing_each_point_several_times_changes_nothing_for_a_router_that_draws_nothing()
    {
        var (once, often) = (Run(_points, "dense"), Run(_points with { Copies = 3 }, "dense"));

        foreach (var (one, three) in once.Zip(often))
            Assert.Equal(one.Numbers["valid_loss"], three.Numbers["valid_loss"], 1e-5);
        Assert.NotEqual(
            Run(_points, "st")[2].Numbers["valid_loss"], Run(_points with { Copies = 3 }, "st")[2].Numbers["valid_loss"], 1e-5);
    }

    [Fact]
    public void The_expected_loss_is_that_of_all_ways_to_pick()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var scores = randn([2, 3], ScalarType.Float64, generator: generator);
        var outputs = randn([2, 3, 4], ScalarType.Float64, generator: generator);
        static Tensor Losses(Tensor y) => y.square().sum([-1]) + y.sum([-1]);
        var p = scores.softmax(-1);

        foreach (var (router, weight) in ((Router, Func<int, int, Tensor>)[])
            [(new TopKRouter(2), Kept), (new SparseMixer2Router(2), Stage)])
        {
            var want = zeros([], ScalarType.Float64);
            for (var i = 0; i < 3; i++)
            {
                for (var j = 0; j < 3; j++)
                {
                    if (i == j)
                        continue;
                    var chance = p[.., i] * p[.., j] / (1 - p[.., i]);
                    var first = router is TopKRouter ? weight(i, j) : p[.., i];
                    var second = router is TopKRouter ? weight(j, i) : weight(i, j);
                    want += (chance * Losses((first.unsqueeze(1) * outputs[.., i]) + (second.unsqueeze(1) * outputs[.., j]))).sum();
                }
            }

            Assert.Equal(want.item<double>(), RouterGradients.Expected(router, scores, outputs, Losses).item<double>(), 1e-12);
        }

        var one = Enumerable.Range(0, 3).Select(i => (p[.., i] * Losses(outputs[.., i])).sum().item<double>()).Sum();
        Assert.Equal(one, RouterGradients.Expected(new SampledRouter(new ReinMax()), scores, outputs, Losses).item<double>(), 1e-12);

        Tensor Kept(int i, int j) => p[.., i] / (p[.., i] + p[.., j]);
        Tensor Stage(int i, int j) => p[.., j] / (1 - p[.., i]);
    }

    [Fact]
    public void A_capacity_drops_choices_and_a_balancing_bias_evens_the_load()
    {
        var free = Run(_text with { Epochs = 1 }, "top-k")[0].Numbers;
        var bounded = Run(_text with { Epochs = 1, Capacity = 0.5 }, "top-k")[0].Numbers;
        var points = _points with { Epochs = 1, Steps = 300 };

        Assert.Equal(0, free["dropped"]);
        Assert.InRange(bounded["dropped"], 0.4, 0.9);
        Assert.True(Run(points with { BiasRate = 0.02 }, "switch")[0].Numbers["load_variation"]
            < Run(points, "switch")[0].Numbers["load_variation"]);
    }

    [Fact]
    public void Switching_regression_is_solved_by_a_router_that_is_told_the_class()
    {
        var options = _points with { Classes = 2, Epochs = 1, Steps = 1500, Batch = 64, Lr = 1e-2 };

        var numbers = Run(options, "dense")[0].Numbers;

        Assert.InRange(numbers["valid_loss"], 0, 0.05);
        Assert.Equal(0, new MoeExperiment(options).Optimum);
        Assert.Null(new MoeExperiment(options with { Classes = 5 }).Optimum);
        Assert.Null(new MoeExperiment(_text).Optimum);
    }

    [Fact]
    public void An_expert_for_each_class_tells_all_classes_apart()
    {
        using var scope = NewDisposeScope();
        var classes = tensor(new long[] { 0, 0, 1, 2 });

        Assert.Equal(1, RegressionTask.ToldApart(Chosen(3, 3, 0, 1), classes, 3), 1e-12);
        Assert.Equal(0, RegressionTask.ToldApart(Chosen(2, 2, 2, 2), classes, 3), 1e-12);
        Assert.Equal(2.0 / 3, RegressionTask.ToldApart(Chosen(0, 0, 1, 1), classes, 3), 1e-12);

        static Tensor Chosen(params int[] experts) => nn.functional.one_hot(tensor(experts).to_type(ScalarType.Int64), 4)
            .to_type(ScalarType.Float64);
    }

    [Fact]
    public void The_preset_makemoe_has_the_size_that_is_published()
    {
        var options = MoePresets.Get("makemoe") with { Hidden = 512 };
        using var seeds = new MoeSeeds(1);
        var text = new CharacterText([.. Enumerable.Range(0, 65).Select(i => $"{i}")], new int[1000]);

        using var task = new LanguageTask(options, text, new TopKRouter(2, IsNoisy: true), seeds);

        Assert.Equal(8_996_545, task.Model.parameters().Sum(parameter => parameter.numel()));
    }

    [Fact]
    public void Published_losses_are_found_for_their_settings_alone()
    {
        var options = (MoeOptions)new MoeExperiment(MoePresets.Get("makemoe")).Options;

        var numbers = Assert.Single(Find(options, "noisy-top-k", 2)).Numbers;
        Assert.Equal([("evaluated_train_loss", 1.571), ("valid_loss", 1.751)], numbers.Select(n => (n.Metric, n.Value.Mean)));
        Assert.Equal(2.082, Assert.Single(Find(options with { Epochs = 1, QualityEvery = 1 }, "noisy-top-k", 2)).Numbers[1].Value.Mean);
        Assert.Empty(Find(options, "noisy-top-k", 1));
        Assert.Empty(Find(options, "top-k", 2));
        Assert.Empty(Find(options with { Dropout = 0 }, "noisy-top-k", 2));
        Assert.Empty(Find(options with { Text = "other" }, "noisy-top-k", 2));
        Assert.Empty(Find(options with { Steps = 900 }, "noisy-top-k", 2));

        static IReadOnlyList<PublishedResult> Find(MoeOptions options, string router, int picks) => PublishedMoe.Find(
            options, new MethodRecord(router, "")
            {
                Settings = MethodSettings.ToJson(new Dictionary<string, object> { ["picks"] = picks }),
            });
    }

    [Fact]
    public void A_drawing_shows_each_expert_its_characters()
    {
        long[,] counts = { { 100, 0, 30 }, { 0, 50, 10 } };

        var sketch = CharacterSketch.Draw(["\n", "a", "é"], [counts]);

        Assert.Equal("layer 1  share  characters it is chosen for most often, beside its share\n"
            + "  expert 1   68.4%  ¶ é\n"
            + "  expert 2   31.6%  a\n", sketch.Text);
        Assert.Equal([1, 0, 0.75, 0, 1, 0.25], sketch.Cells.Select(cell => cell.Shade));
        Assert.Contains(sketch.Words, word => word.Text == "é" && word.IsCentred);
        Assert.All(sketch.Cells, cell => Assert.True(cell.X + cell.Width <= sketch.Width && cell.Y + cell.Height <= sketch.Height));
    }

    public static TheoryData<MoeOptions, string> Wrong => new()
    {
        { new() { Preset = "smal" }, "Unknown preset 'smal'. Did you mean 'small'?" },
        { new() { Experts = 0 }, "--experts must be from 1 to 4096; got 0." },
        { new() { Layers = 0 }, "--layers must be from 1 to 128; got 0." },
        { new() { Width = 0 }, "--width must be from 1 to 4096; got 0." },
        { new() { Heads = 65 }, "--heads must be from 1 to 64; got 65." },
        { new() { Heads = 3 }, "--width must be a multiple of --heads; got 64 and 3." },
        { new() { Block = 0 }, "--block must be from 1 to 4096; got 0." },
        { new() { Hidden = 0 }, "--hidden must be from 1 to 65536; got 0." },
        { new() { Classes = 0 }, "--classes must be from 1 to 4096; got 0." },
        { new() { Epochs = 0 }, "--epochs must be at least 1; got 0." },
        { new() { Steps = 0 }, "--steps must be at least 1; got 0." },
        { new() { Batch = 0 }, "--batch must be from 1 to 1048576; got 0." },
        { new() { Copies = 0 }, "--copies must be from 1 to 1048576; got 0." },
        { new() { Lr = 0 }, "--lr must be a finite number above 0; got 0." },
        { new() { Capacity = 0 }, "--capacity must be a finite number above 0; got 0." },
        { new() { Dropout = 1 }, "--dropout must be at least 0 and below 1; got 1." },
        { new() { BiasRate = -1 }, "--bias-rate must be at least 0 and below 1; got -1." },
        { new() { Balance = double.NaN }, "--balance must be a finite number of at least 0; got NaN." },
        { new() { ZLoss = -1 }, "--z-loss must be a finite number of at least 0; got -1." },
        { new() { QualityEvery = -1 }, "--quality-every must be at least 0; got -1." },
        { new() { QualityDraws = 0 }, "--quality-draws must be at least 1; got 0." },
        { new() { PictureEvery = -1 }, "--picture-every must be at least 0; got -1." },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Wrong_options_are_refused_in_the_words_of_the_command_line(MoeOptions options, string sentence) =>
        Assert.Equal(sentence, Assert.Throws<OptionException>(() => new MoeExperiment(options)).Message);

    [Fact]
    public void A_model_that_does_not_fit_into_memory_is_refused() => Assert.StartsWith(
        "The model and a step take at least ",
        Assert.Throws<OptionException>(() => new MoeExperiment(new() { Width = 4096, Experts = 4096, Layers = 128 })).Message,
        StringComparison.Ordinal);

    [Fact]
    public void A_text_that_is_too_short_is_refused_before_anything_is_trained()
    {
        File.WriteAllText(_folder["short.txt"], "To be, or not to be");

        Assert.Equal(
            $"'{_folder["short.txt"]}' has 19 characters; --block 6 needs at least 61, for the last tenth validates: use a longer text or "
            + "a smaller --block.",
            Assert.Throws<OptionException>(() => new MoeExperiment(_text with { Text = _folder["short.txt"] }).Load()).Message);
        File.WriteAllText(_folder["short.txt"], new string('a', 61));
        new MoeExperiment(_text with { Text = _folder["short.txt"] }).Load();
    }

    [Fact]
    public void A_router_that_does_not_fit_says_why()
    {
        var few = new MoeExperiment(_text with { Experts = 1 });
        var biased = new MoeExperiment(_text with { BiasRate = 0.1 });
        var measured = new MoeExperiment(_text with { Experts = 40, QualityEvery = 1 });

        Assert.Equal("it needs at least 2 experts; got --experts 1.", few.WhyNot(Method("top-k")));
        Assert.Null(few.WhyNot(Method("switch")));
        Assert.Equal(
            "--bias-rate balances routers that choose by the order of scores; it is none. Leave --bias-rate out, or use --balance.",
            biased.WhyNot(Method("reinmax")));
        Assert.Null(biased.WhyNot(Method("top-k")));
        Assert.Equal(
            "--quality-every goes through all ways to pick experts, here 1560; at most 1000 can be. Use fewer picks or experts.",
            measured.WhyNot(Method("top-k")));
        Assert.Null(measured.WhyNot(Method("reinmax")));
    }

    private static bool Starts(string name, string start) => name.StartsWith(start, StringComparison.Ordinal);

    private static Method Method(string router) =>
        MoeMethods.All.Single(entry => entry.Name == router).With(new Dictionary<string, object>());

    private static List<EpochMetrics> Run(MoeOptions options, string router) =>
        [.. new MoeExperiment(options).Run(Method(router), 1, cancellation: Stop)];
}
