using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.Pathwise.ExpectedGradients;

namespace DiscreteGradients.Tests.Pathwise;

public class ReinMaxTests
{
    [Theory]
    [MemberData(nameof(Objectives), MemberType = typeof(ExpectedGradients))]
    public void Expected_ReinMax_is_the_second_order_gradient(string name)
    {
        using var scope = NewDisposeScope();
        var (logits, p) = Row();

        var expected = Trapezoid(Objective(name), p, atI: 0.5, atJ: 0.5, baseline: p);

        Close(expected, Expectation(new ReinMax(), logits, Objective(name)));
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

    [Theory]
    [InlineData(Form.Automatic)]
    [InlineData(Form.Readable)]
    public void ReinMax_of_a_sample_far_below_the_others_is_the_closed_form_at_probability_zero(Form form)
    {
        // ½ [J(p) v + ⟨v, z − p⟩ (z − p)] with p_z = 0.
        using var scope = NewDisposeScope();
        foreach (var (dtype, bound) in new[] { (ScalarType.Float32, 2e-6), (ScalarType.Float64, 1e-14) })
        {
            foreach (var gap in new[] { 1e3, 1e6, 1e9, 1e30 })
            {
                var logits = Conformance.Logits([50, 4]).to_type(dtype);
                logits[TensorIndex.Colon, 2] = -gap;
                var hard = OneHot.FromIndex(full([50], 2, ScalarType.Int64), 4, dtype);
                var v = Conformance.Logits([50, 4], seed: 4).to_type(dtype);
                logits.requires_grad_();
                var attached = new ReinMax { Form = form }.Attach(logits, hard);
                var got = Double(autograd.grad([(attached * v).sum()], [logits])[0]);

                static Tensor Double(Tensor tensor) => tensor.to_type(ScalarType.Float64);
                var (p, z, u) = (Double(logits.detach()).softmax(-1), Double(hard), Double(v));
                var mean = (p * u).sum([-1], keepdim: true);
                var expected = ((p * (u - mean)) + (((u * z).sum([-1], keepdim: true) - mean) * (z - p))) / 2;
                var error = (got - expected).abs().max().item<double>();
                Assert.True(error < bound, $"{dtype}, {gap}: {error}");
            }
        }
    }
}
