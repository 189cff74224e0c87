using DiscreteGradients.Testing;
using static TorchSharp.torch.optim;

namespace DiscreteGradients.Tests.Adaptive;

/// <summary>What holds for every estimator that learns: no bias before or after, the right gradient to learn from, and state that can be kept.</summary>
public class AdaptiveEstimatorTests
{
    public static IReadOnlyList<string> Names { get; } = [.. Estimators.All.Where(e => e.Default is AdaptiveEstimator).Select(e => e.Name)];

    /// <summary>Those whose gradient is a function of the samples alone, so that its expectation can be enumerated.</summary>
    public static MatrixTheoryData<string, string, int> Deterministic { get; } =
        new(["reinforce-baseline", "double-cv", "rodeo", "muprop"], Objectives.Names, [2, 3]);

    public static TheoryData<string> All { get; } = [.. Names];

    public static TheoryData<string> Trained { get; } = [.. Names.Where(name => name != "reinforce-baseline")];

    [Theory]
    [MemberData(nameof(Deterministic))]
    public void The_expected_gradient_is_exact_whatever_was_learnt(string name, string objective, int categories)
    {
        using var scope = NewDisposeScope();
        using var estimator = Create(name);
        var f = Objectives.Of(objective, 2 * categories);
        var logits = Conformance.Logits([2, categories]);
        var exact = Gradient(new ExactEnumeration(), logits, f);

        Close(exact, Expectation(estimator, logits, f), 1e-12);
        Learn(estimator, logits, f);
        Close(exact, Expectation(estimator, logits, f), 1e-12);
    }

    [Theory]
    [InlineData("a", 2)]
    [InlineData("a", 3)]
    [InlineData("b", 2)]
    [InlineData("b", 3)]
    public void What_the_Stein_operator_adds_has_zero_mean_and_is_not_zero(string weight, int categories)
    {
        using var scope = NewDisposeScope();
        using var estimator = Create("rodeo");
        var f = Objectives.Of("mlp", 2 * categories);
        var logits = Conformance.Logits([2, categories]);
        estimator.Prepare(2, categories);
        var (probability, without) = Outcomes(estimator, logits, f);
        using (no_grad())
            estimator.Parameters[weight].fill_(0.7);

        var added = Outcomes(estimator, logits, f).Gradients - without;

        Assert.InRange((probability * added).sum([0]).abs().max().item<double>(), 0, 1e-14);
        Assert.InRange((probability * added.abs()).sum().item<double>(), 1e-3, double.PositiveInfinity);
    }

    /// <summary>Before it the conformance suite says so; those of <see cref="Deterministic"/> need no draws.</summary>
    [Theory]
    [InlineData("rebar")]
    [InlineData("relax")]
    public void The_sampled_gradient_has_no_bias_after_learning_either(string name)
    {
        using var scope = NewDisposeScope();
        using var estimator = Create(name);
        var f = Objectives.Of("mlp", 6);
        var logits = Conformance.Logits([1, 2, 3]);
        Learn(estimator, logits, f);

        Assert.InRange(GradientQuality.Measure(estimator, logits, f, draws: 8_000, Conformance.Seeded()).LargestZ, 0, 5);
    }

    [Theory]
    [MemberData(nameof(Trained))]
    public void Parameters_get_the_gradient_of_the_mean_squared_norm(string name)
    {
        using var scope = NewDisposeScope();
        using var estimator = Create(name);
        var f = Objectives.Of("mlp", 6);
        var logits = Conformance.Logits([5, 2, 3]);
        Learn(estimator, logits, f);
        foreach (var parameter in estimator.Parameters.Values)
            parameter.grad = null;
        double SquaredNorm() => Gradient(estimator, logits, f).pow(2).sum([-2, -1]).mean().item<double>();

        var leaf = logits.clone().requires_grad_(true);
        estimator.Estimate(leaf, f, Conformance.Seeded(3)).mean().backward();

        foreach (var (parameterName, parameter) in estimator.Parameters)
        {
            var analytic = parameter.grad!.flatten().to_type(ScalarType.Float64);
            var scale = analytic.abs().max().item<double>();
            Assert.True(scale > 0, parameterName);
            foreach (var i in new[] { 0L, analytic.numel() / 2, analytic.numel() - 1 }.Distinct())
            {
                var numeric = Derivative(parameter, i, SquaredNorm);
                Assert.True(Math.Abs(numeric - analytic[i].item<double>()) < 1e-3 * scale, $"{parameterName}[{i}]: {numeric}, {analytic[i].item<double>()}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Trained))]
    public void The_sum_of_the_values_sums_the_parameters_gradient_too(string name)
    {
        using var scope = NewDisposeScope();
        using var estimator = Create(name);
        var f = Objectives.Of("mlp", 6);
        var logits = Conformance.Logits([5, 2, 3]);
        Learn(estimator, logits, f);
        Tensor[] Gradients(Func<Tensor, Tensor> reduce)
        {
            var value = reduce(estimator.Estimate(logits.clone().requires_grad_(true), f, Conformance.Seeded(3)));
            return [.. autograd.grad([value], [.. estimator.Parameters.Values])];
        }

        foreach (var (mean, sum) in Gradients(v => v.mean()).Zip(Gradients(v => v.sum())))
            Close(mean * 5, sum, 1e-5);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Parameters_inside_f_get_exactly_the_gradient_of_the_hard_samples(string name)
    {
        using var scope = NewDisposeScope();
        using var estimator = Create(name);
        var weight = Conformance.Logits([6], seed: 9).requires_grad_(true);
        Tensor F(Tensor z) => z.flatten(-2).matmul(weight).pow(2);
        var logits = Conformance.Logits([5, 2, 3]);
        Learn(estimator, logits, F);
        using var points = Record(estimator, logits, F);

        weight.grad = null;
        estimator.Estimate(logits, F, Conformance.Seeded()).mean().backward();
        var got = weight.grad!.clone();
        weight.grad = null;
        F(points.narrow(0, 0, estimator.Samples)).mean().backward();

        Close(weight.grad!, got, 1e-13);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Kept_state_gives_the_same_numbers(string name)
    {
        using var scope = NewDisposeScope();
        using var estimator = Create(name);
        var f = Objectives.Of("cubic", 6);
        var logits = Conformance.Logits([5, 2, 3]);
        Learn(estimator, logits, f);
        var kept = estimator.State.ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone());
        var expected = Gradient(estimator, logits, f);

        using var restored = estimator with { };
        restored.Prepare(2, 3);
        var other = Gradient(restored, logits, f);
        using (no_grad())
        {
            foreach (var (key, value) in restored.State)
                value.copy_(kept[key]);
        }

        Assert.True((other - expected).abs().max().item<double>() > 1e-3);
        Close(expected, Gradient(restored, logits, f), 0);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_copy_has_the_settings_and_nothing_learnt(string name)
    {
        using var scope = NewDisposeScope();
        using var estimator = Create(name);
        estimator.Prepare(2, 3);

        using var copy = estimator with { Samples = 4 };

        Assert.Equal(4, copy.Samples);
        Assert.NotEqual(estimator, copy);
        Assert.Equal(estimator, copy with { Samples = estimator.Samples });
        Assert.Equal(estimator.GetHashCode(), (copy with { Samples = estimator.Samples }).GetHashCode());
        Assert.Contains("Samples = 4", copy.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("State", copy.ToString(), StringComparison.Ordinal);
        var message = $"{copy.GetType().Name} has learnt nothing yet; call Prepare(latents, categories) first.";
        Assert.Equal(message, Assert.Throws<InvalidOperationException>(() => copy.State).Message);
        Assert.Equal(message, Assert.Throws<InvalidOperationException>(() => copy.Parameters).Message);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_state_is_made_once(string name)
    {
        using var estimator = Create(name);
        estimator.Prepare(2, 3);

        var thrown = Assert.Throws<InvalidOperationException>(() => estimator.Prepare(2, 3));

        Assert.Equal($"{estimator.GetType().Name} is prepared already; take a copy (`with {{ }}`) to start anew.", thrown.Message);
        Conformance.Refused("latents must be at least 1; got 0.", () => estimator.Prepare(0, 3));
        Conformance.Refused("categories must be at least 1; got 0.", () => estimator.Prepare(2, 0));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Preparing_is_what_the_first_estimate_does(string name)
    {
        using var scope = NewDisposeScope();
        using var prepared = Create(name);
        using var unprepared = Create(name);
        using var other = Create(name);
        var logits = Conformance.Logits([5, 2, 3]);
        prepared.Prepare(2, 3);
        other.Prepare(2, 3, Conformance.Seeded(8));

        Close(Gradient(unprepared, logits, Objectives.Of("mlp", 6)), Gradient(prepared, logits, Objectives.Of("mlp", 6)), 0);
        Assert.Equal(prepared.State.Keys, other.State.Keys);
        Assert.Equal(prepared.Parameters.Keys.Where(key => key.EndsWith(".weight", StringComparison.Ordinal)).ToList(),
            prepared.Parameters.Where(p => !p.Value.equal(other.Parameters[p.Key]).all().item<bool>()).Select(p => p.Key));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Nothing_is_made_or_moved_where_no_gradient_is_recorded(string name)
    {
        using var scope = NewDisposeScope();
        using var estimator = Create(name);
        var logits = Conformance.Logits([5, 2, 3]);
        var f = Objectives.Of("mlp", 6);

        using (no_grad())
            estimator.Estimate(logits, f, Conformance.Seeded());
        Assert.Throws<InvalidOperationException>(() => estimator.State);

        Learn(estimator, logits, f);
        var before = estimator.State.ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone());
        Tensor value;
        using (no_grad())
            value = estimator.Estimate(logits, f, Conformance.Seeded());
        Assert.All(estimator.State, entry => Assert.True(before[entry.Key].equal(entry.Value).all().item<bool>()));
        Close(estimator.Estimate(logits, f, Conformance.Seeded()), value, 1e-15);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void The_state_outlives_scopes_and_goes_with_the_estimator(string name)
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([5, 2, 3]).requires_grad_(true);
        var f = Objectives.Of("mlp", 6);
        void Use()
        {
            using var estimator = Create(name);
            using (NewDisposeScope())
                estimator.Estimate(logits, f, Conformance.Seeded()).sum().backward();
            using (NewDisposeScope())
                estimator.Estimate(logits, f, Conformance.Seeded()).sum().backward();
            Assert.All(estimator.State.Values, tensor => Assert.False(tensor.IsInvalid));
        }

        Use();
        var before = LiveTensors.Count();
        Use();

        Assert.Equal(before, LiveTensors.Count());
    }

    [Theory]
    [InlineData("double-cv", "DoubleCv")]
    [InlineData("rodeo", "Rodeo")]
    [InlineData("muprop", "MuProp")]
    [InlineData("rebar", "Rebar")]
    [InlineData("relax", "Relax")]
    public void An_f_without_a_gradient_is_refused_in_words(string name, string type)
    {
        using var scope = NewDisposeScope();
        using var estimator = Create(name);
        var weight = Conformance.Logits([6], seed: 9).requires_grad_(true);
        var message = $"{type} needs the gradient of f, but what f returned does not depend on its argument differentiably; "
            + "use an estimator that needs values only, such as rloo.";

        Conformance.Refused(message, () => estimator.Estimate(Conformance.Logits([5, 2, 3]), z => z.detach().sum([-2, -1])));
        Conformance.Refused(message, () => estimator.Estimate(Conformance.Logits([5, 2, 3]), z => z.detach().flatten(-2).matmul(weight)));
    }

    [Fact]
    public void Relax_refuses_another_size_in_words_and_the_others_take_it()
    {
        using var scope = NewDisposeScope();
        foreach (var name in Names.Where(name => name != "relax"))
        {
            using var estimator = Create(name);
            estimator.Prepare(2, 3);
            Assert.Equal([5], estimator.Estimate(Conformance.Logits([5, 4, 2]), z => z.pow(2).sum([-2, -1])).shape);
        }

        using var relax = new Relax();
        relax.Prepare(2, 3);

        Conformance.Refused(
            "Relax was prepared for 6 inputs (latents × categories); logits have 8. Take a copy (`with { }`) for another problem.",
            () => relax.Estimate(Conformance.Logits([5, 4, 2]), z => z.pow(2).sum([-2, -1])));
    }

    [Theory]
    [InlineData("rebar")]
    [InlineData("relax")]
    public void A_temperature_that_was_learnt_too_far_stays_in_the_supported_range(string name)
    {
        using var scope = NewDisposeScope();
        foreach (var dtype in new[] { ScalarType.Float32, ScalarType.Float64 })
        {
            foreach (var logTemperature in new[] { -1e3, -90, 90, 1e3 })
            {
                using var estimator = Create(name);
                estimator.Prepare(2, 3);
                using (no_grad())
                    estimator.Parameters["log_temperature"].fill_(logTemperature);
                var logits = Conformance.Logits([20, 2, 3], dtype);
                logits[TensorIndex.Ellipsis, 1] = double.NegativeInfinity;
                logits.requires_grad_();

                var value = estimator.Estimate(logits, z => z.pow(2).sum([-2, -1]), Conformance.Seeded()).sum();
                value.backward();

                Assert.True(value.isfinite().item<bool>());
                Assert.True(logits.grad!.isfinite().all().item<bool>());
                Assert.All(estimator.Parameters.Values, parameter => Assert.True(parameter.grad!.isfinite().all().item<bool>()));
            }
        }
    }

    [Fact]
    public void Settings_out_of_range_are_refused_in_words()
    {
        Conformance.Refused("samples must be at least 1; got 0.", () => _ = new ReinforceBaseline(0));
        Conformance.Refused("decay must be at least 0 and below 1; got 1.", () => _ = new ReinforceBaseline(Decay: 1));
        Conformance.Refused("decay must be at least 0 and below 1; got NaN.", () => _ = new ReinforceBaseline(Decay: double.NaN));
        Conformance.Refused("samples must be at least 2; got 1.", () => _ = new DoubleCv(1));
        Conformance.Refused("samples must be at least 2; got 1.", () => _ = new Rodeo(1));
        Conformance.Refused("samples must be at least 1; got 0.", () => _ = new MuProp(0));
        Conformance.Refused("samples must be at least 1; got 0.", () => _ = new Rebar(0));
        Conformance.Refused("temperature must be a finite number above 0; got 0.", () => _ = new Rebar(Temperature: 0));
        Conformance.Refused("temperature must be a finite number above 0; got NaN.", () => _ = new Relax(Temperature: double.NaN));
    }

    // Pieces.

    private static AdaptiveEstimator Create(string name) => (AdaptiveEstimator)Estimators.Get(name).Default;

    /// <summary>Fifty steps of Adam from parameters that nobody would start with, and the assertion that all of the state moved.</summary>
    private static void Learn(AdaptiveEstimator estimator, Tensor logits, Func<Tensor, Tensor> f)
    {
        if (!HasState(estimator))
            estimator.Prepare(logits.shape[^2], logits.shape[^1]);
        using (no_grad())
        {
            foreach (var parameter in estimator.Parameters.Values)
                parameter.add_(0.3);
        }

        var before = estimator.State.ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone());
        Train(estimator, logits, f, steps: 50, rate: 0.02);
        Assert.All(estimator.State, entry => Assert.True((before[entry.Key] - entry.Value).abs().max().to_type(ScalarType.Float64).item<double>() > 1e-3, entry.Key));
    }

    internal static void Train(AdaptiveEstimator estimator, Tensor logits, Func<Tensor, Tensor> f, int steps, double rate)
    {
        using var generator = Conformance.Seeded(4);
        using var adam = estimator.Parameters.Count > 0 ? Adam(estimator.Parameters.Values, rate) : null;
        for (var step = 0; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            var leaf = logits.detach().reshape([-1, .. logits.shape[^2..]])[0].expand([32, .. logits.shape[^2..]]).clone().requires_grad_(true);
            adam?.zero_grad();
            estimator.Estimate(leaf, f, generator).mean().backward();
            adam?.step();
        }
    }

    private static bool HasState(AdaptiveEstimator estimator) => Xunit.Record.Exception(() => estimator.State) is null;

    /// <summary>The points f was called on.</summary>
    private static Tensor Record(AdaptiveEstimator estimator, Tensor logits, Func<Tensor, Tensor> f)
    {
        Tensor? points = null;
        estimator.Estimate(logits, z =>
        {
            points = z.detach().clone().DetachFromDisposeScope();
            return f(z);
        }, Conformance.Seeded());
        return points!;
    }

    private static Tensor Gradient(GradientEstimator estimator, Tensor logits, Func<Tensor, Tensor> f)
    {
        var leaf = logits.detach().clone().requires_grad_(true);
        return autograd.grad([estimator.Estimate(leaf, f, Conformance.Seeded(3)).sum()], [leaf])[0];
    }

    private static double Derivative(Tensor parameter, long entry, Func<double> function)
    {
        using var scope = NewDisposeScope();
        var old = parameter.detach().flatten()[entry].item<float>();
        double Set(float value)
        {
            using var _ = no_grad();
            parameter.view(-1)[entry] = value;
            return parameter.view(-1)[entry].item<float>();
        }

        var (up, valueUp) = (Set(old + 1e-5f), function());
        var (down, valueDown) = (Set(old - 1e-5f), function());
        Set(old);
        return (valueUp - valueDown) / (up - down);
    }

    /// <summary>The expected gradient [L, K], exact.</summary>
    private static Tensor Expectation(AdaptiveEstimator estimator, Tensor logits, Func<Tensor, Tensor> f)
    {
        var (probability, gradients) = Outcomes(estimator, logits, f);
        return (probability * gradients).sum([0]);
    }

    /// <summary>Every combination of samples as one example of a batch: its probability [N, 1, 1] and its gradient [N, L, K].</summary>
    private static (Tensor Probability, Tensor Gradients) Outcomes(AdaptiveEstimator estimator, Tensor logits, Func<Tensor, Tensor> f)
    {
        var states = OneHot.States((int)logits.shape[0], (int)logits.shape[1], ScalarType.Float64);
        var tuples = cartesian_prod([.. Enumerable.Repeat(arange(states.shape[0]), estimator.Samples)]).view(-1, estimator.Samples);
        var hard = states.index_select(0, tuples.t().flatten()).view([estimator.Samples, -1, .. logits.shape]);
        var probability = OneHot.LogProbability(logits, hard).sum([0]).exp();
        var copies = logits.detach().expand([hard.shape[1], .. logits.shape]).clone().requires_grad_(true);
        return (probability.view(-1, 1, 1), autograd.grad([estimator.EstimateAt(copies, hard, f, default).sum()], [copies])[0]);
    }

    private static void Close(Tensor expected, Tensor got, double tolerance)
    {
        Assert.Equal(expected.shape, got.shape);
        var error = (expected - got).abs().max().to_type(ScalarType.Float64).item<double>();
        Assert.True(error <= tolerance * Math.Max(1, expected.abs().max().to_type(ScalarType.Float64).item<double>()), $"error {error}");
    }
}
