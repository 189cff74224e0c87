using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.Choices;

/// <summary>What each rule's gradient is: sample by sample, and in expectation over all samples.</summary>
public sealed class ChoiceRuleTests : IDisposable
{
    private const double Temperature = 0.7;

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Tensor _x = Toys.Numbers([2, Toys.Width], 3);
    private readonly Tensor _one = Toys.Numbers([1, Toys.K], 4);
    private readonly Tensor _two = Toys.Numbers([2, Toys.K], 5);

    private static Dictionary<string, ChoiceRule> All { get; } = new()
    {
        ["dense, reinmax"] = new DenseRule(new ReinMax()),
        ["dense, st"] = new DenseRule(new StraightThrough()),
        ["euler"] = new EulerRule(),
        ["mid-point"] = new MidpointRule(),
        ["gdas, reinmax"] = new GdasRule(new ReinMax()),
        ["gdas, st"] = new GdasRule(new StraightThrough()),
    };

    public static TheoryData<string> Rules { get; } = [.. All.Keys];

    public static MatrixTheoryData<string, int> RulesAndDegrees { get; } = new(All.Keys, [1, 2, 3]);

    public void Dispose() => _scope.Dispose();

    [Theory]
    [MemberData(nameof(RulesAndDegrees))]
    public void The_expected_gradient_of_one_choice_is_exact_up_to_the_declared_order(string name, int degree)
    {
        var rule = All[name];
        var choice = Toys.Operations(10);
        Tensor Loss(IReadOnlyList<Choice> choices) => Toys.Loss(degree)(choice.call(_x, choices[0]));

        var (expected, exact) = (Toys.Expected(rule, _one, Loss), Toys.Exact(_one, Loss));

        if (degree <= rule.Order)
            Toys.Close(exact, expected);
        else
            Assert.True((expected - exact).norm().item<double>() > 0.05 * exact.norm().item<double>());
    }

    [Fact]
    public void All_operations_with_ReinMax_are_exact_for_two_choices_in_parallel_and_a_quadratic_loss()
    {
        var (first, second) = (Toys.Operations(10), Toys.Operations(12));
        Tensor Loss(IReadOnlyList<Choice> choices) => Toys.Loss(2)(first.call(_x, choices[0]) + second.call(_x, choices[1]));

        Toys.Close(Toys.Exact(_two, Loss), Toys.Expected(new DenseRule(new ReinMax()), _two, Loss));
    }

    [Fact]
    public void All_operations_with_ReinMax_are_exact_for_two_choices_in_a_row_and_a_quadratic_loss()
    {
        var (first, second) = (Toys.Operations(10), Toys.Operations(12));
        Tensor Loss(IReadOnlyList<Choice> choices)
        {
            var y = first.call(_x, choices[0]);
            return Toys.Loss(2)(y + second.call(y, choices[1]));
        }

        Toys.Close(Toys.Exact(_two, Loss), Toys.Expected(new DenseRule(new ReinMax()), _two, Loss));
    }

    [Fact]
    public void All_operations_with_ReinMax_are_exact_where_one_choice_is_used_twice_in_parallel_and_the_loss_is_quadratic()
    {
        var (first, second) = (Toys.Operations(10), Toys.Operations(12));
        Tensor Loss(IReadOnlyList<Choice> choices) => Toys.Loss(2)(first.call(_x, choices[0]) + second.call(_x * 2, choices[0]));

        Toys.Close(Toys.Exact(_one, Loss), Toys.Expected(new DenseRule(new ReinMax()), _one, Loss));
    }

    [Fact]
    public void Of_products_of_two_halved_outputs_the_mid_point_rule_sees_half()
    {
        var (first, second) = (Toys.Operations(10), Toys.Operations(12));
        var cross = Toys.Numbers([Toys.Width, Toys.Width], 6);
        Func<IReadOnlyList<Choice>, Tensor> Loss(double share) => choices =>
        {
            var (y, z) = (first.call(_x, choices[0]), second.call(_x, choices[1]));
            return Toys.Loss(2, 30)(y) + Toys.Loss(2, 40)(z) + (share * y.matmul(cross) * z).sum();
        };

        Toys.Close(Toys.Exact(_two, Loss(0.5)), Toys.Expected(new MidpointRule(), _two, Loss(1)));
    }

    [Fact]
    public void GDAS_as_released_makes_half_a_linearised_REINFORCE_of_ReinMax()
    {
        ForEachSample((operations, v, sum, gradient) => Toys.Close(
            0.5 * (v - sum) * Toys.Surprise(_one, operations), gradient(new GdasRule(new ReinMax()), null)));
    }

    [Fact]
    public void GDAS_as_released_has_its_own_gradient_with_Gumbel_noise()
    {
        ForEachSample((operations, v, sum, gradient) =>
        {
            using var generator = Conformance.Seeded(9);
            var estimator = new GumbelRao(1, Temperature);
            var hard = OneHot.FromIndex(tensor(new[] { (long)operations[0] }), Toys.K, ScalarType.Float64);
            var p = estimator.SoftenLogits(_one, hard, Noise.Draw(Conformance.Seeded(9)).ForGradient());

            Toys.Close(p[0, operations[0]] / Temperature * (v - sum) * (hard - p), gradient(new GdasRule(estimator), generator));
        });
    }

    [Fact]
    public void DSNAS_has_the_product_with_the_chosen_output_times_the_score()
    {
        ForEachSample((operations, v, _, gradient) => Toys.Close(
            v * Toys.Surprise(_one, operations), gradient(new EulerRule(), null)));
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_choice_is_the_sample_of_straight_through_at_the_same_state(string name)
    {
        var logits = Toys.Numbers([40, Toys.K], 6).requires_grad_(true);
        var sample = new StraightThrough().Sample(logits, generator: Conformance.Seeded());

        var choices = All[name].Draw(logits, generator: Conformance.Seeded());

        Assert.Equal(sample.argmax(-1).data<long>().Select(k => (int)k), choices.Select(choice => choice.Operation));
        Assert.True((stack([.. choices.Select(choice => choice.OneHot)], 0) == sample).all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void The_most_probable_choice_has_no_gradient(string name)
    {
        var logits = Toys.Numbers([40, Toys.K], 6).requires_grad_(true);

        var choices = All[name].MostProbable(logits);

        Assert.Equal(logits.argmax(-1).data<long>().Select(k => (int)k), choices.Select(choice => choice.Operation));
        Assert.All(choices, choice => Assert.False(choice.OneHot.requires_grad));
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_masked_operation_is_never_chosen_and_has_no_gradient(string name)
    {
        var logits = Toys.Numbers([1, Toys.K], 6).requires_grad_(true);
        var mask = tensor(new[] { true, false, true, false });
        var choice = Toys.Operations(10);
        for (var seed = 0; seed < 50; seed++)
        {
            var choices = All[name].Draw(logits, mask, Conformance.Seeded(seed));
            Assert.Equal(0, choices[0].Operation % 2);
            Toys.Loss(2)(choice.call(_x, choices[0])).backward();
        }

        Assert.Equal(0, All[name].MostProbable(logits, mask)[0].Operation % 2);
        Assert.True((logits.grad![0, 1] == 0).item<bool>() && (logits.grad![0, 3] == 0).item<bool>());
        Assert.False((logits.grad![0, 0] == 0).item<bool>());
        Assert.Equal(0, ((Matrix)choice.Operations[3]).Runs);
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void What_is_wrong_is_said_in_a_sentence(string name)
    {
        var rule = All[name];
        var none = tensor(new[] { true, true, true, true, false, false, false, false }).view(2, 4);

        Refused("logits must have shape [choices, operations]; got [4].", () => rule.Draw(_one[0]));
        Refused(
            "logits must have shape [choices, operations] with at least one category; got [1, 0].", () => rule.Draw(zeros(1, 0)));
        Refused("logits row 0 holds NaN; logits must be finite, or −∞ to mask a category.", () => rule.Draw(_one * double.NaN));
        Refused("logits row 0 holds NaN; logits must be finite, or −∞ to mask a category.", () => rule.MostProbable(_one * double.NaN));
        Refused("logits row 1 is fully masked; every row needs a category with a finite logit.", () => rule.Draw(_two, none));
        Refused("logits row 1 is fully masked; every row needs a category with a finite logit.", () => rule.MostProbable(_two, none));
        Refused("logits row 1 is fully masked; every row needs a category with a finite logit.", () => rule.Take(_two, [0, 0], none));
        Refused("mask must broadcast to the logits' shape [1, 4]; got [2, 4].", () => rule.Draw(_one, none));
        Refused(
            "operations must hold 2 numbers from 0 to 3, one for each choice; got 1, 4.", () => rule.Take(_two, [1, 4]));
        Refused("operations must hold 1 numbers from 0 to 3, one for each choice; got 1, 2.", () => rule.Take(_one, [1, 2]));
        Refused(
            "hard row 0 chooses category 1, which is masked; choose one that can be sampled.",
            () => rule.Take(_one, [1], tensor(new[] { true, false, true, true })));
    }

    [Fact]
    public void A_rule_needs_an_estimator_of_a_temperature_above_zero()
    {
        Refused("temperature must be a finite number above 0; got 0.", () => _ = new DenseRule(new ReinMax(0)));
        Refused("estimator must be given; got null.", () => _ = new DenseRule(null!));
        Refused("estimator must be given; got null.", () => _ = new GdasRule(null!));
    }

    /// <summary>For each operation: ⟨U, o_D⟩, the sum of the entries of U, and the gradient of a rule, for a cubic loss.</summary>
    private void ForEachSample(Action<int[], Tensor, Tensor, Func<ChoiceRule, Generator?, Tensor>> check)
    {
        var choice = Toys.Operations(10);
        for (var k = 0; k < Toys.K; k++)
        {
            int[] operations = [k];
            var y = choice.Operations[k].call(_x).detach().requires_grad_(true);
            var u = autograd.grad([Toys.Loss(3)(y)], [y])[0];
            check(
                operations, (u * y).sum().detach(), u.sum(), (rule, generator) => Toys.Gradient(
                    rule, _one, operations, choices => Toys.Loss(3)(choice.call(_x, choices[0])), generator));
        }
    }

    private static void Refused(string message, Action action) => Conformance.Refused(message, action);
}
