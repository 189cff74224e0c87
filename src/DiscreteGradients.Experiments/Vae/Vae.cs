using System.Diagnostics;

namespace DiscreteGradients.Experiments;

/// <summary>784–512–256–(L·K) and its mirror image, with latents z [.., L, K] between them.</summary>
/// <remarks>
/// The two terms of the negative ELBO are here and their sum is the loss: <see cref="Reconstruction"/>, whose expectation over the latents
/// an estimator differentiates, and <see cref="Divergence"/>, which is differentiated as it stands. Letters: B images, S sample axes.
/// Reference: Liu et al. 2023, arXiv 2304.08612, table 2.
/// </remarks>
internal sealed class VaeModel : nn.Module
{
    private readonly DenseStack _encoder;
    private readonly DenseStack _decoder;
    private readonly int _latents;
    private readonly int _categories;

    /// <param name="slope">Slope of the activation below zero: 0 for ReLU.</param>
    internal VaeModel(int latents, int categories, double slope, Generator generator)
        : base(nameof(VaeModel))
    {
        (_latents, _categories) = (latents, categories);
        _encoder = new DenseStack([ImageData.Pixels, 512, 256, latents * categories], slope, generator);
        _decoder = new DenseStack([latents * categories, 256, 512, ImageData.Pixels], slope, generator);
        register_module("encoder", _encoder);
        register_module("decoder", _decoder);
    }

    /// <summary>The posterior's logits [B, L, K] for images [B, 784].</summary>
    internal Tensor Encode(Tensor images) => _encoder.forward(images).view(-1, _latents, _categories);

    /// <summary>Logits of the pixels [.., 784] for one-hot latents [.., L, K]; the picture is their sigmoid.</summary>
    internal Tensor Decode(Tensor z) => _decoder.forward(z.flatten(-2));

    /// <summary>
    /// −log p(image | z) [S.., B]: the binary cross-entropy of sigmoid(Decode(z)) summed over pixels. Images [B, 784], z [S.., B, L, K].
    /// </summary>
    internal Tensor Reconstruction(Tensor z, Tensor images)
    {
        if (z.dim() > 3 && z.stride((int)z.dim() - 3) == 0)
        {
            // Enumeration gives every image the same states: decode each once.
            var shared = Decode(z.select(-3, 0));
            return shared.softplus(1, 20).sum([-1], keepdim: true) - shared.matmul(images.t());
        }

        return FusedCrossEntropy.Apply(Decode(z), images);
    }

    /// <summary>
    /// KL(q ‖ uniform) [B] of the posterior's logits [B, L, K]. The 1e-10 that the released script adds inside the logarithm changes it by
    /// less than rounding does.
    /// </summary>
    internal static Tensor Divergence(Tensor logits) => Distribution.DivergenceFromUniform(logits).sum(-1);
}

/// <summary>The autoencoder in training.</summary>
internal sealed class VaeTraining : TrainingRun
{
    private readonly VaeOptions _options;
    private readonly IReadOnlyList<Method> _measured;
    private readonly Device _device;
    private readonly GreyImages _train;
    private readonly GreyImages _test;
    private readonly VaeModel _model;
    private readonly EstimatorInTraining _estimator;
    private readonly Adam _optimizer;
    private readonly AutoencoderStreams _streams;

    internal VaeTraining(VaeOptions options, ImageData data, GradientEstimator estimator, long seed, IReadOnlyList<Method> measured)
    {
        (_options, _measured, _device) = (options, measured, Devices.Get(options.Device));
        (_train, _test) = (new GreyImages(data.Train), new GreyImages(data.Test));
        _streams = new AutoencoderStreams(seed, _device);
        using (var weights = _streams.Weights())
        {
            _model = new VaeModel(options.Latents, options.Categories, options.Activation == VaeActivation.Relu ? 0 : 0.01, weights);
            _model.to(_device);
            _estimator = new EstimatorInTraining(estimator, options.Latents, options.Categories, weights);
        }

        _optimizer = new Adam(_model.parameters(), options.Lr!.Value, rectified: options.Optimizer == VaeOptimizer.Radam);
        Keep("model", _model);
        Keep(_optimizer);
        Keep(_estimator);
        _streams.Keep(Keep);
    }

    protected override EpochMetrics Train(int epoch, Action<double>? stepDone, CancellationToken cancellation)
    {
        var batches = Minibatches.Shuffled(_train.Count, _options.Batch, _streams.Order);
        var numbers = new Dictionary<string, double>();
        if (_options.QualityEvery > 0 && (epoch == 1 || epoch % _options.QualityEvery == 0))
            MeasureGradients(epoch, batches[0], numbers, cancellation);

        var total = 0.0;
        var watch = Stopwatch.StartNew();
        foreach (var (step, batch) in batches.Index())
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var images = _train.Take(batch).to(_device);

            _model.zero_grad();
            var logits = Encode(images);
            var losses = _estimator.Estimator.Estimate(logits, z => _model.Reconstruction(z, images), _streams.Noise)
                + VaeModel.Divergence(logits);
            losses.mean().backward();
            _optimizer.Step();
            _estimator.Step();

            total += Finite(losses.sum().item<float>());
            stepDone?.Invoke((step + 1.0) / batches.Count);
        }

        var seconds = watch.Elapsed.TotalSeconds;
        numbers[Metrics.TrainLoss] = total / _train.Count;
        numbers[Metrics.TestLoss] = Test(numbers, cancellation);
        return new EpochMetrics(epoch, seconds, numbers) { Steps = batches.Count, Pictures = Pictures(epoch) };
    }

    /// <summary>The negative ELBO of the test images, with one sample each; adds what their posteriors look like.</summary>
    private double Test(Dictionary<string, double> numbers, CancellationToken cancellation)
    {
        using var _ = no_grad();
        var usage = new CodeUsage(_options.Latents, _options.Categories);
        var total = 0.0;
        foreach (var batch in Minibatches.InOrder(_test.Count))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var images = _test.Take(batch).to(_device);
            var logits = Encode(images);
            var z = OneHot.Sample(logits, generator: _streams.TestNoise);
            total += (_model.Reconstruction(z, images) + VaeModel.Divergence(logits)).sum().item<float>();
            usage.Add(logits);
        }

        usage.AddTo(numbers);
        return total / _test.Count;
    }

    /// <summary>The gradients' errors for the first images of the epoch, method by method; does not disturb the training.</summary>
    private void MeasureGradients(int epoch, long[] batch, Dictionary<string, double> numbers, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var images = _train.Take(batch.AsSpan(0, Math.Min(_options.QualityImages, batch.Length))).to(_device);
        LatentGradients.Measure(_model, images, _measured, _options.QualityDraws, () => _streams.Measuring(epoch), numbers, cancellation);
    }

    private Picture[] Pictures(int epoch) =>
        _options.PictureEvery > 0 && (epoch == _options.Epochs || epoch % _options.PictureEvery == 0)
            ? [
                PictureGrid.Reconstructions(_test, _device, _model.Encode, _model.Decode),
                PictureGrid.Samples(() => zeros(_options.Latents, _options.Categories), _device, _model.Decode),
            ]
            : [];

    private Tensor Encode(Tensor images)
    {
        var logits = _model.Encode(images);
        Finite(logits.sum().item<float>());  // before they are sampled from
        return logits;
    }

    public override void Dispose()
    {
        _estimator.Dispose();
        _optimizer.Dispose();
        _model.Dispose();
        _streams.Dispose();
    }
}
