using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

/// <summary>
/// The theorems of Liu et al. 2023, by enumeration and without noise: one row of logits per possible sample, the sample attached,
/// the gradients weighted with the sample's probability.
/// </summary>
public class TheoryTests
{
    private const int K = 4;

    /// <summary>f on [.., 1, K] with values [..]; cross terms between categories, so that no shortcut for separable f applies.</summary>
    public static TheoryData<string> Objectives { get; } = ["linear", "quadratic", "cubic", "exponential"];

    private static Func<Tensor, Tensor> Objective(string name) => name switch
    {
        "linear" => Conformance.Polynomial(1, K),
        "quadratic" => Conformance.Polynomial(2, K),
        "cubic" => Conformance.Polynomial(3, K),
        "exponential" => z => (Conformance.Polynomial(2, K)(z) * 0.3).exp() + z.flatten(-2).matmul(linspace(-1, 1, K, ScalarType.Float64)).sin(),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    [Theory]
    [MemberData(nameof(Objectives))]
    public void Expected_straight_through_is_the_first_order_gradient(string name)
    {
        using var scope = NewDisposeScope();
        var (logits, p) = Row();

        var expected = Trapezoid(Objective(name), p, atI: 0, atJ: 1, baseline: p);

        Close(expected, Expectation(new StraightThrough(), logits, Objective(name)));
    }

    [Theory]
    [MemberData(nameof(Objectives))]
    public void Expected_ReinMax_is_the_second_order_gradient(string name)
    {
        using var scope = NewDisposeScope();
        var (logits, p) = Row();

        var expected = Trapezoid(Objective(name), p, atI: 0.5, atJ: 0.5, baseline: p);

        Close(expected, Expectation(new ReinMax(), logits, Objective(name)));
    }

    [Theory]
    [MemberData(nameof(Objectives))]
    public void Expected_uniform_ReinMax_is_the_second_order_gradient_with_a_uniform_baseline(string name)
    {
        using var scope = NewDisposeScope();
        var (logits, p) = Row();

        var expected = Trapezoid(Objective(name), p, atI: 0.5, atJ: 0.5, baseline: full_like(p, 1.0 / K));

        Close(expected, Expectation(new ReinMaxUniform(), logits, Objective(name)));
    }

    [Fact]
    public void The_two_baselines_differ_for_an_objective_that_is_not_quadratic()
    {
        using var scope = NewDisposeScope();
        var (logits, _) = Row();

        var difference = Expectation(new ReinMax(), logits, Objective("cubic")) - Expectation(new ReinMaxUniform(), logits, Objective("cubic"));

        Assert.True(difference.abs().max().item<double>() > 1e-3);
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(3, 2)]
    [InlineData(2, 5)]
    public void ReinMax_is_exact_for_every_quadratic_of_several_latents(int latents, int categories)
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            using var scope = NewDisposeScope();
            using var generator = Conformance.Seeded(seed);
            var size = latents * categories;
            var matrix = randn([size, size], ScalarType.Float64, generator: generator);
            var slope = randn([size], ScalarType.Float64, generator: generator);
            Tensor F(Tensor z) => (z.flatten(-2).matmul(matrix) * z.flatten(-2)).sum(-1) + z.flatten(-2).matmul(slope);
            var logits = randn([latents, categories], ScalarType.Float64, generator: generator);

            Close(Exact(logits, F), Expectation(new ReinMax(), logits, F));
            Close(Exact(logits, F), Expectation(new ReinMaxUniform(), logits, F));
        }
    }

    [Fact]
    public void Straight_through_is_exact_for_linear_but_not_for_quadratic_objectives()
    {
        using var scope = NewDisposeScope();
        var (logits, _) = Row();

        Close(Exact(logits, Objective("linear")), Expectation(new StraightThrough(), logits, Objective("linear")));
        var error = Exact(logits, Objective("quadratic")) - Expectation(new StraightThrough(), logits, Objective("quadratic"));
        Assert.True(error.abs().max().item<double>() > 0.01);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void ReinMax_at_temperature_one_is_half_straight_through_and_half_linearised_REINFORCE_sample_by_sample(int categories)
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        var logits = (randn([300, categories], ScalarType.Float64, generator: generator) * 3).requires_grad_(true);
        var v = randn([300, categories], ScalarType.Float64, generator: generator);
        var hard = OneHot.Sample(logits, generator: generator);

        var got = autograd.grad([(new ReinMax().Attach(logits, hard) * v).sum()], [logits])[0];

        var p = logits.detach().softmax(-1);
        var straightThrough = p * (v - (p * v).sum(-1, true));
        var reinforce = (v * (hard - p)).sum(-1, true) * (hard - p);
        Close((straightThrough + reinforce) / 2, got, 1e-14);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1.3)]
    [InlineData(5)]
    public void ReinMax_is_its_equation_7_at_every_temperature(double temperature)
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        var logits = (randn([300, 5], ScalarType.Float64, generator: generator) * 3).requires_grad_(true);
        var v = randn([300, 5], ScalarType.Float64, generator: generator);
        var hard = OneHot.Sample(logits, generator: generator);

        var got = autograd.grad([(new ReinMax(temperature).Attach(logits, hard) * v).sum()], [logits])[0];

        static Tensor J(Tensor p, Tensor v) => p * (v - (p * v).sum(-1, true));
        var midpoint = ((logits.detach() / temperature).softmax(-1) + hard) / 2;
        Close((2 * J(midpoint, v)) - (J(logits.detach().softmax(-1), v) / 2), got, 1e-14);
    }

    [Fact]
    public void Gumbel_Rao_of_many_draws_has_the_mean_of_one_draw_and_a_smaller_spread()
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        var logits = Conformance.Logits([2, 3]);
        var f = Conformance.Polynomial(2, 6);

        var one = GradientQuality.Measure(new GumbelRao(Draws: 1), logits, f, 20_000, generator);
        var many = GradientQuality.Measure(new GumbelRao(Draws: 20), logits, f, 20_000, generator);

        Assert.True(Math.Abs(one.Bias.Value - many.Bias.Value) < 5 * (one.Bias.StandardError + many.Bias.StandardError));
        Assert.True(many.StandardDeviation.Value + (5 * many.StandardDeviation.StandardError) < one.StandardDeviation.Value);
    }

    [Fact]
    public void One_conditional_draw_is_straight_through_Gumbel_softmax()
    {
        // The direct construction: draw Gumbel noise, take the argmax, carry the gradient of softmax((logits + noise)/τ).
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        const int Draws = 200_000;
        var v = tensor(new[] { 1.0, -0.5, 2 });
        var logits = tensor(new[] { 0.3, -0.4, 0.9 }).expand(Draws, 3).clone().requires_grad_(true);
        var noise = -(-rand([Draws, 3], ScalarType.Float64, generator: generator).log()).log();
        var direct = autograd.grad([((((logits + noise) / 0.7).softmax(-1)) * v).sum()], [logits])[0];
        var chosen = (logits.detach() + noise).argmax(-1);

        var conditional = autograd.grad(
            [(new GumbelRao(Draws: 1, Temperature: 0.7).Attach(logits, OneHot.FromIndex(chosen, 3, ScalarType.Float64), generator: generator) * v).sum()], [logits])[0];

        for (var category = 0; category < 3; category++)
        {
            var where = chosen == category;
            var (a, b) = (direct[where], conditional[where]);
            Assert.True(ZScore(a, b) < 5);
            Assert.True(ZScore(a.pow(2), b.pow(2)) < 5);
        }
    }

    [Fact]
    public void Gapped_straight_through_makes_the_sample_win_by_the_gap()
    {
        // θ' as the paper states it, for both gaps.
        using var scope = NewDisposeScope();
        var theta = new[] { 0.5, 2.0, 1.7, -3.0 };
        var v = new[] { 1.0, -2.0, 0.5, 3.0 };
        foreach (double? gap in new double?[] { 1, null })
        {
            var leaf = tensor(theta).requires_grad_(true);
            var hard = tensor(new[] { 0.0, 0, 1, 0 });
            var got = autograd.grad([(new GappedStraightThrough(gap, 0.7).Attach(leaf, hard) * tensor(v)).sum()], [leaf])[0];

            var probability = Math.Exp(1.7) / theta.Sum(Math.Exp) * (1 - 1e-5);
            var distance = gap ?? -Math.Log(1 - probability) / probability;
            var moved = theta.Select((t, k) => k == 2 ? 2.0 : Math.Min(t, 2.0 - distance)).ToArray();
            var weights = moved.Select(t => Math.Exp(t / 0.7)).ToArray();
            var p = weights.Select(w => w / weights.Sum()).ToArray();
            var mean = p.Zip(v, (a, b) => a * b).Sum();
            Close(tensor(p.Zip(v, (a, b) => a * (b - mean) / 0.7).ToArray()), got, 1e-14);
        }
    }

    // Pieces.

    private static (Tensor Logits, Tensor Probabilities) Row()
    {
        var logits = tensor(new[,] { { 0.3, -0.9, 1.1, 0.2 } });
        return (logits, logits.softmax(-1)[0]);
    }

    /// <summary>Σᵢ Σⱼ φⱼ ⟨atI f′(Iᵢ) + atJ f′(Iⱼ), Iᵢ − Iⱼ⟩ dπᵢ/dθ: definitions 3.1 (0, 1) and 3.2 (½, ½), [1, K].</summary>
    private static Tensor Trapezoid(Func<Tensor, Tensor> f, Tensor p, double atI, double atJ, Tensor baseline)
    {
        var corners = eye(K, dtype: ScalarType.Float64).view(K, 1, K).requires_grad_(true);
        var slope = autograd.grad([f(corners).sum()], [corners])[0].view(K, K);
        var jacobian = diag(p) - outer(p, p);
        var sum = zeros([K], ScalarType.Float64);
        for (var i = 0; i < K; i++)
        {
            for (var j = 0; j < K; j++)
            {
                var step = eye(K, dtype: ScalarType.Float64)[i] - eye(K, dtype: ScalarType.Float64)[j];
                sum += baseline[j] * ((atI * slope[i]) + (atJ * slope[j])).dot(step) * jacobian[i];
            }
        }

        return sum.unsqueeze(0);
    }

    /// <summary>The expected gradient [L, K], exact: every joint sample attached to its own copy of the logits.</summary>
    private static Tensor Expectation(PathwiseEstimator estimator, Tensor logits, Func<Tensor, Tensor> f)
    {
        var states = OneHot.States((int)logits.shape[0], (int)logits.shape[1], ScalarType.Float64);
        var copies = logits.expand([states.shape[0], .. logits.shape]).clone().requires_grad_(true);
        var gradients = autograd.grad([f(estimator.Attach(copies, states)).sum()], [copies])[0];
        var probability = Distribution.LogProbability(logits, states).sum(-1).exp();
        return (probability.view(-1, 1, 1) * gradients).sum([0]);
    }

    private static Tensor Exact(Tensor logits, Func<Tensor, Tensor> f)
    {
        var leaf = logits.clone().requires_grad_(true);
        return autograd.grad([new ExactEnumeration().Estimate(leaf, f)], [leaf])[0];
    }

    private static double ZScore(Tensor a, Tensor b)
    {
        var spread = ((a.var([0]) / a.shape[0]) + (b.var([0]) / b.shape[0])).sqrt();
        return ((a.mean([0]) - b.mean([0])).abs() / spread).max().item<double>();
    }

    private static void Close(Tensor expected, Tensor got, double tolerance = 1e-12)
    {
        Assert.Equal(expected.shape, got.shape);
        Assert.True((expected - got).abs().max().item<double>() <= tolerance * Math.Max(1, expected.abs().max().item<double>()));
    }
}
