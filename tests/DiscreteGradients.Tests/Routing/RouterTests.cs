using DiscreteGradients.Fused;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.Routing;

/// <summary>Which experts are chosen and with which weights.</summary>
public sealed class RouterTests
{
    private const int Draws = 40_000;

    public static TheoryData<string> Names { get; } = [.. Routers.All.Select(entry => entry.Name)];

    [Fact]
    public void Names_are_unique_and_are_found_and_settings_say_what_they_are()
    {
        Assert.Equal(Routers.All.Count, Routers.All.Select(e => e.Name).Distinct().Count());
        foreach (var entry in Routers.All)
        {
            Assert.Same(entry, Routers.Get(entry.Name));
            Assert.All(entry.Settings, s => Assert.Matches("^[a-z][a-z_]*$", s.Name));
            Assert.All(entry.Settings, s => Assert.True(s.Range.Length > 0 && s.Summary.Length > 0 && !s.Summary.EndsWith('.')));
            Assert.Equal(entry.Default, entry.Create(entry.Settings.ToDictionary(s => s.Name, s => s.Default)));
        }

        Conformance.Refused("Unknown router 'swich'. Did you mean 'switch'?", () => Routers.Get("swich"));
        Conformance.Refused(
            "'dense' has no setting 'picks'; it has none.",
            () => Routers.Get("dense").Create(new Dictionary<string, object> { ["picks"] = 2 }));
    }

    [Fact]
    public void A_router_is_written_with_its_settings_alone()
    {
        Assert.Equal("SwitchRouter { InputJitter = 0.01 }", new SwitchRouter().ToString());
        Assert.Equal("DenseRouter { }", new DenseRouter().ToString());
        Assert.Equal(
            "SparseMixerRouter { IsHybrid = True, Picks = 1, MaskThreshold = 0.1 }", new SparseMixerRouter().ToString());
    }

    [Fact]
    public void Settings_out_of_range_are_refused_in_words()
    {
        Conformance.Refused("inputJitter must be at least 0 and below 1; got 1.", () => _ = new SwitchRouter(1));
        Conformance.Refused(
            "inputJitter must be at least 0 and below 1; got NaN.", () => _ = new SwitchRouter { InputJitter = double.NaN });
        Conformance.Refused("picks must be at least 1; got 0.", () => _ = new TopKRouter(0));
        Conformance.Refused("picks must be at least 1; got -1.", () => _ = new SparseMixerRouter(-1));
        Conformance.Refused("picks must be at least 1; got 0.", () => _ = new SparseMixer2Router { Picks = 0 });
        Conformance.Refused("picks must be at least 1; got 0.", () => _ = new DenseStraightThroughRouter(0));
        Conformance.Refused(
            "maskThreshold must be above 0 and at most 1, which masks nothing; got 0.", () => _ = new SparseMixerRouter(1, 0));
        Conformance.Refused(
            "maskThreshold must be above 0 and at most 1, which masks nothing; got 1.5.", () => _ = new SparseMixer2Router(1, 1.5));
        Conformance.Refused("expertsPerToken must be a finite number above 0; got 0.", () => _ = new ExpertChoiceRouter(0));
        Conformance.Refused(
            "expertsPerToken must be a finite number above 0; got Infinity.",
            () => _ = new ExpertChoiceRouter(double.PositiveInfinity));
        Conformance.Refused("estimator must be given; got null.", () => _ = new SampledRouter(null!));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Scores_that_nothing_can_be_routed_by_are_refused_in_words(string name)
    {
        using var scope = NewDisposeScope();
        var router = Routers.Get(name).Default;
        var per = router.ScoresPerExpert;
        var shape = per == 1 ? "[tokens, experts]" : "[tokens, 2 · experts]";
        Conformance.Refused(
            $"scores must be floating-point with shape {shape} and at least one expert; got Float32 of shape [{4 * per}].",
            () => router.Route(zeros(4 * per)));
        Conformance.Refused(
            $"scores must be floating-point with shape {shape} and at least one expert; got Int64 of shape [2, {4 * per}].",
            () => router.Route(zeros([2, 4 * per], ScalarType.Int64)));
        Conformance.Refused(
            $"scores must be floating-point with shape {shape} and at least one expert; got Float32 of shape [2, 0].",
            () => router.Route(zeros(2, 0)));
        foreach (var dtype in new[] { ScalarType.Float32, ScalarType.Float64, ScalarType.BFloat16 })
        {
            foreach (var (value, words) in new[] { (double.NaN, "hold NaN"), (double.PositiveInfinity, "hold Infinity") })
            {
                var scores = zeros([5, 4 * per], dtype);
                scores[3, 2] = value;
                Conformance.Refused(
                    $"scores of token 3 {words}; scores must be finite, or −∞ to exclude an expert.", () => router.Route(scores));
            }

            var excluded = zeros([5, 4 * per], dtype);
            excluded[1] = double.NegativeInfinity;
            Conformance.Refused(
                "scores of token 1 exclude every expert; scores must be finite, or −∞ to exclude an expert.",
                () => router.Route(excluded));
        }

        if (router.ExpertsNeeded > 1)
        {
            Conformance.Refused(
                $"{router.GetType().Name} sends a token to 2 experts, but there is 1; choose fewer picks or add experts.",
                () => router.Route(zeros(3, per)));
        }
    }

    [Fact]
    public void A_token_for_which_too_few_experts_are_left_is_refused_in_words()
    {
        using var scope = NewDisposeScope();
        var scores = zeros(4, 3);
        scores[2, 0] = scores[2, 2] = double.NegativeInfinity;
        foreach (var router in new Router[]
            { new TopKRouter(2), new SparseMixerRouter(2), new SparseMixer2Router(2), new DenseStraightThroughRouter(2) })
        {
            foreach (var training in new[] { true, false })
            {
                Conformance.Refused(
                    "scores of token 2 leave 1 of 3 experts to choose from, and 2 are picked; exclude fewer by −∞.",
                    () => router.Route(scores, training));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_excluded_expert_is_never_chosen_and_gets_no_gradient(string name)
    {
        using var scope = NewDisposeScope();
        var router = Routers.Get(name).Default;
        foreach (var training in new[] { true, false })
        {
            var scores = Conformance.Logits([200, 4 * router.ScoresPerExpert]);
            scores.narrow(1, 1, 1).fill_(double.NegativeInfinity);
            scores.requires_grad_(true);
            var routing = router.Route(scores, training, generator: Conformance.Seeded());
            var weights = where(routing.Chosen | routing.IsDense, routing.Weights, 0);
            ((weights + routing.Probabilities) * Conformance.Logits([200, 4], seed: 8)).sum().backward();

            Assert.False(routing.Chosen.select(1, 1).any().item<bool>());
            Assert.True(routing.Chosen.any().item<bool>());
            Assert.True(scores.grad!.isfinite().all().item<bool>());
            Assert.Equal(0, scores.grad!.select(1, 1).abs().max().item<double>());
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Evaluation_chooses_the_best_and_is_the_same_every_time(string name)
    {
        using var scope = NewDisposeScope();
        var router = Routers.Get(name).Default;
        var scores = Conformance.Logits([30, 5 * router.ScoresPerExpert]);
        var (first, second) = (router.Route(scores, training: false), router.Route(scores, training: false));

        Assert.True((first.Chosen == second.Chosen).all().item<bool>());
        Assert.True((first.Weights == second.Weights).all().item<bool>());
        Assert.False(first.IsDense);
        if (router is ExpertChoiceRouter or DenseRouter)
            return;
        var best = scores.narrow(1, 0, 5).topk(router.ExpertsNeeded).indexes;
        Assert.True(first.Chosen.gather(1, best).all().item<bool>());
        Assert.Equal(30 * router.ExpertsNeeded, first.Chosen.to_type(ScalarType.Int64).sum().item<long>());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Training_takes_one_number_of_the_generator_and_evaluation_none(string name)
    {
        using var scope = NewDisposeScope();
        var router = Routers.Get(name).Default;
        var scores = Conformance.Logits([6, 4 * router.ScoresPerExpert]);
        using var used = Conformance.Seeded();
        using var untouched = Conformance.Seeded();
        using var once = Conformance.Seeded();
        router.Route(scores, generator: used);
        Noise.Draw(once);
        Assert.True((used.get_state() == once.get_state()).all().item<bool>());
        router.Route(scores, training: false, generator: untouched);
        using var fresh = Conformance.Seeded();
        Assert.True((untouched.get_state() == fresh.get_state()).all().item<bool>());
    }

    /// <summary>One pick: the law of the softmax of what the threshold leaves, and a coin that is independent of it.</summary>
    [Theory]
    [InlineData("sparsemixer", 2, 0.5, 1)]
    [InlineData("sparsemixer-2", 3, 0.25, 1)]
    [InlineData("sparsemixer-2-star", 3, 0.625, 2)]
    public void Picks_and_coins_follow_their_law(string name, int part, double coin, double temperature)
    {
        using var scope = NewDisposeScope();
        var router = Routers.Get(name).Create(new Dictionary<string, object> { ["picks"] = 1, ["mask_threshold"] = 0.3 });
        var scores = tensor([1.0, 0.9, 0.6, 0.5]);  // 0.4 is within 0.3 · 1.6, 0.5 is not within 0.3 · 1.5
        var left = tensor([1.0, 0.9, 0.6, double.NegativeInfinity]);
        var p = (left / temperature).softmax(-1);

        var routing = router.Route(scores.expand(Draws, 4), generator: Conformance.Seeded());

        for (var i = 0; i < 4; i++)
        {
            var picked = routing.Chosen.select(1, i);
            var count = picked.to_type(ScalarType.Int64).sum().item<long>();
            Within(p[i].item<double>(), count, Draws);
            if (count == 0)
                continue;
            var weights = routing.Weights.select(1, i).masked_select(picked);
            var full = (weights - p[i]).abs() < 1e-12;
            var small = (weights - (p[i] / part)).abs() < 1e-12;
            Assert.True((full | small).all().item<bool>());
            Within(i == 0 ? 1 : coin, full.to_type(ScalarType.Int64).sum().item<long>(), count);
        }

        Assert.Equal(0, routing.Chosen.select(1, 3).to_type(ScalarType.Int64).sum().item<long>());
    }

    [Fact]
    public void Two_picks_are_drawn_without_replacement_each_within_reach_of_the_best_that_is_left()
    {
        using var scope = NewDisposeScope();
        var scores = tensor([2.0, 1.0, 0.8, -1.0]);
        var routing = new SparseMixerRouter(2, 0.3).Route(scores.expand(Draws, 4), generator: Conformance.Seeded());

        var counts = routing.Chosen.to_type(ScalarType.Int64).sum([0]).data<long>().ToArray();
        Assert.Equal(2L * Draws, counts.Sum());
        Assert.Equal(Draws, counts[0]);  // alone within reach of itself, so it is always first
        var second = (tensor([1.0, 0.8])).softmax(-1);
        Within(second[0].item<double>(), counts[1], Draws);
        Assert.Equal(0, counts[3]);
        var weight = routing.Weights.select(1, 1).masked_select(routing.Chosen.select(1, 1));
        Assert.InRange((weight - second[0]).abs().max().item<double>(), 0, 1e-12);  // the best that is left runs at full weight
    }

    [Fact]
    public void Noisy_top_k_chooses_as_often_as_normal_noise_of_its_scale_says()
    {
        using var scope = NewDisposeScope();
        var scores = tensor([0.3, -0.2, 0.4, -0.6]);
        var routing = new TopKRouter(1, IsNoisy: true).Route(scores.expand(Draws, 4), generator: Conformance.Seeded());

        var scale = nn.functional.softplus(tensor([0.4, -0.6])).pow(2).sum().sqrt();
        var chance = (special.erf(0.5 / scale / Math.Sqrt(2)).item<double>() + 1) / 2;
        Within(chance, routing.Chosen.select(1, 0).to_type(ScalarType.Int64).sum().item<long>(), Draws);
    }

    [Fact]
    public void Top_k_weights_are_the_softmax_over_the_chosen()
    {
        using var scope = NewDisposeScope();
        var scores = Conformance.Logits([20, 6]);
        foreach (var router in new[] { new TopKRouter(3), new TopKRouter(3, IsNoisy: true) })
        {
            var silent = router.IsNoisy ? cat([scores, full([20, 6], -1e4, ScalarType.Float64)], 1) : scores;
            var routing = router.Route(silent);
            var (values, indices) = scores.topk(3);
            Assert.True(routing.Weights.gather(1, indices).allclose(values.softmax(-1), 1e-12, 1e-14));
            Assert.Equal(60, routing.Chosen.to_type(ScalarType.Int64).sum().item<long>());
        }
    }

    [Fact]
    public void Of_equal_scores_the_first_experts_are_chosen()
    {
        using var scope = NewDisposeScope();
        var routing = new TopKRouter(2).Route(zeros(3, 4));
        Assert.True((routing.Chosen == tensor([true, true, false, false])).all().item<bool>());
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void The_kernel_chooses_what_tensor_operations_choose(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var scores = Conformance.Logits([300, 6], dtype).mul(2).round();  // many are equal
        for (var picks = 1; picks <= 6; picks++)
        {
            var expected = ExpertPicks.HighestByTensors(scores, picks);
            Assert.True((expected == ExpertPicks.Highest(scores, null, picks)).all().item<bool>());
            Assert.Equal(300 * picks, expected.to_type(ScalarType.Int64).sum().item<long>());
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32, 8)]
    [InlineData(ScalarType.Float64, 3)]
    [InlineData(ScalarType.Float32, 100)]
    public void The_kernel_of_the_softmax_equals_libtorchs(ScalarType dtype, long experts)
    {
        using var scope = NewDisposeScope();
        var scores = Conformance.Logits([77, experts], dtype);
        scores[5, 1] = double.NegativeInfinity;
        var slope = Conformance.Logits([77, experts], dtype, seed: 4);
        Tensor[] Results(Func<Tensor, Tensor> softmax)
        {
            var leaf = scores.clone().requires_grad_(true);
            var p = softmax(leaf);
            (p * slope).sum().backward();
            return [p, leaf.grad!];
        }

        var bound = dtype == ScalarType.Float64 ? 1e-14 : 1e-6;
        Assert.All(
            Results(FusedSoftmax.Of).Zip(Results(x => x.softmax(-1))),
            pair => Assert.True(pair.First.allclose(pair.Second, rtol: bound, atol: bound)));
    }

    [Fact]
    public void A_bias_chooses_and_changes_no_weight()
    {
        using var scope = NewDisposeScope();
        var scores = tensor([1.0, 2.0, 3.0]).expand(2, 3);
        var routing = new SwitchRouter().Route(scores, bias: tensor([5.0, 0, 0]));
        Assert.True((routing.Chosen == tensor([true, false, false])).all().item<bool>());
        Assert.True(routing.Weights.allclose(scores.softmax(-1), 1e-12, 1e-14));
        Conformance.Refused(
            "bias must be floating-point with a number for each of the 3 experts; got Float32 of shape [2].",
            () => new SwitchRouter().Route(scores, bias: zeros(2)));
        Conformance.Refused(
            "SparseMixerRouter does not choose experts by the order of their scores, so a bias cannot balance them; "
            + "use the balance loss, or a router such as TopKRouter.",
            () => new SparseMixerRouter().Route(scores, bias: zeros(3)));
    }

    [Theory]
    [InlineData(1, 7)]
    [InlineData(2, 14)]
    [InlineData(0.01, 1)]
    [InlineData(4, 27)]
    public void Every_expert_takes_its_best_tokens_as_many_as_the_others(double perToken, int each)
    {
        using var scope = NewDisposeScope();
        var scores = Conformance.Logits([27, 4]);
        var routing = new ExpertChoiceRouter(perToken).Route(scores);
        var p = scores.softmax(-1);
        for (var e = 0; e < 4; e++)
        {
            var taken = p.select(1, e).topk(each).indexes;
            Assert.True(routing.Chosen.select(1, e).index_select(0, taken).all().item<bool>());
            Assert.Equal(each, routing.Chosen.select(1, e).to_type(ScalarType.Int64).sum().item<long>());
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void No_tokens_are_no_error(string name)
    {
        using var scope = NewDisposeScope();
        var router = Routers.Get(name).Default;
        foreach (var training in new[] { true, false })
            Assert.Equal([0, 4], router.Route(zeros(0, 4 * router.ScoresPerExpert), training).Chosen.shape);
    }

    /// <summary>That many of so many, within five standard errors.</summary>
    private static void Within(double chance, long count, long all)
    {
        var error = Math.Sqrt(chance * (1 - chance) / all);
        Assert.InRange(count / (double)all, chance - (5 * error) - 1e-12, chance + (5 * error) + 1e-12);
    }
}
