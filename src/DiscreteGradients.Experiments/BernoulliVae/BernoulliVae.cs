using System.Diagnostics;

namespace DiscreteGradients.Experiments;

/// <summary>
/// 784–200–200–L and its mirror image, LeakyReLU with slope 0.3. A latent is one-hot [.., 2], and its bit is the second entry.
/// </summary>
/// <remarks>
/// References: Shi et al. 2022, arXiv 2202.09497, section 6; the script released with Liu et al. 2023, arXiv 2304.08612 (repository
/// LiyuanLucasLiu/ReinMax, commit 2367056), whose peculiarities are those of <see cref="BernoulliProtocol.Released"/>.
/// </remarks>
internal sealed class BernoulliVaeModel : nn.Module
{
    private const int Hidden = 200;
    private const double Slope = 0.3;

    private readonly DenseStack _encoder;
    private readonly DenseStack _decoder;
    private readonly TorchSharp.Modules.Parameter? _prior;
    private readonly int _latents;

    internal BernoulliVaeModel(int latents, BernoulliProtocol protocol, Generator generator)
        : base(nameof(BernoulliVaeModel))
    {
        _latents = latents;
        _encoder = new DenseStack([ImageData.Pixels, Hidden, Hidden, latents], Slope, generator);
        _decoder = new DenseStack([latents, Hidden, Hidden, ImageData.Pixels], Slope, generator);
        register_module("encoder", _encoder);
        register_module("decoder", _decoder);
        if (protocol == BernoulliProtocol.Released)
        {
            _prior = nn.Parameter(zeros(latents));
            register_parameter("prior", _prior);
        }
    }

    /// <summary>The posterior's logits [B, L, 2] for images [B, 784].</summary>
    internal Tensor Encode(Tensor images)
    {
        var logits = _encoder.forward(images);
        return _prior is null ? OneHot.FromBernoulli(logits) : stack([1 - logits, logits], -1);  // the bit's logit is 2 a − 1 there
    }

    /// <summary>Logits of the pixels [.., 784] for one-hot latents [.., L, 2]; the picture is their sigmoid.</summary>
    internal Tensor Decode(Tensor z) => _decoder.forward(z.select(-1, 1));

    /// <summary>Logits [L, 2] of the prior.</summary>
    internal Tensor Prior() => OneHot.FromBernoulli(_prior ?? zeros(_latents));

    /// <summary>−log p(image | z) [S.., B]; images [B, 784], z [S.., B, L, 2].</summary>
    internal Tensor Reconstruction(Tensor z, Tensor images) => FusedCrossEntropy.Apply(Decode(z), images);

    /// <summary>−log p(image, z) + log q(z | image) [S.., B], whose mean over z ~ q is the negative ELBO; logits are constant.</summary>
    internal Tensor SampledBound(Tensor z, Tensor logits, Tensor images) =>
        Reconstruction(z, images) + (z * (logits.detach().log_softmax(-1) + Math.Log(2))).sum([-2, -1]);

    /// <summary>
    /// The divergence term of the released script [B]. The prior's probabilities p are laid out (p₁ … p_L, 1 − p₁ … 1 − p_L) there and q's
    /// (q₁, 1 − q₁, q₂, …), so that unequal latents meet.
    /// </summary>
    internal Tensor ReleasedDivergence(Tensor logits)
    {
        var q = logits.flip(-1).softmax(-1).flatten(-2);
        var p = _prior!.sigmoid();
        return (q * ((q + 1e-10).log() - (cat([p, 1 - p], 0) + 1e-10).log())).sum(-1);
    }
}

/// <summary>The autoencoder in training, on binarised pixels.</summary>
internal sealed class BernoulliVaeTraining : TrainingRun
{
    internal const string Variance = "gradient_variance";
    internal const string Norm = "gradient_norm";

    /// <summary>Pictures decoded at once in measurements.</summary>
    private const int Rows = 5_000;

    private readonly BernoulliVaeOptions _options;
    private readonly Device _device;
    private readonly long _seed;
    private readonly GreyImages _train;
    private readonly GreyImages _test;
    private readonly BernoulliVaeModel _model;
    private readonly EstimatorInTraining _estimator;
    private readonly Adam _optimizer;
    private readonly AutoencoderStreams _streams;

    internal BernoulliVaeTraining(BernoulliVaeOptions options, ImageData data, GradientEstimator estimator, long seed)
    {
        (_options, _device, _seed) = (options, Devices.Get(options.Device), seed);
        (_train, _test) = (new GreyImages(data.Train), new GreyImages(data.Test));
        _streams = new AutoencoderStreams(seed, _device);
        using (var weights = _streams.Weights())
        {
            _model = new BernoulliVaeModel(options.Latents, options.Protocol, weights);
            _model.to(_device);
            _estimator = new EstimatorInTraining(estimator, options.Latents, categories: 2, weights);
        }

        _optimizer = new Adam(_model.parameters(), options.Lr!.Value, rectified: options.Optimizer == VaeOptimizer.Radam);
        Keep("model", _model);
        Keep(_optimizer);
        Keep(_estimator);
        _streams.Keep(Keep);
    }

    private bool IsReleased => _options.Protocol == BernoulliProtocol.Released;

    /// <summary>The name of the bound from so many samples.</summary>
    internal static string Bound(BernoulliVaeOptions options) => $"bound_{options.BoundSamples}";

    protected override EpochMetrics Train(int epoch, Action<double>? stepDone, CancellationToken cancellation)
    {
        var batches = Minibatches.Shuffled(_train.Count, _options.Batch, _streams.Order);
        var numbers = new Dictionary<string, double>();
        if (_options.VarianceEvery > 0 && (epoch == 1 || epoch % _options.VarianceEvery == 0))
            MeasureVariance(epoch, batches[0], numbers, cancellation);

        var total = 0.0;
        var watch = Stopwatch.StartNew();
        foreach (var (step, batch) in batches.Index())
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var images = Binarised(_train, batch, purpose: 0, _streams.Order);

            _model.zero_grad();
            var losses = Loss(_estimator.Estimator, Encode(images), images, _streams.Noise);
            losses.mean().backward();
            _optimizer.Step();
            _estimator.Step();

            total += Finite(losses.sum().item<float>());
            stepDone?.Invoke((step + 1.0) / batches.Count);
        }

        var seconds = watch.Elapsed.TotalSeconds;
        numbers[Metrics.TrainLoss] = total / _train.Count;
        numbers[Metrics.TestLoss] = Test(epoch, numbers, cancellation);
        return new EpochMetrics(epoch, seconds, numbers) { Steps = batches.Count, Pictures = Pictures(epoch) };
    }

    /// <summary>
    /// The negative ELBO of each image [B], with the estimator's gradient. A pathwise estimator takes the mean of independent samples, so
    /// that all evaluate f equally often; where no gradient is recorded, one is enough.
    /// </summary>
    private Tensor Loss(GradientEstimator estimator, Tensor logits, Tensor images, Generator noise)
    {
        Tensor F(Tensor z) => IsReleased ? _model.Reconstruction(z, images) : _model.SampledBound(z, logits, images);
        var loss = estimator is PathwiseEstimator && _options.Evaluations > 1
            ? estimator.Estimate(logits.expand([_options.Evaluations, .. logits.shape]), F, noise).mean([0])
            : estimator.Estimate(logits, F, noise);
        return IsReleased ? loss + _model.ReleasedDivergence(logits) : loss;
    }

    /// <summary>The negative ELBO of the test images, with one sample each; adds the bound and what their posteriors look like.</summary>
    private double Test(int epoch, Dictionary<string, double> numbers, CancellationToken cancellation)
    {
        using var _ = no_grad();
        var withBound = !IsReleased && (epoch == _options.Epochs || (_options.BoundEvery > 0 && epoch % _options.BoundEvery == 0));
        var usage = new CodeUsage(_options.Latents, categories: 2);
        var (total, bound) = (0.0, 0.0);
        foreach (var batch in Minibatches.InOrder(_test.Count))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var images = Binarised(_test, batch, purpose: 1, _streams.TestNoise);
            var logits = Encode(images);
            var z = OneHot.Sample(logits, generator: _streams.TestNoise);
            var losses = IsReleased
                ? _model.Reconstruction(z, images) + _model.ReleasedDivergence(logits)
                : _model.SampledBound(z, logits, images);
            total += losses.sum().item<float>();
            usage.Add(logits);
            if (withBound)
                bound += ManySampleBound(logits, images) / _test.Count;
        }

        if (withBound)
            numbers.Add(Bound(_options), bound);
        usage.AddTo(numbers);
        return total / _test.Count;
    }

    /// <summary>−log 1/S Σ p(image, z) / q(z | image), z ~ q, summed over images: Burda et al. 2016, arXiv 1509.00519, eq. 8.</summary>
    private double ManySampleBound(Tensor logits, Tensor images)
    {
        var atOnce = (int)Math.Max(1, Rows / images.shape[0]);
        var weights = new List<Tensor>();
        for (var done = 0; done < _options.BoundSamples; done += atOnce)
        {
            var z = OneHot.Sample(logits, Math.Min(atOnce, _options.BoundSamples - done), generator: _streams.TestNoise);
            weights.Add(-_model.SampledBound(z, logits, images));
        }

        return (Math.Log(_options.BoundSamples) - cat(weights, 0).logsumexp(0)).sum().item<float>();
    }

    /// <summary>The variance of the gradient for the first images of the epoch; does not disturb the training.</summary>
    private void MeasureVariance(int epoch, long[] batch, Dictionary<string, double> numbers, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var generator = _streams.Measuring(epoch);
        using var copy = _estimator.Copy(_options.Latents, categories: 2);
        var images = Binarised(_train, batch, purpose: 0, generator);
        Tensor logits;
        using (no_grad())
            logits = _model.Encode(images);
        (numbers[Variance], numbers[Norm]) = GradientVariance.Measure(
            logits, copies => Loss(copy.Estimator, copies, images, generator), _options.VarianceDraws,
            Math.Max(1, Rows / batch.Length / _options.Evaluations), cancellation);
    }

    /// <summary>A pixel is 1 with the probability of its grey value; drawn anew at every epoch, or once for all if released.</summary>
    private Tensor Binarised(GreyImages images, long[] batch, int purpose, Generator generator) =>
        images.TakeBinary(batch, IsReleased ? Noise.Seeded(_seed, purpose) : Noise.Draw(generator)).to(_device);

    private Picture[] Pictures(int epoch) =>
        _options.PictureEvery > 0 && (epoch == _options.Epochs || epoch % _options.PictureEvery == 0)
            ?
            [
                PictureGrid.Reconstructions(_test, _device, _model.Encode, _model.Decode),
                PictureGrid.Samples(_model.Prior, _device, _model.Decode),
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
