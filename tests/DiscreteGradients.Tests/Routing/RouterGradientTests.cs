using DiscreteGradients.Testing;
using Expert = TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>;

namespace DiscreteGradients.Tests.Routing;

/// <summary>
/// The gradient at the scores, summed over all picks and coins with their probabilities: through the layer, in float64, against the
/// objective that the router names.
/// </summary>
public sealed class RouterGradientTests
{
    private const int Count = 3;
    private const long Width = 4;

    /// <summary>
    /// The published values of scalar experts 1, −½, 2 at scores ½, −⅕, ⅒ and g(h) = h² + h/2, to their printed digits.
    /// </summary>
    [Theory]
    [InlineData(0, 1, 0.707267, -0.300983, -0.406284)]
    [InlineData(2, 2, -0.638810, -0.317224, 0.956033)]
    [InlineData(2, 1, -0.992102, -0.492664, 1.484766)]
    [InlineData(0, 3, 0.200717, -0.085416, -0.115300)]
    public void A_pick_at_a_scale_has_its_published_gradient(int pick, int part, double first, double second, double third)
    {
        using var scope = NewDisposeScope();
        Tensor Gradient(Func<Tensor, Tensor> gate)
        {
            var scores = tensor([0.5, -0.2, 0.1]).requires_grad_(true);
            var h = gate(scores.softmax(-1))[pick] * new[] { 1, -0.5, 2 }[pick];
            ((h * h) + (0.5 * h)).backward();
            return scores.grad!;
        }

        var full = tensor(part == 1);
        var published = tensor([first, second, third]);
        if (part != 3)
        {
            Near(published, Gradient(p => SparseMixerRouter.Gate(p, full)), 5e-7);
            published /= 2;  // the second version's are half of the first's
        }

        if (part != 2)
            Near(published, Gradient(p => SparseMixer2Router.Gate(p, full, isCorrected: false)), 5e-7);
        if (part != 2)
            Near(2 * published, Gradient(p => SparseMixer2Router.Gate(p, full, isCorrected: true)), 1e-6);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void SparseMixer_without_the_exception_is_exact_for_quadratic_losses(int degree, bool exact) => Compare(
        exact, degree, temperature: 1, Objective, Sparse(low: 2, coin: 0.5, isHybrid: false, SparseMixerRouter.Gate));

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void SparseMixer_is_exact_for_linear_losses(int degree, bool exact) => Compare(
        exact, degree, temperature: 1, Objective, Sparse(low: 2, coin: 0.5, isHybrid: true, SparseMixerRouter.Gate));

    /// <summary>Euler's rule where the best expert is drawn, the mid-point rule elsewhere, and the gradient of the weight.</summary>
    [Fact]
    public void SparseMixer_is_the_hybrid_rule_for_any_loss() => Compare(
        exact: true, degree: 4, temperature: 1,
        (p, e, g) =>
        {
            var sum = zeros([], ScalarType.Float64);
            var best = (int)p.argmax().item<long>();
            for (var i = 0; i < Count; i++)
            {
                var h = (p[i] * e[i]).detach().requires_grad_(true);
                var (whole, half) = (Slope(g, h), Slope(g, h / 2));
                var rule = i == best ? 2 * whole : whole + half;
                sum += p[i].detach() * (p[i] * (rule * e[i]).sum());
            }

            return sum;
        },
        Sparse(low: 2, coin: 0.5, isHybrid: true, SparseMixerRouter.Gate));

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public void The_corrected_second_version_without_the_exception_is_exact_for_cubic_losses(int degree, bool exact) => Compare(
        exact, degree, temperature: 2, Objective,
        Sparse(low: 3, coin: 0.625, isHybrid: false, (p, full) => SparseMixer2Router.Gate(p, full, isCorrected: true)));

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void The_corrected_second_version_is_exact_for_linear_losses(int degree, bool exact) => Compare(
        exact, degree, temperature: 2, Objective,
        Sparse(low: 3, coin: 0.625, isHybrid: true, (p, full) => SparseMixer2Router.Gate(p, full, isCorrected: true)));

    /// <summary>G0, the part of the choice: the part of the weight is missing.</summary>
    [Theory]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public void The_second_version_as_used_is_the_choice_alone_for_cubic_losses(int degree, bool exact) => Compare(
        exact, degree, temperature: 1, (p, e, g) => Sum(i => p[i] * g(p[i] * e[i]).detach()),
        Sparse(low: 3, coin: 0.25, isHybrid: false, (p, full) => SparseMixer2Router.Gate(p, full, isCorrected: false)));

    [Theory]
    [InlineData("reinmax", 2, true)]
    [InlineData("reinmax", 3, false)]
    [InlineData("st", 1, true)]
    [InlineData("st", 2, false)]
    public void A_sampled_expert_has_the_gradient_of_its_estimator(string name, int degree, bool exact)
    {
        var estimator = ((SampledRouter)Routers.Get(name).Default).Estimator;
        Compare(
            exact, degree, temperature: 1, (p, e, g) => Sum(i => p[i] * g(e[i])),
            (scores, p) =>
            {
                var hard = eye(Count, dtype: ScalarType.Float64);
                return (new(hard > 0, estimator.Attach(scores.expand(Count, Count), hard), p.expand(Count, Count), IsDense: true), p);
            });
    }

    [Fact]
    public void The_weights_of_reinmax_have_the_gradient_of_its_formula()
    {
        using var scope = NewDisposeScope();
        var scores = Conformance.Logits([50, Count]).requires_grad_(true);
        var s = Conformance.Logits([50, Count], seed: 8);

        var routing = Routers.Get("reinmax").Default.Route(scores, generator: Conformance.Seeded());
        (routing.Weights * s).sum().backward();

        var (w, d) = (scores.detach().softmax(-1), routing.Weights.detach());
        var ordinary = w * (s - (w * s).sum(-1, keepdim: true));
        Near((ordinary + ((s * (d - w)).sum(-1, keepdim: true) * (d - w))) / 2, scores.grad!, 1e-12);
    }

    /// <summary>Straight-through for the dense mixture: exact for a linear loss, whatever k.</summary>
    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void Dense_straight_through_is_exact_for_linear_losses_of_the_dense_mixture(int degree, bool exact) => Compare(
        exact, degree, temperature: 1, (p, e, g) => g((p.unsqueeze(-1) * e).sum([0])),
        (scores, _) => (new DenseStraightThroughRouter(1).Route(scores.unsqueeze(0)), ones(1, ScalarType.Float64)));

    [Fact]
    public void The_dense_mixture_is_exact_for_any_loss() => Compare(
        exact: true, degree: 4, temperature: 1, (p, e, g) => g((p.unsqueeze(-1) * e).sum([0])),
        (scores, _) => (new DenseRouter().Route(scores.unsqueeze(0)), ones(1, ScalarType.Float64)));

    [Fact]
    public void Normalised_dense_straight_through_divides_by_the_kept_weights_and_by_a_constant_elsewhere()
    {
        using var scope = NewDisposeScope();
        var scores = Conformance.Logits([9, 5]).requires_grad_(true);
        var s = Conformance.Logits([9, 5], seed: 8);
        (new DenseStraightThroughRouter(2, IsNormalized: true).Route(scores).Weights * s).sum().backward();
        var found = scores.grad!.clone();
        scores.grad = null;

        var p = scores.softmax(-1);
        var kept = zeros_like(p).scatter(1, p.topk(2).indexes, ones(9, 2, ScalarType.Float64));
        var r = (kept * p).sum(-1, keepdim: true);
        (((kept * p / r) + ((1 - kept) * p / r.detach())) * s).sum().backward();
        Near(scores.grad!, found, 1e-12);
    }

    [Fact]
    public void The_order_that_a_router_declares_is_the_one_above()
    {
        Assert.Equal((1, 2), (new SparseMixerRouter().Order, new SparseMixerRouter(IsHybrid: false).Order));
        Assert.Equal((0, 0), (new SparseMixer2Router(1).Order, new SparseMixer2Router(1, IsHybrid: false).Order));
        Assert.Equal(
            (1, 3), (new SparseMixer2Router(1, IsCorrected: true).Order, new SparseMixer2Router(1, 1, true, IsHybrid: false).Order));
        Assert.Equal((2, 1), (Routers.Get("reinmax").Default.Order, Routers.Get("st").Default.Order));
        Assert.Equal((1, 0), (new DenseStraightThroughRouter().Order, new DenseStraightThroughRouter(2, IsNormalized: true).Order));
        Assert.Equal(GradientEstimator.Unbiased, new DenseRouter().Order);
    }

    private delegate (DiscreteGradients.Routing Routing, Tensor Probabilities) Decision(Tensor scores, Tensor p);

    /// <summary>Every pick with and without heads, twice as many tokens as experts.</summary>
    private static Decision Sparse(int low, double coin, bool isHybrid, Func<Tensor, Tensor, Tensor> gate) => (scores, p) =>
    {
        Assert.True(low is 2 or 3);
        var pick = eye(Count, dtype: ScalarType.Float64).repeat(2, 1);
        var heads = arange(2 * Count).lt(Count).unsqueeze(-1);
        var isBest = (pick.argmax(-1) == p.argmax()).unsqueeze(-1);
        var all = p.expand(2 * Count, Count);
        var chances = p.repeat(2) * where(heads.squeeze(-1), coin, 1 - coin);
        return (new(pick > 0, gate(all, heads | (isBest & isHybrid)), all), chances);
    };

    /// <summary>Σ pᵢ g(pᵢ Eᵢ).</summary>
    private static Tensor Objective(Tensor p, Tensor e, Func<Tensor, Tensor> g) => Sum(i => p[i] * g(p[i] * e[i]));

    private static Tensor Sum(Func<int, Tensor> term) => Enumerable.Range(0, Count).Select(term).Aggregate((a, b) => a + b);

    private static Tensor Slope(Func<Tensor, Tensor> g, Tensor at)
    {
        var leaf = at.detach().requires_grad_(true);
        g(leaf).backward();
        return leaf.grad!;
    }

    private static void Compare(
        bool exact, int degree, double temperature, Func<Tensor, Tensor, Func<Tensor, Tensor>, Tensor> objective, Decision decide)
    {
        using var scope = NewDisposeScope();
        var experts = TokenLoop.Experts(Count, Width, Width);
        var x = Conformance.Logits([1, Width], seed: 3);
        var form = Conformance.Logits([Width], seed: 4);
        Tensor G(Tensor y) => Enumerable.Range(1, degree).Select(n => (y * form).sum([-1]).pow(n) * (n + 1)).Aggregate((a, b) => a + b);

        var exactScores = tensor([0.5, -0.2, 0.1]).requires_grad_(true);
        var values = cat([.. experts.Select(expert => expert.call(x))]).detach();
        objective((exactScores / temperature).softmax(-1), values, G).backward();

        var scores = tensor([0.5, -0.2, 0.1]).requires_grad_(true);
        var (routing, chances) = decide(scores, (scores / temperature).softmax(-1));
        using var layer = new MixtureOfExperts(experts, new Decided(routing), Width);
        var rows = routing.Chosen.shape[0];
        var y = layer.Mix(x.expand(rows, Width), zeros(rows, Count, dtype: ScalarType.Float64));
        (chances.detach() * G(y)).sum().backward();

        var error = (scores.grad! - exactScores.grad!).abs().max().item<double>();
        Assert.True(exact ? error < 1e-12 : error > 1e-3, $"{error}");
    }

    private static void Near(Tensor expected, Tensor found, double bound) =>
        Assert.InRange((expected - found).abs().max().item<double>(), 0, bound);

    /// <summary>A router of a user, who has decided already.</summary>
    private sealed record Decided(DiscreteGradients.Routing Routing) : Router
    {
        public override int Order => 0;

        public override double ForwardExperts(long experts) => 1;

        public override double BackwardExperts(long experts) => 1;

        protected override DiscreteGradients.Routing Choose(Tensor scores, Tensor? bias, Noise? noise) => Routing;
    }
}
