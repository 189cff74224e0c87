using System.Runtime.InteropServices;
using DiscreteGradients.Fused;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.Choices;

/// <summary>The module: equal to the sum of all operations, of which only one is computed.</summary>
public sealed class DiscreteChoiceTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly bool _direct = FusedFunction.IsDirect;

    public static MatrixTheoryData<string, bool> Estimators { get; } = new(
        DiscreteGradients.Estimators.All.Where(entry => entry.Default is PathwiseEstimator).Select(entry => entry.Name), [true, false]);

    public static TheoryData<ScalarType, double> Precisions { get; } = new()
    {
        { ScalarType.Float64, 1e-12 },
        { ScalarType.Float32, 1e-5 },
        { ScalarType.BFloat16, 3e-2 },
        { ScalarType.Float16, 3e-3 },
    };

    public void Dispose()
    {
        FusedFunction.IsDirect = _direct;
        _scope.Dispose();
    }

    [Theory]
    [MemberData(nameof(Estimators))]
    public void With_any_estimator_all_gradients_are_those_of_the_sum_of_all_operations(string name, bool direct)
    {
        FusedFunction.IsDirect = direct;
        var estimator = (PathwiseEstimator)DiscreteGradients.Estimators.Get(name).Default;
        var choice = Toys.Operations(10);
        for (var seed = 0; seed < 8; seed++)
        {
            var ours = Gradients(choice, ScalarType.Float64, (x, logits) =>
                choice.call(x, new DenseRule(estimator).Draw(logits, generator: Conformance.Seeded(seed))[0]));
            var theirs = Gradients(choice, ScalarType.Float64, (x, logits) => Mixture(
                choice, x, estimator.Sample(logits, generator: Conformance.Seeded(seed))[0]));

            Assert.All(ours.Zip(theirs), pair => Toys.Close(pair.Second, pair.First));
        }
    }

    [Theory]
    [MemberData(nameof(Precisions))]
    public void Every_precision_and_mixed_ones_give_the_gradient_to_rounding(ScalarType dtype, double tolerance)
    {
        var choice = Toys.Operations(10, dtype);
        var exact = Toys.Operations(10);
        foreach (var (own, copy) in choice.parameters().Zip(exact.parameters()))
        {
            using var _ = no_grad();
            copy.copy_(own);
        }

        foreach (var type in new[] { dtype, ScalarType.Float32 })
        {
            var logits = Toys.Numbers([1, Toys.K], 4, type);
            var x = Toys.Numbers([2, Toys.Width], 3, dtype);
            for (var k = 0; k < Toys.K; k++)
            {
                Tensor Slope(DiscreteChoice module, Tensor at, Tensor row) => Toys.Gradient(
                    new DenseRule(new ReinMax()), row, [k], choices => module.call(at, choices[0]).pow(2).sum());

                var expected = Slope(exact, x.to_type(ScalarType.Float64), logits.to_type(ScalarType.Float64));
                var got = Slope(choice, x, logits);

                Assert.Equal(type, got.dtype);
                var rounding = 4 * Math.Max(tolerance, type == ScalarType.Float64 ? 1e-12 : 1e-5);
                Assert.True(
                    (expected - got.to_type(ScalarType.Float64)).abs().max().item<double>()
                    <= rounding * Math.Max(1, expected.abs().max().item<double>()));
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_gradient_at_the_logits_can_be_differentiated_again(bool direct)
    {
        FusedFunction.IsDirect = direct;
        var choice = Toys.Operations(10);
        Tensor[] Second(Func<Tensor, Tensor, Tensor> network)
        {
            var (x, logits) = (Leaf(Toys.Numbers([2, Toys.Width], 3)), Leaf(Toys.Numbers([1, Toys.K], 4)));
            var matrix = ((Matrix)choice.Operations[2]).Weight;
            var first = autograd.grad([network(x, logits).pow(3).sum()], [logits], retain_graph: true, create_graph: true)[0];
            return [first, .. autograd.grad([first.pow(2).sum()], [x, logits, matrix])];
        }

        var ours = Second((x, logits) => choice.call(x, new DenseRule(new ReinMax { Form = Form.Readable }).Take(logits, [2])[0]));
        var theirs = Second((x, logits) => Mixture(
            choice, x, new ReinMax { Form = Form.Readable }.Attach(logits, OneHot.FromIndex(tensor([2L]), Toys.K, ScalarType.Float64))[0]));

        Assert.All(ours.Zip(theirs), pair => Toys.Close(pair.Second, pair.First));
    }

    [Fact]
    public void Many_places_share_one_choice_and_add_up_their_gradients()
    {
        var (first, second) = (Toys.Operations(10), Toys.Operations(12));
        var x = Toys.Numbers([2, Toys.Width], 3);
        var logits = Leaf(Toys.Numbers([2, Toys.K], 4));
        Tensor Gradient(Func<IReadOnlyList<Choice>, Tensor> loss)
        {
            logits.grad = null;
            loss(new DenseRule(new ReinMax()).Draw(logits, generator: Conformance.Seeded())).backward();
            return logits.grad!;
        }

        var one = Gradient(choices => first.call(x, choices[1]).sum());
        var two = Gradient(choices => second.call(x, choices[1]).sum());
        var both = Gradient(choices => first.call(x, choices[1]).sum() + second.call(x, choices[1]).sum());

        Toys.Close(one + two, both);
        Assert.True((both[0] == 0).all().item<bool>());
    }

    [Theory]
    [InlineData(false, 1, 0)]
    [InlineData(true, 1, 1)]
    public void The_other_operations_run_once_and_only_where_the_logits_want_a_gradient(bool wanted, int chosen, int other)
    {
        var choice = Toys.Operations(10);
        var logits = Toys.Numbers([1, Toys.K], 4).requires_grad_(wanted);

        choice.call(Toys.Numbers([2, Toys.Width], 3), new DenseRule(new ReinMax()).Take(logits, [2])[0]).sum().backward();

        Assert.Equal((chosen, other), (((Matrix)choice.Operations[2]).Runs, ((Matrix)choice.Operations[3]).Runs));
        Assert.Null(((Matrix)choice.Operations[3]).Weight.grad);
        Assert.NotNull(((Matrix)choice.Operations[2]).Weight.grad);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_cheap_rules_run_the_chosen_operation_alone(bool direct)
    {
        FusedFunction.IsDirect = direct;
        foreach (var rule in new ChoiceRule[] { new EulerRule(), new MidpointRule(), new GdasRule(new ReinMax()) })
        {
            var choice = Toys.Operations(10);
            var logits = Leaf(Toys.Numbers([1, Toys.K], 4));
            choice.call(Toys.Numbers([2, Toys.Width], 3), rule.Take(logits, [2])[0]).sum().backward();

            Assert.Equal((1, 0), (((Matrix)choice.Operations[2]).Runs, ((Matrix)choice.Operations[3]).Runs));
            Assert.False(rule.RunsAll);
            Assert.NotNull(logits.grad);
        }
    }

    [Fact]
    public void The_mid_point_rule_halves_the_output_only_where_a_gradient_is_recorded()
    {
        var choice = Toys.Operations(10);
        var x = Toys.Numbers([2, Toys.Width], 3);
        var logits = Leaf(Toys.Numbers([1, Toys.K], 4));

        Toys.Close(x / 2, choice.call(x, new MidpointRule().Take(logits, [1])[0]));
        Toys.Close(x, choice.call(x, new MidpointRule().Take(logits.detach(), [1])[0]));
        Toys.Close(x, choice.call(x, new MidpointRule().MostProbable(logits * 0 + tensor([0.0, 9, 0, 0]))[0]));
    }

    [Fact]
    public void Running_statistics_of_operations_that_were_not_chosen_stay()
    {
        var norms = Enumerable.Range(0, 3).Select(_ => nn.BatchNorm1d(Toys.Width)).ToArray();
        var choice = new DiscreteChoice(norms);
        var x = Toys.Numbers([5, Toys.Width], 3, ScalarType.Float32) + 2;
        var logits = Leaf(zeros(1, 3));
        string Statistics(int k) => string.Join(
            ' ', norms[k].buffers().Select(buffer => buffer.sum().to_type(ScalarType.Float64).item<double>()));
        var before = Enumerable.Range(0, 3).Select(Statistics).ToArray();

        choice.call(x, new DenseRule(new ReinMax()).Take(logits, [1])[0]).pow(2).sum().backward();

        Assert.Equal((before[0], before[2]), (Statistics(0), Statistics(2)));
        Assert.NotEqual(before[1], Statistics(1));
        Assert.All(norms[0].buffers(), buffer => Assert.False(buffer.requires_grad));
    }

    [Fact]
    public void A_table_draws_in_training_and_takes_the_most_probable_in_evaluation()
    {
        var initial = Toys.Numbers([6, Toys.K], 4);
        using var table = new ChoiceTable(new DenseRule(new ReinMax()), initial, tensor(new[] { true, true, true, false }));
        var best = initial[.., ..3].argmax(-1).data<long>().Select(k => (int)k).ToArray();

        var drawn = Enumerable.Range(0, 20).SelectMany(seed => table.Draw(Conformance.Seeded(seed))).Select(c => c.Operation).ToHashSet();
        table.eval();

        Assert.Equal([0, 1, 2], drawn.Order());
        Assert.Equal(best, table.Draw().Select(choice => choice.Operation));
        Assert.Equal(best, table.MostProbable());
        Assert.Equal(["logits"], table.named_parameters().Select(entry => entry.name));
        Assert.Equal([1, 0, 2, 0, 1, 2], table.Take([1, 0, 2, 0, 1, 2]).Select(choice => choice.Operation));
        Assert.Throws<ArgumentNullException>(() => table.Rule = null!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Nothing_is_left_behind(bool direct)
    {
        FusedFunction.IsDirect = direct;
        var norm = nn.BatchNorm1d(Toys.Width, dtype: ScalarType.Float64);
        var choice = new DiscreteChoice(new ZeroOperation(), nn.Identity(), new Matrix(Toys.Numbers([3, 3], 7)), norm);
        using var table = new ChoiceTable(new DenseRule(new ReinMax()), zeros(2, 4, ScalarType.Float64));
        void Step(ChoiceRule rule)
        {
            using var step = NewDisposeScope();
            table.Rule = rule;
            var choices = table.Draw();
            var y = choice.call(Toys.Numbers([2, Toys.Width], 3), choices[0]);
            Toys.Loss(2)(choice.call(y, choices[1])).backward();
            table.zero_grad();
            choice.zero_grad();
        }

        ChoiceRule[] rules =
            [new DenseRule(new ReinMax()), new GdasRule(new GumbelRao(1)), new EulerRule(), new MidpointRule()];
        Array.ForEach(rules, Step);
        var before = LiveTensors.Count();
        for (var i = 0; i < 20; i++)
            Array.ForEach(rules, Step);

        Assert.Equal(before, LiveTensors.Count());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_operation_of_another_shape_is_named(bool direct)
    {
        FusedFunction.IsDirect = direct;
        const string Sentence = "operations must all give outputs of one shape and dtype; operation 0 gave [2, 3], Float64, and "
            + "operation 1 [1, 3], Float64.";
        var x = Toys.Numbers([2, Toys.Width], 3);
        var logits = Leaf(zeros(1, 2, ScalarType.Float64));
        var choice = new DiscreteChoice(nn.Identity(), new Applied(y => y[..1]));
        var y = choice.call(x, new DenseRule(new ReinMax()).Take(logits, [0])[0]);

        Conformance.Refused(Sentence, () => choice.call(x, new EulerRule().Take(logits, [1])[0]));
        var thrown = Assert.Throws<ExternalException>(() => y.sum().backward());
        Assert.Equal(Sentence, thrown.Message);
        Assert.IsType<ArgumentException>(thrown.InnerException);
        choice.call(x[..1], new EulerRule().Take(logits, [1])[0]);  // another input is another matter
    }

    [Fact]
    public void What_an_operation_throws_on_the_way_back_reaches_the_caller()
    {
        var choice = new DiscreteChoice(nn.Identity(), new Applied(_ => throw new InvalidOperationException("no luck")));
        var y = choice.call(ones(2, 3), new DenseRule(new ReinMax()).Take(Leaf(zeros(1, 2)), [0])[0]);

        Assert.Equal("no luck", Assert.Throws<ExternalException>(() => y.sum().backward()).Message);
    }

    [Fact]
    public void An_output_or_input_that_was_changed_in_place_is_noticed()
    {
        var logits = Leaf(zeros(1, 2));
        var choice = new DiscreteChoice(nn.Identity(), new Applied(y => y * 2));
        Tensor Run(Tensor at) => choice.call(at, new DenseRule(new ReinMax()).Take(logits, [1])[0]);
        var x = ones(2, 3);
        var before = Run(x);
        x.mul_(2);
        var output = Run(x);
        var after = output.mul_(2);

        foreach (var y in new[] { before, after })
        {
            Assert.Contains(
                "has been modified by an inplace operation", Assert.Throws<ExternalException>(() => y.sum().backward()).Message,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_is_wrong_is_said_in_a_sentence()
    {
        var choice = new DiscreteChoice(nn.Identity(), new ZeroOperation(), new Applied(_ => null!));
        var three = new EulerRule().Take(zeros(1, 3), [0])[0];
        var gone = new EulerRule().Take(zeros(1, 3), [0])[0];
        gone.OneHot.Dispose();

        Conformance.Refused("operations must hold at least one module and no null; got none.", () => _ = new DiscreteChoice());
        Conformance.Refused(
            "operations must hold at least one module and no null; got a null.", () => _ = new DiscreteChoice(nn.Identity(), null!));
        Conformance.Refused("operations must be given; got null.", () => _ = new DiscreteChoice(null!));
        Conformance.Refused("input must be given; got null.", () => choice.call(null!, three));
        Conformance.Refused("choice must be given; got null.", () => choice.call(ones(2), null!));
        Conformance.Refused(
            "choice must be among the 3 operations of this module; got one among 2.",
            () => choice.call(ones(2), new EulerRule().Take(zeros(1, 2), [0])[0]));
        Conformance.Refused(
            "choice was disposed before the call; move it out of its dispose scope.", () => choice.call(ones(2), gone));
        Conformance.Refused(
            "operation 2 returned null; it must return a tensor.",
            () => choice.call(ones(2), new EulerRule().Take(zeros(1, 3), [2])[0]));
    }

    /// <summary>Σ zₖ oₖ(x), all of it.</summary>
    private static Tensor Mixture(DiscreteChoice choice, Tensor x, Tensor z) =>
        choice.Operations.Select((operation, k) => z[k] * operation.call(x)).Aggregate((a, b) => a + b);

    /// <summary>At the input, the logits and the weights, of a loss that is cubic.</summary>
    private static Tensor[] Gradients(DiscreteChoice choice, ScalarType dtype, Func<Tensor, Tensor, Tensor> network)
    {
        var (x, logits) = (Leaf(Toys.Numbers([2, Toys.Width], 3, dtype)), Leaf(Toys.Numbers([1, Toys.K], 4, dtype)));
        choice.zero_grad();
        Toys.Loss(3)(network(x, logits)).backward();
        return
        [
            x.grad ?? zeros_like(x), logits.grad!,
            .. choice.parameters().Select(parameter => parameter.grad is { } gradient ? gradient.clone() : zeros_like(parameter)),
        ];
    }

    private static Tensor Leaf(Tensor value) => value.detach().requires_grad_(true);
}
