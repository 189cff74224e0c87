using DiscreteGradients.Testing;
using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments.Tests.Vae;

public sealed class LatentGradientsTests : IDisposable
{
    private readonly Generator _generator = new(5);
    private readonly VaeModel _model;
    private readonly Tensor _images;

    public LatentGradientsTests()
    {
        set_num_threads(1);
        _model = new VaeModel(latents: 3, categories: 4, slope: 0, _generator);
        using (no_grad())
        {
            foreach (var parameter in _model.parameters())
                parameter.mul_(3);  // far from uniform and far from linear
        }

        _images = rand([7, 784], generator: _generator);
    }

    public void Dispose()
    {
        _images.Dispose();
        _model.Dispose();
        _generator.Dispose();
    }

    [Fact]
    public void The_exact_gradient_is_that_of_automatic_differentiation()
    {
        using var scope = NewDisposeScope();
        var logits = _model.Encode(_images).detach();

        var exact = LatentGradients.Exact(_model, logits, _images);

        var leaf = logits.to_type(ScalarType.Float64).requires_grad_();
        Tensor Loss(Tensor z) => _model.Reconstruction(z.to_type(ScalarType.Float32), _images).to_type(ScalarType.Float64);
        var value = new ExactEnumeration().Estimate(leaf, Loss).sum();
        var expected = autograd.grad([value], [leaf])[0];
        Assert.Equal([7, 3, 4], exact.shape);
        Assert.InRange((exact - expected).abs().max().item<double>() / expected.abs().max().item<double>(), 0, 1e-5);  // f is float32
    }

    [Theory]
    [InlineData("reinmax", 50)]
    [InlineData("gumbel-rao", 50)]
    [InlineData("rloo", 50)]
    [InlineData("reinmax", 600)]  // three chunks
    public void The_errors_are_those_of_a_plain_loop_over_the_same_draws(string name, int draws)
    {
        using var scope = NewDisposeScope();
        var estimator = Estimators.Get(name).Default;
        const int atOnce = 1600 / 7;

        // Another pathwise estimator goes first: what it computed is used again.
        var errors = LatentGradients.Measure(
            _model, _images, [new("st", new StraightThrough()), new(name, estimator)], draws,
            () => new Generator(9), TestContext.Current.CancellationToken)[1];

        var logits = _model.Encode(_images).detach();
        using var generator = new Generator(9);
        var gradients = new List<Tensor>();
        for (var done = 0; done < draws; done += atOnce)
        {
            var leaf = logits.expand([Math.Min(atOnce, draws - done), .. logits.shape]).clone().requires_grad_();
            var value = estimator.Estimate(leaf, z => _model.Reconstruction(z.contiguous(), _images), generator).sum();
            gradients.AddRange(autograd.grad([value], [leaf])[0].to_type(ScalarType.Float64).unbind(0));
        }

        var (mean, deviation) = (stack(gradients).mean([0]), stack(gradients).std(0));
        var exact = LatentGradients.Exact(_model, logits, _images);
        Assert.Equal(draws, gradients.Count);
        Assert.Equal((mean * exact).sum().item<double>() / Norm(mean) / Norm(exact), errors.Cosine, 1e-6);
        Assert.Equal(Norm(mean - exact) / Norm(exact), errors.Bias, 1e-6);
        Assert.Equal(Norm(mean - exact) / Norm(mean), errors.BiasOfMean, 1e-6);
        Assert.Equal(Norm(deviation) / Norm(mean), errors.Deviation, 1e-5);
    }

    [Fact]
    public void The_exact_estimator_has_no_error()
    {
        var errors = Assert.Single(LatentGradients.Measure(
            _model, _images, [new("exact", new ExactEnumeration())], draws: 8,
            () => new Generator(1), TestContext.Current.CancellationToken));

        Assert.Equal(1, errors.Cosine, 1e-9);
        Assert.InRange(errors.Bias, 0, 1e-5);
        Assert.Equal(0, errors.Deviation);
    }

    [Fact]
    public void Measuring_leaves_no_tensor_and_no_gradient_behind()
    {
        var before = LiveTensors.Count();

        LatentGradients.Measure(
            _model, _images, [new("st", new StraightThrough()), new("rloo", new Rloo())], draws: 300,
            () => new Generator(1), TestContext.Current.CancellationToken);

        Assert.Equal(before, LiveTensors.Count());
        Assert.All(_model.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void Training_goes_on_as_if_nobody_had_looked()
    {
        var options = new VaeOptions
        {
            Dataset = "made-digits",
            Images = 200,
            Categories = 3,
            Latents = 2,
            Epochs = 3,
            Batch = 100,
            QualityImages = 10,
            QualityDraws = 20,
        };

        var without = Run(options);
        var with = Run(options with { QualityEvery = 3, QualityEstimators = "exact, gumbel-rao" });

        Assert.Equal(without.Select(epoch => (epoch.TrainLoss, epoch.TestLoss)), with.Select(epoch => (epoch.TrainLoss, epoch.TestLoss)));
        Assert.DoesNotContain(without, epoch => epoch.Numbers.Keys.Any(name => name.StartsWith("cosine", StringComparison.Ordinal)));
        Assert.Equal([1, 3], with.Where(epoch => epoch.Numbers.ContainsKey("cosine/gumbel-rao")).Select(epoch => epoch.Epoch));
        Assert.All(with.Where(epoch => epoch.Epoch % 2 == 1), epoch =>
        {
            Assert.Equal(1, epoch.Numbers["cosine/exact"], 1e-6);
            Assert.InRange(epoch.Numbers["bias/gumbel-rao"], 1e-3, 100);
            Assert.InRange(epoch.Numbers["bias_approx/gumbel-rao"], 1e-3, 100);
            Assert.InRange(epoch.Numbers["std/gumbel-rao"], 1e-3, 100);
        });

        static List<EpochMetrics> Run(VaeOptions options) =>
            [.. new VaeExperiment(options).Run(new ReinMax(), seed: 2, cancellation: TestContext.Current.CancellationToken)];
    }

    private static double Norm(Tensor tensor) => tensor.square().sum().sqrt().item<double>();
}
