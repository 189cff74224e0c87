using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments.Tests.Vae;

public sealed class VaeModelTests : IDisposable
{
    private readonly Generator _generator = new(7);

    public VaeModelTests() => set_num_threads(1);

    public void Dispose() => _generator.Dispose();

    [Fact]
    public void Divergence_of_the_uniform_posterior_is_zero()
    {
        using var scope = NewDisposeScope();
        var model = Model(latents: 4, categories: 8);

        var divergence = VaeModel.Divergence(full([3, 4, 8], 1.7f));

        Assert.Equal([3], divergence.shape);
        Assert.All(divergence.data<float>().ToArray(), value => Assert.Equal(0, value, 5));
    }

    [Fact]
    public void Divergence_of_a_certain_posterior_is_the_logarithm_of_the_number_of_states()
    {
        using var scope = NewDisposeScope();
        var model = Model(latents: 4, categories: 8);

        var divergence = VaeModel.Divergence(OneHot.FromIndex(zeros([2, 4], ScalarType.Int64), 8) * 1000);

        Assert.All(divergence.data<float>().ToArray(), value => Assert.Equal(4 * Math.Log(8), value, 5));
    }

    [Fact]
    public void Divergence_and_its_gradient_have_the_closed_form()
    {
        using var scope = NewDisposeScope();
        var model = Model(latents: 3, categories: 5);
        var logits = randn([2, 3, 5], ScalarType.Float64, generator: _generator).requires_grad_();

        var divergence = VaeModel.Divergence(logits);
        divergence.sum().backward();

        // KL = Σ q (θ − log Z) + L log K;  dKL/dθ = q ((θ − log Z) − Σ q (θ − log Z))
        var logq = logits.detach().log_softmax(-1);
        var negativeEntropy = (logq.exp() * logq).sum(-1, keepdim: true);
        AssertClose(negativeEntropy.sum([-2, -1]) + 3 * Math.Log(5), divergence.detach(), 1e-8);
        AssertClose(logq.exp() * (logq - negativeEntropy), logits.grad!, 1e-8);
    }

    [Fact]
    public void Reconstruction_is_the_binary_cross_entropy_of_the_sigmoid_summed_over_pixels()
    {
        using var scope = NewDisposeScope();
        var model = Model(latents: 2, categories: 3);
        var images = rand([5, 784], generator: _generator);
        var z = OneHot.Sample(zeros([5, 2, 3]), generator: _generator);

        var reconstruction = model.Reconstruction(z, images);

        var p = model.Decode(z).to_type(ScalarType.Float64).sigmoid();
        var naive = -(images * p.log() + (1 - images) * (1 - p).log()).sum([-1]);
        Assert.Equal([5], reconstruction.shape);
        AssertClose(naive, reconstruction.to_type(ScalarType.Float64), 1e-3);
    }

    [Fact]
    public void States_that_all_images_share_are_decoded_once_and_give_the_same_values_and_gradients()
    {
        using var scope = NewDisposeScope();
        var model = Model(latents: 2, categories: 3);
        var images = rand([5, 784], generator: _generator);
        var states = OneHot.States(2, 3).unsqueeze(1).expand(9, 5, 2, 3);

        var shared = model.Reconstruction(states, images);
        shared.sum().backward();
        var sharedGradients = model.parameters().Select(parameter => parameter.grad?.clone()).ToList();
        model.zero_grad();
        var each = model.Reconstruction(states.contiguous(), images);
        each.sum().backward();

        AssertClose(each, shared, 1e-3);
        foreach (var (parameter, gradient) in model.parameters().Zip(sharedGradients).Skip(6))  // the decoder's
            AssertClose(parameter.grad!, gradient!, 1e-2);
    }

    [Fact]
    public void Weights_are_initialised_as_in_pytorch_from_the_generator_alone()
    {
        using var scope = NewDisposeScope();
        var first = Model(latents: 4, categories: 8, seed: 3);
        _ = rand(1);
        var second = Model(latents: 4, categories: 8, seed: 3);

        var parameters = first.named_parameters().ToList();

        Assert.Equal(
            ["encoder.0", "encoder.2", "encoder.4", "decoder.0", "decoder.2", "decoder.4"],
            parameters.Where(p => p.name.EndsWith(".weight", StringComparison.Ordinal)).Select(p => p.name[..^7]));
        Assert.Equal([[512, 784], [256, 512], [32, 256], [256, 32], [512, 256], [784, 512]],
            parameters.Where(p => p.parameter.dim() == 2).Select(p => p.parameter.shape));
        foreach (var (name, parameter) in parameters)
        {
            var bound = 1 / Math.Sqrt(first.get_parameter(name[..^(name.Length - name.LastIndexOf('.'))] + ".weight")!.shape[1]);
            Assert.InRange(parameter.abs().max().item<float>(), 0.9 * bound, bound);
        }

        Assert.All(parameters.Zip(second.parameters()), pair => Assert.True(pair.First.parameter.Equals(pair.Second)));
    }

    private static VaeModel Model(int latents, int categories, ulong seed = 1)
    {
        using var generator = new Generator(seed);
        return new VaeModel(latents, categories, slope: 0, generator);
    }

    private static void AssertClose(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected - actual).abs().max().to_type(ScalarType.Float64).item<double>(), 0, tolerance);
    }
}
