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
        var estimator = Create(name, 2, categories);
        var f = Objectives.Of(objective, 2 * categories);
        var logits = Conformance.Logits([2, categories]);
        var exact = Gradient(new ExactEnumeration(), logits, f);

        Close(exact, Expectation(estimator, logits, f), 1e-12);
        Learn(estimator, logits, f);
        Close(exact, Expectation(estimator, logits, f), 1e-12);
    }

    [Theory]
    [MemberData(nameof(Trained))]
    public void Parameters_get_the_gradient_of_the_mean_squared_norm(string name)
    {
        using var scope = NewDisposeScope();
        var estimator = Create(name);
        var f = Objectives.Of("mlp", 6);
        var logits = Conformance.Logits([5, 2, 3]);
        Learn(estimator, logits, f);
        foreach (var parameter in estimator.Learnt.parameters())
            parameter.grad = null;
        double SquaredNorm() => Gradient(estimator, logits, f).pow(2).sum([-2, -1]).mean().item<double>();

        var leaf = logits.clone().requires_grad_(true);
        estimator.Estimate(leaf, f, Conformance.Seeded(3)).mean().backward();

        foreach (var (parameterName, parameter) in estimator.Learnt.named_parameters())
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
        var estimator = Create(name);
        var f = Objectives.Of("mlp", 6);
        var logits = Conformance.Logits([5, 2, 3]);
        Learn(estimator, logits, f);
        Tensor[] Gradients(Func<Tensor, Tensor> reduce)
        {
            var value = reduce(estimator.Estimate(logits.clone().requires_grad_(true), f, Conformance.Seeded(3)));
            return [.. autograd.grad([value], [.. estimator.Learnt.parameters()])];
        }

        foreach (var (mean, sum) in Gradients(v => v.mean()).Zip(Gradients(v => v.sum())))
            Close(mean * 5, sum, 1e-5);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Parameters_inside_f_get_exactly_the_gradient_of_the_hard_samples(string name)
    {
        using var scope = NewDisposeScope();
        var estimator = Create(name);
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
        var estimator = Create(name);
        var f = Objectives.Of("cubic", 6);
        var logits = Conformance.Logits([5, 2, 3]);
        Learn(estimator, logits, f);
        var kept = Copy(estimator);
        var expected = Gradient(estimator, logits, f);

        var restored = estimator with { };
        using var learnt = restored.Prepare(2, 3, Conformance.Seeded());
        var other = Gradient(restored, logits, f);
        using (no_grad())
            learnt.load_state_dict(kept);

        Assert.True((other - expected).abs().max().item<double>() > 1e-3);
        Close(expected, Gradient(restored, logits, f), 0);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void What_is_learnt_is_saved_loaded_and_moved_with_the_model_that_it_is_registered_in(string name)
    {
        using var scope = NewDisposeScope();
        var (estimator, other) = (Create(name), Create(name));
        var logits = Conformance.Logits([5, 2, 3]);
        var f = Objectives.Of("cubic", 6);
        Learn(estimator, logits, f);
        using var model = new Model(estimator.Learnt);
        using var restored = new Model(other.Prepare(2, 3, Conformance.Seeded(8)));
        using var stream = new MemoryStream();

        model.save(stream);
        restored.load(new MemoryStream(stream.ToArray()));

        Assert.Equal(estimator.Learnt.state_dict().Keys.Select(key => $"control.{key}"), model.state_dict().Keys);
        Close(Gradient(estimator, logits, f), Gradient(other, logits, f), 0);
        model.to(ScalarType.Float64);
        Assert.All(estimator.Learnt.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
        Assert.True((Gradient(estimator, logits, f) - Gradient(other, logits, f)).isfinite().all().item<bool>());
        Learn(estimator, logits, f);  // what was moved is what learns
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_copy_uses_what_was_learnt_and_prepared_itself_starts_anew(string name)
    {
        using var scope = NewDisposeScope();
        var estimator = Create(name);

        var copy = estimator with { Samples = 4 };

        Assert.Same(estimator.Learnt, copy.Learnt);
        Assert.Equal(4, copy.Samples);
        Assert.NotEqual(estimator, copy);
        Assert.Equal(estimator, copy with { Samples = estimator.Samples });
        Assert.Equal(estimator.GetHashCode(), (copy with { Samples = estimator.Samples }).GetHashCode());
        Assert.Contains("Samples = 4", copy.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("earnt", copy.ToString(), StringComparison.Ordinal);
        using var anew = copy.Prepare(2, 3, Conformance.Seeded(8));
        Assert.Same(anew, copy.Learnt);
        Assert.NotSame(anew, estimator.Learnt);
        Assert.Equal(anew.state_dict().Keys, estimator.Learnt.state_dict().Keys);
        Assert.All(anew.named_parameters(), entry => Assert.Equal(
            !entry.name.EndsWith(".weight", StringComparison.Ordinal), entry.parameter.equal(Copy(estimator)[entry.name]).all().item<bool>()));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void An_estimate_before_Prepare_or_after_its_module_is_disposed_of_is_refused_in_words(string name)
    {
        using var scope = NewDisposeScope();
        var estimator = (AdaptiveEstimator)Estimators.Get(name).Default;
        void Refused()
        {
            var message = $"{estimator.GetType().Name} is not prepared; call Prepare(latents, categories) first and keep the module that it returns.";
            Tensor Estimate() => estimator.Estimate(Conformance.Logits([5, 2, 3]), z => z.sum([-2, -1]));
            Assert.Equal(message, Assert.Throws<InvalidOperationException>(Estimate).Message);
            using var _ = no_grad();
            Assert.Equal(message, Assert.Throws<InvalidOperationException>(Estimate).Message);
        }

        Refused();
        using (new Model(estimator.Prepare(2, 3)))
            estimator.Estimate(Conformance.Logits([5, 2, 3]), z => z.sum([-2, -1]));
        Refused();
        Conformance.Refused("latents must be at least 1; got 0.", () => estimator.Prepare(0, 3));
        Conformance.Refused("categories must be at least 1; got 0.", () => estimator.Prepare(2, 0));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Nothing_is_moved_where_no_gradient_is_recorded(string name)
    {
        using var scope = NewDisposeScope();
        var estimator = Create(name);
        var logits = Conformance.Logits([5, 2, 3]);
        var f = Objectives.Of("mlp", 6);
        Learn(estimator, logits, f);
        var before = Copy(estimator);
        Tensor value;
        using (no_grad())
            value = estimator.Estimate(logits, f, Conformance.Seeded());
        Assert.All(estimator.Learnt.state_dict(), entry => Assert.True(before[entry.Key].equal(entry.Value).all().item<bool>()));
        Close(estimator.Estimate(logits, f, Conformance.Seeded()), value, 1e-15);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void What_is_learnt_outlives_scopes_and_goes_with_its_module(string name)
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([5, 2, 3]).requires_grad_(true);
        var f = Objectives.Of("mlp", 6);
        void Use()
        {
            var estimator = (AdaptiveEstimator)Estimators.Get(name).Default;
            nn.Module prepared;
            using (NewDisposeScope())
                prepared = estimator.Prepare(2, 3, Conformance.Seeded());
            using var module = prepared;
            using (NewDisposeScope())
                estimator.Estimate(logits, f, Conformance.Seeded()).sum().backward();
            using (NewDisposeScope())
                estimator.Estimate(logits, f, Conformance.Seeded()).sum().backward();
            Assert.All(module.state_dict().Values, tensor => Assert.False(tensor.IsInvalid));
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
        var estimator = Create(name);
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
            Assert.Equal([5], Create(name).Estimate(Conformance.Logits([5, 4, 2]), z => z.pow(2).sum([-2, -1])).shape);

        Conformance.Refused(
            "Relax was prepared for 6 inputs (latents × categories); logits have 8. Prepare another copy for another problem.",
            () => Create("relax").Estimate(Conformance.Logits([5, 4, 2]), z => z.pow(2).sum([-2, -1])));
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

    internal static AdaptiveEstimator Create(string name, long latents = 2, long categories = 3)
    {
        var estimator = (AdaptiveEstimator)Estimators.Get(name).Default;
        estimator.Prepare(latents, categories, Conformance.Seeded());
        return estimator;
    }

    private static Dictionary<string, Tensor> Copy(AdaptiveEstimator estimator) =>
        estimator.Learnt.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone());

    private sealed class Model : nn.Module
    {
        internal Model(nn.Module control) : base("model") => register_module("control", control);
    }

    /// <summary>Fifty steps of Adam from parameters that nobody would start with, and the assertion that all of the state moved.</summary>
    internal static void Learn(AdaptiveEstimator estimator, Tensor logits, Func<Tensor, Tensor> f)
    {
        using (no_grad())
        {
            foreach (var parameter in estimator.Learnt.parameters())
                parameter.add_(0.3);
        }

        var before = Copy(estimator);
        Train(estimator, logits, f, steps: 50, rate: 0.02);
        Assert.All(estimator.Learnt.state_dict(), entry => Assert.True((before[entry.Key] - entry.Value).abs().max().to_type(ScalarType.Float64).item<double>() > 1e-3, entry.Key));
    }

    internal static void Train(AdaptiveEstimator estimator, Tensor logits, Func<Tensor, Tensor> f, int steps, double rate)
    {
        using var generator = Conformance.Seeded(4);
        using var adam = estimator.Learnt.parameters().Any() ? Adam(estimator.Learnt.parameters(), rate) : null;
        for (var step = 0; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            var leaf = logits.detach().reshape([-1, .. logits.shape[^2..]])[0].expand([32, .. logits.shape[^2..]]).clone().requires_grad_(true);
            adam?.zero_grad();
            estimator.Estimate(leaf, f, generator).mean().backward();
            adam?.step();
        }
    }

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
    internal static (Tensor Probability, Tensor Gradients) Outcomes(AdaptiveEstimator estimator, Tensor logits, Func<Tensor, Tensor> f)
    {
        var states = OneHot.States((int)logits.shape[0], (int)logits.shape[1], ScalarType.Float64);
        var tuples = cartesian_prod([.. Enumerable.Repeat(arange(states.shape[0]), estimator.Samples)]).view(-1, estimator.Samples);
        var hard = states.index_select(0, tuples.t().flatten()).view([estimator.Samples, -1, .. logits.shape]);
        var probability = Distribution.LogProbability(logits, hard).sum([0, -1]).exp();
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
