using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.Pathwise;

public class GumbelRaoTests
{
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

    private static double ZScore(Tensor a, Tensor b)
    {
        var spread = ((a.var([0]) / a.shape[0]) + (b.var([0]) / b.shape[0])).sqrt();
        return ((a.mean([0]) - b.mean([0])).abs() / spread).max().item<double>();
    }
}
