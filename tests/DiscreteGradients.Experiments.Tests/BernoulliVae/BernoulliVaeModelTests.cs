namespace DiscreteGradients.Experiments.Tests.BernoulliVae;

public sealed class BernoulliVaeModelTests : IDisposable
{
    private const int Latents = 6;

    private readonly Generator _generator = new(7);

    public BernoulliVaeModelTests() => set_num_threads(1);

    public void Dispose() => _generator.Dispose();

    [Fact]
    public void The_sampled_bound_has_the_mean_of_reconstruction_and_divergence()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var model = Model(BernoulliProtocol.Rodeo);
        var images = (rand([3, 784], generator: _generator) < 0.3).to_type(ScalarType.Float32);
        var logits = model.Encode(images) * 5;
        var states = OneHot.States(Latents, 2).unsqueeze(1).expand(-1, 3, -1, -1);

        var q = Distribution.LogProbability(logits, states).sum(-1).exp();
        var bound = (q * model.SampledBound(states, logits, images)).sum([0]);

        var p = logits.select(-1, 1).sigmoid();
        var divergence = (p * p.log() + (1 - p) * (1 - p).log() + Math.Log(2)).sum(-1);
        var reconstruction = (q * model.Reconstruction(states, images)).sum([0]);
        Assert.InRange((bound - reconstruction - divergence).abs().max().item<float>(), 0, 2e-3);
        Assert.True(divergence.min().item<float>() > 0.01);
    }

    [Fact]
    public void A_bit_is_1_with_the_probability_of_the_encoders_output_and_doubled_where_released()
    {
        using var scope = NewDisposeScope();
        using var rodeo = Model(BernoulliProtocol.Rodeo);
        using var released = Model(BernoulliProtocol.Released);
        var images = rand([3, 784], generator: _generator);

        var (mine, its) = (rodeo.Encode(images).softmax(-1).select(-1, 1), released.Encode(images).softmax(-1).select(-1, 1));

        var a = rodeo.Encode(images).select(-1, 1);  // the same weights
        Assert.InRange((a.sigmoid() - mine).abs().max().item<float>(), 0, 1e-6f);
        Assert.InRange(((2 * a - 1).sigmoid() - its).abs().max().item<float>(), 0, 1e-6f);
    }

    [Fact]
    public void The_released_divergence_pairs_posterior_and_prior_as_the_script_lays_them_out()
    {
        using var scope = NewDisposeScope();
        using var model = Model(BernoulliProtocol.Released);
        var prior = linspace(-1, 2, Latents);
        using (no_grad())
            model.get_parameter("prior")!.copy_(prior);
        var logits = randn([2, Latents, 2], generator: _generator);

        var divergence = model.ReleasedDivergence(logits);

        var q = logits.softmax(-1).data<float>().ToArray();
        var p = prior.sigmoid().data<float>().ToArray();
        for (var image = 0; image < 2; image++)
        {
            var expected = 0.0;
            for (var place = 0; place < 2 * Latents; place++)
            {
                // posterior: (q₁, 1 − q₁, q₂, …), the bit's category being the second of the logits; prior: (p₁ … p_L, 1 − p₁ … 1 − p_L)
                var posterior = q[(image * Latents + place / 2) * 2 + (1 - place % 2)];
                var its = place < Latents ? p[place] : 1 - p[place - Latents];
                expected += posterior * (Math.Log(posterior + 1e-10) - Math.Log(its + 1e-10));
            }

            Assert.Equal(expected, divergence[image].item<float>(), 4);
        }
    }

    [Fact]
    public void Only_the_released_model_learns_its_prior()
    {
        using var rodeo = Model(BernoulliProtocol.Rodeo);
        using var released = Model(BernoulliProtocol.Released);

        Assert.Equal(["prior"], released.named_parameters().Select(p => p.name).Except(rodeo.named_parameters().Select(p => p.name)));
        Assert.Equal([[200, 784], [200, 200], [Latents, 200], [200, Latents], [200, 200], [784, 200]],
            rodeo.parameters().Where(p => p.dim() == 2).Select(p => p.shape));
    }

    private static BernoulliVaeModel Model(BernoulliProtocol protocol)
    {
        using var generator = new Generator(1);
        return new BernoulliVaeModel(Latents, protocol, generator);
    }
}
