using DiscreteGradients.Fused;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.Routing;

/// <summary>The layer against a loop over tokens, and what it reports.</summary>
public sealed class MixtureOfExpertsTests
{
    private const int Count = 4;
    private const long Width = 5;
    private const long Outputs = 3;

    public static TheoryData<string, bool> RoutersAndModes { get; } =
        [.. Routers.All.SelectMany(entry => new[] { (entry.Name, true), (entry.Name, false) })];

    [Theory]
    [MemberData(nameof(RoutersAndModes))]
    public void The_layer_equals_a_loop_over_tokens_in_value_and_every_gradient(string name, bool training)
    {
        foreach (var dtype in new[] { ScalarType.Float64, ScalarType.Float32 })
        {
            using var scope = NewDisposeScope();
            var router = Routers.Get(name).Default;
            using var layer = Layer(router, dtype);
            layer.train(training);
            var x = Conformance.Logits([3, 7, Width], dtype).requires_grad_(true);
            var scores = Conformance.Logits([3, 7, Count * router.ScoresPerExpert], dtype, seed: 5).requires_grad_(true);
            var slope = Conformance.Logits([3, 7, Outputs], dtype, seed: 6);

            var output = layer.Mix(x, scores);
            (output * slope).sum().backward();
            var found = Gradients(layer, x, scores);

            var routing = router.Route(
                scores.view(21, -1), bias: null, training ? Noise.Draw(Conformance.Seeded()).Other().Other() : null);
            var expected = TokenLoop.Mix(x.view(21, Width), routing, layer.Experts, Outputs);
            if (router.ScalesOutput)
                expected *= layer.get_parameter("output_scale")!;
            (expected.view_as(slope) * slope).sum().backward();
            Close(expected.view_as(slope), output, dtype);
            Assert.Equal(found.Count, Gradients(layer, x, scores, again: true).Count);
            Assert.All(Gradients(layer, x, scores).Zip(found), pair => Close(pair.First, pair.Second, dtype));
        }
    }

    [Fact]
    public void A_layer_outlives_the_scope_it_was_made_in()
    {
        foreach (var router in Routers.All.Select(entry => entry.Default))
        {
            MixtureOfExperts layer;
            using (NewDisposeScope())
            {
                layer = new MixtureOfExperts(
                    [nn.Linear(Width, Width), nn.Linear(Width, Width)], router, Width, biasRate: router.TakesBias ? 0.1 : 0);
            }

            using var _ = layer;
            using var scope = NewDisposeScope();
            Assert.Equal([6, Width], layer.call(ones(6, Width)).shape);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tokens_that_do_not_count_take_no_part(bool ownScores)
    {
        using var scope = NewDisposeScope();
        foreach (var router in new Router[] { new TopKRouter(2), new ExpertChoiceRouter(1), new SampledRouter(new ReinMax()) })
        {
            var mask = tensor([true, false, true, true, false, false, true]);
            var x = Conformance.Logits([7, Width]);
            x[1] = double.NaN;  // padding may hold anything
            x.requires_grad_(true);
            var scores = Conformance.Logits([7, Count], seed: 5);
            scores[4] = double.NaN;
            using var layer = Layer(router);
            using var same = Layer(router);

            var output = ownScores ? layer.Mix(x, scores, mask) : layer.forward(x, mask);
            var few = x.detach()[mask].requires_grad_(true);
            var expected = ownScores ? same.Mix(few, scores[mask]) : same.forward(few);
            output.pow(2).sum().backward();
            expected.pow(2).sum().backward();

            Close(expected, output[mask], ScalarType.Float64);
            Assert.Equal(0, output[mask.logical_not()].abs().max().item<double>());
            Close(few.grad!, x.grad![mask], ScalarType.Float64);
            Assert.Equal(0, x.grad![mask.logical_not()].abs().max().item<double>());
            Assert.All(
                same.parameters().Zip(layer.parameters()).Where(pair => pair.First.grad is not null),
                pair => Close(pair.First.grad!, pair.Second.grad!, ScalarType.Float64));
            Assert.Equal(same.Report.Load, layer.Report.Load);
            Assert.Equal(same.Report.BalanceLoss().item<double>(), layer.Report.BalanceLoss().item<double>(), 12);
            Assert.Equal(same.Report.ZLoss().item<double>(), layer.Report.ZLoss().item<double>(), 12);
            Assert.Equal(same.Report.Entropy(), layer.Report.Entropy(), 12);
            Assert.Equal([4, Count], layer.Report.Chosen.shape);
        }
    }

    [Fact]
    public void All_experts_of_top_k_are_the_dense_mixture()
    {
        using var scope = NewDisposeScope();
        var x = Conformance.Logits([9, Width]);
        using var sparse = Layer(new TopKRouter(Count));
        using var dense = Layer(new DenseRouter());
        var expected = dense.forward(x);
        var p = dense.Report.Probabilities;

        Close(expected, sparse.forward(x), ScalarType.Float64);
        var all = stack([.. dense.Experts.Select(expert => expert.call(x))], 1);
        Close((p.unsqueeze(-1) * all).sum([1]), expected, ScalarType.Float64);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_last_tokens_are_dropped_where_there_is_no_capacity(int picks)
    {
        using var scope = NewDisposeScope();
        using var layer = Layer(new TopKRouter(picks), capacityFactor: 0.5);
        var x = Conformance.Logits([20, Width]).requires_grad_(true);
        var scores = Conformance.Logits([20, Count], seed: 5);
        var capacity = (int)Math.Ceiling(picks * 20 / (double)Count * 0.5);

        var output = layer.Mix(x, scores);

        var chosen = new TopKRouter(picks).Route(scores);
        var (runs, dropped) = (chosen.Chosen.clone(), 0L);
        for (var e = 0; e < Count; e++)
        {
            for (var (t, taken) = (0, 0); t < 20; t++)
            {
                if (!runs[t, e].item<bool>() || taken++ < capacity)
                    continue;
                runs[t, e] = false;
                dropped++;
            }
        }

        Close(TokenLoop.Mix(x, chosen with { Chosen = runs }, layer.Experts, Outputs), output, ScalarType.Float64);
        Assert.True(dropped > 0);
        Assert.Equal(dropped, layer.Report.Dropped);
        Assert.Equal(dropped / (20.0 * picks), layer.Report.DroppedShare);
        Assert.Equal(20 * picks, layer.Report.Load.Sum());
        Assert.Equal(20 * picks, layer.Report.Chosen.to_type(ScalarType.Int64).sum().item<long>());
    }

    [Fact]
    public void Nothing_is_dropped_without_a_capacity_even_if_one_expert_gets_everything()
    {
        using var scope = NewDisposeScope();
        using var layer = Layer(new SwitchRouter());
        var scores = zeros(50, Count, dtype: ScalarType.Float64);
        scores.select(1, 2).fill_(9);
        layer.Mix(Conformance.Logits([50, Width]), scores);

        Assert.Equal([0L, 0, 50, 0], layer.Report.Load);
        Assert.Equal((0, 0.0), (layer.Report.Dropped, layer.Report.DroppedShare));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_expert_without_tokens_has_a_zero_gradient_not_a_missing_one(bool direct)
    {
        var before = FusedFunction.IsDirect;
        FusedFunction.IsDirect = direct;
        using var scope = NewDisposeScope();
        using var layer = Layer(new SwitchRouter());
        layer.Experts[1].parameters().First().requires_grad_(false);
        var scores = zeros(5, Count, dtype: ScalarType.Float64);
        scores.select(1, 2).fill_(9);

        layer.Mix(Conformance.Logits([5, Width]), scores).sum().backward();

        FusedFunction.IsDirect = before;
        Assert.Null(layer.Experts[1].parameters().First().grad);
        foreach (var (e, expert) in layer.Experts.Index())
        {
            var trained = expert.parameters().Where(p => p.requires_grad).ToList();
            Assert.All(trained, p => Assert.Equal(e == 2, p.grad!.abs().sum().item<double>() > 0));
        }
    }

    public static TheoryData<string, bool> EmptyBatches { get; } =
        [.. Routers.All.SelectMany(entry => new[] { (entry.Name, true), (entry.Name, false) })];

    [Theory]
    [MemberData(nameof(EmptyBatches))]
    public void An_empty_batch_and_one_in_which_nothing_counts_are_no_error(string name, bool masked)
    {
        using var scope = NewDisposeScope();
        foreach (var training in new[] { true, false })
        {
            using var layer = Layer(Routers.Get(name).Default, capacityFactor: 1);
            layer.train(training);
            var x = Conformance.Logits([masked ? 3 : 0, 2, Width]).requires_grad_(true);

            var output = layer.forward(x, masked ? zeros([3, 2], ScalarType.Bool) : null);
            (output.sum() + layer.Report.BalanceLoss() + layer.Report.ZLoss()).backward();

            Assert.Equal([masked ? 3 : 0, 2, Outputs], output.shape);
            Assert.Equal(0, output.abs().sum().item<double>());
            Assert.All(layer.parameters(), p => Assert.Equal(0, p.grad!.abs().sum().item<double>()));
            Assert.Equal(0, x.grad!.abs().sum().item<double>());
            Assert.Equal(Enumerable.Repeat(0L, Count), layer.Report.Load);
            Assert.Equal((0.0, 0.0, 0.0), (
                layer.Report.BalanceLoss().item<double>(), layer.Report.ZLoss().item<double>(), layer.Report.Entropy()));
            Assert.Equal((0.0, 0.0), (layer.Report.DroppedShare, layer.RouterGradientNorm()));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void The_balance_loss_of_uniform_routing_is_one_for_every_number_of_picks(int picks)
    {
        using var scope = NewDisposeScope();
        using var layer = Layer(new TopKRouter(picks));
        var turns = eye(Count, dtype: ScalarType.Float64).repeat(6, 1);  // every expert is the best as often
        layer.Mix(Conformance.Logits([24, Width]), turns + turns.roll(1, 1) * 0.5);
        Assert.Equal(1, layer.Report.BalanceLoss().item<double>(), 12);

        using var top = Layer(new TopKRouter(1));
        var one = zeros(24, Count, dtype: ScalarType.Float64);
        one.select(1, 0).fill_(500);
        top.Mix(Conformance.Logits([24, Width]), one);
        Assert.Equal(Count, top.Report.BalanceLoss().item<double>(), 12);
        Assert.Equal(0, top.Report.Entropy(), 12);
    }

    [Fact]
    public void Losses_and_monitors_equal_their_formulas_with_gradients()
    {
        using var scope = NewDisposeScope();
        using var layer = Layer(new TopKRouter(2));
        var scores = Conformance.Logits([30, Count], seed: 5).requires_grad_(true);
        layer.Mix(Conformance.Logits([30, Width]), scores);
        (layer.Report.BalanceLoss() + layer.Report.ZLoss()).backward();
        var found = scores.grad!.clone();
        scores.grad = null;

        var p = scores.softmax(-1);
        var f = new TopKRouter(2).Route(scores).Chosen.to_type(ScalarType.Float64).mean([0]) / 2;
        var (balance, z) = (Count * (f * p.mean([0])).sum(), scores.exp().sum([1]).log().pow(2).mean());
        (balance + z).backward();

        Assert.Equal(balance.item<double>(), layer.Report.BalanceLoss().item<double>(), 12);
        Assert.Equal(z.item<double>(), layer.Report.ZLoss().item<double>(), 12);
        Assert.Equal(-(p * p.log()).sum([1]).mean().item<double>(), layer.Report.Entropy(), 12);
        Close(scores.grad!, found, ScalarType.Float64);
    }

    [Fact]
    public void The_norm_of_the_routers_gradient_is_that_of_its_weights()
    {
        using var scope = NewDisposeScope();
        using var layer = Layer(new SwitchRouter());
        Assert.Equal(0, layer.RouterGradientNorm());
        layer.forward(Conformance.Logits([6, Width])).pow(2).sum().backward();
        Assert.Equal(layer.get_parameter("scorer.weight")!.grad!.norm().item<double>(), layer.RouterGradientNorm(), 12);
        Assert.True(layer.RouterGradientNorm() > 0);
    }

    [Fact]
    public void A_bias_moves_experts_to_their_share_in_training_only_and_is_saved()
    {
        using var scope = NewDisposeScope();
        using var layer = Layer(new SwitchRouter(), biasRate: 0.05);
        var scores = Conformance.Logits([400, Count], seed: 5) / 4 + tensor([1.0, 0.5, 0, -0.5]);
        var x = Conformance.Logits([400, Width]);
        layer.eval();
        layer.Mix(x, scores);
        Assert.Equal(0, layer.get_buffer("balance_bias")!.abs().sum().item<double>());
        var before = layer.Report.Load.ToArray();

        layer.train();
        layer.Mix(x, scores);
        var steps = before.Select(count => 0.05 * Math.Sign(100 - count)).ToArray();
        Close(tensor(steps), layer.get_buffer("balance_bias")!, ScalarType.Float64);
        for (var step = 0; step < 60; step++)
            layer.Mix(x, scores);

        Assert.True(before.Max() > 200);
        Assert.InRange(layer.Report.Load.Max(), 100, 130);
        Assert.Contains("balance_bias", layer.state_dict().Keys);
    }

    [Fact]
    public void What_is_learnt_is_saved_and_loaded()
    {
        using var scope = NewDisposeScope();
        using var layer = Layer(new SparseMixerRouter());
        using (no_grad())
            layer.get_parameter("output_scale")!.mul_(1.5);
        var x = Conformance.Logits([6, Width]);
        var file = Path.GetTempFileName();
        layer.save(file);

        using var other = new MixtureOfExperts(TokenLoop.Experts(Count, Width, Outputs), new SparseMixerRouter(), Width, Outputs);
        other.to(ScalarType.Float64);
        other.load(file);
        File.Delete(file);

        Assert.Equal(
            ["output_scale", .. Enumerable.Range(0, Count).SelectMany(e => new[]
                { $"experts.{e}.0.weight", $"experts.{e}.0.bias", $"experts.{e}.2.weight", $"experts.{e}.2.bias" }), "scorer.weight"],
            layer.state_dict().Keys.OrderBy(key => key[0] == 'o' ? 0 : key[0] == 'e' ? 1 : 2));
        layer.eval();
        other.eval();
        Assert.True((layer.forward(x) == other.forward(x)).all().item<bool>());
    }

    [Fact]
    public void Jitter_is_on_what_the_router_sees_in_training_and_not_on_what_the_experts_see()
    {
        using var scope = NewDisposeScope();
        using var seen = new Spy { Answer = rows => rows.narrow(1, 0, 1) };
        using var expert = new Spy();
        using var layer = new MixtureOfExperts([expert], new SwitchRouter(0.25), Width, scorer: seen, generator: Conformance.Seeded());
        foreach (var dtype in new[] { ScalarType.Float32, ScalarType.Float64, ScalarType.BFloat16 })
        {
            var x = ones([2000, Width], dtype);
            layer.train();
            layer.forward(x);
            var factor = seen.Last!.to_type(ScalarType.Float64);
            Assert.InRange(factor.min().item<double>(), 0.75 - 1e-2, 0.7501 + 1e-2);
            Assert.InRange(factor.max().item<double>(), 1.2499 - 1e-2, 1.25 + 1e-2);
            var error = 0.25 / Math.Sqrt(3) / Math.Sqrt(2000 * Width);
            Assert.InRange(factor.mean().item<double>(), 1 - (5 * error) - 1e-3, 1 + (5 * error) + 1e-3);
            Assert.True((expert.Last! == x).all().item<bool>());
            layer.eval();
            layer.forward(x);
            Assert.True((seen.Last! == x).all().item<bool>());
        }
    }

    [Fact]
    public void An_expert_that_changes_its_rows_in_place_is_refused_in_words()
    {
        using var scope = NewDisposeScope();
        using var layer = new MixtureOfExperts(
            [nn.Sequential(nn.ReLU(inplace: true)), nn.Sequential(nn.ReLU(inplace: true))], new DenseRouter(), Width);
        var x = Conformance.Logits([8, Width], ScalarType.Float32).requires_grad_(true);
        Conformance.Refused(
            "expert 0 must not change its input in place; let it begin with an operation that is not in place.", () => layer.forward(x));
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void Half_precision_gives_what_single_precision_gives_to_its_own(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        foreach (var router in new Router[] { new TopKRouter(2), new SampledRouter(new ReinMax()) })
        {
            var scores = Conformance.Logits([20, Count], dtype, seed: 5).requires_grad_(true);
            var x = Conformance.Logits([20, Width], dtype).requires_grad_(true);
            using var layer = Layer(router, dtype);
            using var single = Layer(router, ScalarType.Float32);
            var output = layer.Mix(x, scores);
            output.pow(2).sum().backward();
            var precise = scores.detach().to_type(ScalarType.Float32).requires_grad_(true);
            var expected = single.Mix(x.detach().to_type(ScalarType.Float32), precise);
            expected.pow(2).sum().backward();
            Assert.Equal(dtype, output.dtype);
            var bound = dtype == ScalarType.Float16 ? 0.01 : 0.06;
            Assert.InRange((output.to_type(ScalarType.Float32) - expected).abs().max().item<float>(), 0, bound);
            Assert.InRange((scores.grad!.to_type(ScalarType.Float32) - precise.grad!).abs().max().item<float>(), 0, 3 * bound);
        }
    }

    [Theory]
    [InlineData("top-k")]
    [InlineData("reinmax")]
    public void Second_derivatives_are_those_of_the_loop(string name)
    {
        using var scope = NewDisposeScope();
        using var layer = Layer(Routers.Get(name).Default);
        layer.Experts[0].parameters().First().requires_grad_(false);
        var x = Conformance.Logits([6, Width]).requires_grad_(true);
        var scores = Conformance.Logits([6, Count], seed: 5).requires_grad_(true);
        Tensor[] Second(Tensor output)
        {
            var first = autograd.grad([output.pow(2).sum()], [x, scores], retain_graph: true, create_graph: true);
            return [.. autograd.grad([first[0].pow(2).sum() + first[1].pow(2).sum()], [x, scores])];
        }

        var found = Second(layer.Mix(x, scores));
        var routing = layer.Router.Route(scores, null, Noise.Draw(Conformance.Seeded()).Other().Other());
        var expected = Second(TokenLoop.Mix(x, routing, layer.Experts, Outputs));
        Assert.All(expected.Zip(found), pair => Close(pair.First, pair.Second, ScalarType.Float64));
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits()
    {
        var threads = get_num_threads();
        Tensor Output()
        {
            using var layer = new MixtureOfExperts(
                Enumerable.Range(0, 3).Select(_ => nn.Identity()), new TopKRouter(2), 64, generator: Conformance.Seeded());
            var x = Conformance.Logits([5000, 64], ScalarType.Float32).requires_grad_(true);
            var output = layer.Mix(x, Conformance.Logits([5000, 3], ScalarType.Float32, seed: 5));
            output.pow(2).sum().backward();
            return cat([output, x.grad!]);
        }

        using var scope = NewDisposeScope();
        var one = Output();
        set_num_threads(4);
        var four = Output();
        set_num_threads(threads);
        Assert.True((one == four).all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(RoutersAndModes))]
    public void No_call_leaks_tensors(string name, bool training)
    {
        using var layer = Layer(Routers.Get(name).Default, capacityFactor: 1);
        layer.train(training);
        void Step()
        {
            using var scope = NewDisposeScope();
            var x = Conformance.Logits([12, Width]).requires_grad_(true);
            (layer.forward(x, ones(12, ScalarType.Bool)).sum() + layer.Report.BalanceLoss() + layer.Report.ZLoss()).backward();
            layer.Report.Entropy();
            layer.RouterGradientNorm();
            layer.zero_grad();
        }

        Step();
        var before = LiveTensors.Count();
        for (var i = 0; i < 5; i++)
            Step();
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void What_no_layer_can_be_made_of_is_refused_in_words()
    {
        Conformance.Refused("experts must hold at least one module; got none.", () => Make([], new DenseRouter()));
        Conformance.Refused("experts must be modules; expert 1 is null.", () => Make([nn.Identity(), null!], new DenseRouter()));
        Conformance.Refused("experts must be given; got null.", () => Make(null!, new DenseRouter()));
        Conformance.Refused("router must be given; got null.", () => Make([nn.Identity()], null!));
        Conformance.Refused(
            "TopKRouter sends a token to 3 experts, but there are 2; choose fewer picks or add experts.",
            () => Make([nn.Identity(), nn.Identity()], new TopKRouter(3)));
        Conformance.Refused("width must be at least 1; got 0.", () => Make([nn.Identity()], new DenseRouter(), width: 0));
        Conformance.Refused("outputs must be at least 1; got 0.", () => Make([nn.Identity()], new DenseRouter(), outputs: 0));
        Conformance.Refused(
            "capacityFactor must be a finite number above 0, or null for no capacity; got 0.",
            () => Make([nn.Identity()], new DenseRouter(), capacityFactor: 0));
        Conformance.Refused(
            "biasRate must be at least 0 and below 1; got -1.", () => Make([nn.Identity()], new SwitchRouter(), biasRate: -1));
        Conformance.Refused(
            "DenseRouter does not choose experts by the order of their scores, so a bias cannot balance them; "
            + "use the balance loss, or a router such as TopKRouter.", () => Make([nn.Identity()], new DenseRouter(), biasRate: 0.1));
        using var layer = Layer(new DenseRouter());
        Assert.Equal(
            "The mixture of experts has no report yet; call forward first.",
            Assert.Throws<InvalidOperationException>(() => layer.Report).Message);
    }

    [Fact]
    public void Wrong_input_is_refused_in_words()
    {
        using var scope = NewDisposeScope();
        using var layer = Layer(new SwitchRouter(), ScalarType.Float32);
        Conformance.Refused("x must be floating-point with shape [..., 5]; got Float32 of shape [2, 4].", () => layer.forward(zeros(2, 4)));
        Conformance.Refused("x must be floating-point with shape [..., 5]; got Float32 of shape [].", () => layer.forward(zeros([])));
        Conformance.Refused(
            "x must be floating-point with shape [..., 5]; got Int64 of shape [5].", () => layer.forward(zeros([5], ScalarType.Int64)));
        Conformance.Refused("x must be given; got null.", () => layer.forward(null!));
        Conformance.Refused(
            "x must be Float32, as the layer is; got Float64. Convert one of them with to.",
            () => Layer(new SwitchRouter(), ScalarType.Float32).forward(zeros([2, Width], ScalarType.Float64)));
        Conformance.Refused(
            "600000000 tokens and 4 experts make more than 2147483647 scores; route fewer tokens at a time.",
            () => layer.Mix(zeros(1, Width).expand(600_000_000, Width), zeros(1, Count).expand(600_000_000, Count)));
        Conformance.Refused(
            "mask must be Boolean of shape [2, 3], true where a token counts; got Bool of shape [2].",
            () => layer.forward(zeros(2, 3, Width), zeros([2], ScalarType.Bool)));
        Conformance.Refused(
            "mask must be Boolean of shape [2], true where a token counts; got Float32 of shape [2].",
            () => layer.forward(zeros(2, Width), zeros(2)));
        Conformance.Refused("scores must be given; got null.", () => layer.Mix(zeros(2, Width), null!));
        Conformance.Refused(
            "scores must have a row for each token, shape [2, 3] and a last axis for the experts; got [6, 4].",
            () => layer.Mix(zeros(2, 3, Width), zeros(6, 4)));
        Conformance.Refused(
            "scores must be floating-point of shape [2, 4], 1 for each of 4 experts; got Float32 of shape [2, 3].",
            () => layer.Mix(zeros(2, Width), zeros(2, 3)));
        var scores = zeros(3, Count);
        scores[1, 2] = float.NaN;
        Conformance.Refused(
            "scores of token 1 hold NaN; scores must be finite, or −∞ to exclude an expert.",
            () => layer.Mix(zeros(3, Width), scores));
        using var wide = new MixtureOfExperts([nn.Identity()], new SwitchRouter(), Width, scorer: nn.Identity());
        Conformance.Refused(
            "scores must be floating-point of shape [2, 1], 1 for each of 1 experts; got Float32 of shape [2, 5].",
            () => wide.forward(zeros(2, Width)));
    }

    [Fact]
    public void A_report_is_read_while_its_tensors_live()
    {
        using var layer = Layer(new SwitchRouter());
        using (NewDisposeScope())
            layer.forward(Conformance.Logits([3, Width]));
        const string Late = "The report's tensors are disposed; read them inside the dispose scope in which the layer was called.";
        Assert.Equal(3, layer.Report.Load.Sum());
        Assert.Equal(Late, Assert.Throws<InvalidOperationException>(() => layer.Report.BalanceLoss()).Message);
        Assert.Equal(Late, Assert.Throws<InvalidOperationException>(() => layer.Report.ZLoss()).Message);
        Assert.Equal(Late, Assert.Throws<InvalidOperationException>(() => layer.Report.Entropy()).Message);
    }

    [Fact]
    public void An_expert_whose_output_has_another_shape_is_refused_in_words()
    {
        using var scope = NewDisposeScope();
        using var layer = Layer(new SwitchRouter(), ScalarType.Float32);
        using var other = new MixtureOfExperts(
            [nn.Identity(), nn.Linear(Width, 2)], new DenseRouter(), Width, generator: Conformance.Seeded());
        Conformance.Refused(
            "expert 1 must map [3, 5] to Float32 of shape [3, 5]; got Float32 of shape [3, 2].", () => other.forward(zeros(3, Width)));
        using var spy = new Spy { Answer = _ => null! };
        using var nothing = new MixtureOfExperts([spy], new DenseRouter(), Width);
        Conformance.Refused("expert 0 must map [3, 5] to Float32 of shape [3, 5]; got null.", () => nothing.forward(zeros(3, Width)));
        spy.Answer = rows => rows.to_type(ScalarType.Float64);
        Conformance.Refused(
            "expert 0 must map [3, 5] to Float32 of shape [3, 5]; got Float64 of shape [3, 5].", () => nothing.forward(zeros(3, Width)));
        Conformance.Refused("x must be floating-point with shape [..., 5]; got Float32 of shape [2].", () => layer.forward(zeros(2)));
    }

    private static MixtureOfExperts Make(
        IEnumerable<nn.Module<Tensor, Tensor>> experts, Router router, long width = Width, long? outputs = null,
        double? capacityFactor = null, double biasRate = 0) =>
        new(experts, router, width, outputs, capacityFactor: capacityFactor, biasRate: biasRate);

    /// <summary>A module that keeps what it was given.</summary>
    private sealed class Spy() : nn.Module<Tensor, Tensor>(nameof(Spy))
    {
        internal Tensor? Last { get; private set; }

        internal Func<Tensor, Tensor> Answer { get; set; } = rows => rows * 1;

        public override Tensor forward(Tensor input)
        {
            Last = input.detach().clone().DetachFromDisposeScope();
            return Answer(input);
        }
    }

    /// <summary>The gradients of everything, which are then cleared.</summary>
    private static List<Tensor> Gradients(MixtureOfExperts layer, Tensor x, Tensor scores, bool again = false)
    {
        var found = new List<Tensor>();
        foreach (var tensor in layer.parameters().Append(x).Append(scores))
        {
            if (tensor.grad is not { } gradient)
                continue;
            found.Add(gradient.clone());
            if (!again)
                tensor.grad = null;
        }

        return found;
    }

    private static void Close(Tensor expected, Tensor found, ScalarType dtype)
    {
        Assert.Equal(expected.shape, found.shape);
        Assert.True(
            found.allclose(expected, rtol: dtype == ScalarType.Float64 ? 1e-12 : 1e-4, atol: dtype == ScalarType.Float64 ? 1e-13 : 1e-5),
            $"{(found - expected).abs().max().to_type(ScalarType.Float64).item<double>()}");
    }

    private static MixtureOfExperts Layer(
        Router router, ScalarType dtype = ScalarType.Float64, double? capacityFactor = null, double biasRate = 0)
    {
        using var weights = Conformance.Seeded(9);
        var layer = new MixtureOfExperts(
            TokenLoop.Experts(Count, Width, Outputs), router, Width, Outputs,
            new LinearScores(Width, Count * router.ScoresPerExpert, weights), capacityFactor, biasRate, Conformance.Seeded());
        layer.to(dtype);
        return layer;
    }
}
