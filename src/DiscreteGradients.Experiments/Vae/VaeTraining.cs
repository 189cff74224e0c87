using System.Diagnostics;
using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments;

/// <summary>A variational autoencoder in training. Images live in memory once, as bytes.</summary>
internal sealed class VaeTraining : TrainingRun
{
    private const int TestBatch = 500;

    /// <summary>Where no gradient is asked for, straight-through is nothing but one sample.</summary>
    private static readonly StraightThrough OneSample = new();

    private readonly VaeOptions _options;
    private readonly ImageData _data;
    private readonly GradientEstimator _estimator;
    private readonly long _seed;
    private readonly IReadOnlyList<NamedEstimator> _measured;
    private readonly GreyImages _train;
    private readonly GreyImages _test;
    private readonly VaeModel _model;
    private readonly FusedAdam _optimizer;
    private readonly Generator _order;
    private readonly Generator _noise;
    private readonly Generator _testNoise;

    internal VaeTraining(VaeOptions options, ImageData data, GradientEstimator estimator, long seed, IReadOnlyList<NamedEstimator> measured)
    {
        (_options, _data, _estimator, _seed, _measured) = (options, data, estimator, seed, measured);
        (_order, _noise, _testNoise) = (Stream(seed, 1), Stream(seed, 2), Stream(seed, 3));
        (_train, _test) = (new GreyImages(data.Train), new GreyImages(data.Test));
        using (var weights = Stream(seed, 0))
            _model = new VaeModel(options.Latents, options.Categories, options.Activation == VaeActivation.Relu ? 0 : 0.01, weights);
        _optimizer = new FusedAdam(_model.parameters(), options.Lr!.Value, rectified: options.Optimizer == VaeOptimizer.Radam);

        foreach (var (name, parameter) in _model.named_parameters())
            Keep($"model.{name}", parameter);
        Keep(_optimizer);
        Keep("order", _order);
        Keep("noise", _noise);
        Keep("test_noise", _testNoise);
    }

    private int Steps => (_data.TrainCount + _options.Batch - 1) / _options.Batch;

    public override void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
        _testNoise.Dispose();
        _noise.Dispose();
        _order.Dispose();
    }

    protected override EpochMetrics Train(int epoch, Action<double>? stepDone, CancellationToken cancellation)
    {
        using var shuffled = randperm(_data.TrainCount, ScalarType.Int64, generator: _order);
        var order = shuffled.data<long>().ToArray();
        var values = Quality(epoch, order, cancellation);
        var total = 0.0;
        var watch = Stopwatch.StartNew();
        for (var step = 1; step <= Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var first = (step - 1) * _options.Batch;
            var images = _train.Take(order.AsSpan(first, Math.Min(_options.Batch, order.Length - first)));

            _model.zero_grad();
            var losses = Loss(_estimator, _model.Encode(images), images, _noise);
            losses.mean().backward();
            _optimizer.Step();

            total += Finite(losses.sum().item<float>());
            stepDone?.Invoke((double)step / Steps);
        }

        var seconds = watch.Elapsed.TotalSeconds;
        return new EpochMetrics(epoch, total / _data.TrainCount, seconds)
        {
            TestLoss = TestLoss(values, cancellation),
            Steps = Steps,
            Values = values,
            Pictures = _options.PictureEvery > 0 && (epoch == _options.Epochs || epoch % _options.PictureEvery == 0)
                ? [PictureGrid.Reconstructions(_model, _test), PictureGrid.Samples(_model, _options.Latents, _options.Categories)]
                : [],
        };
    }

    /// <summary>
    /// Before the first step of an epoch that is measured: the gradients' errors for the first images of its first minibatch, with a
    /// generator of their own, so that training goes on as if nobody had looked.
    /// </summary>
    private Dictionary<string, double> Quality(int epoch, ReadOnlySpan<long> order, CancellationToken cancellation)
    {
        var values = new Dictionary<string, double>();
        if (_options.QualityEvery == 0 || (epoch != 1 && epoch % _options.QualityEvery != 0))
            return values;
        using var scope = NewDisposeScope();
        var images = _train.Take(order[..Math.Min(_options.QualityImages, _options.Batch)]);
        var seed = unchecked((ulong)_seed * 0x9E3779B97F4A7C15 + (ulong)epoch) | 1UL << 63;
        foreach (var (measured, errors) in _measured.Zip(LatentGradients.Measure(_model, images, _measured, _options.QualityDraws, seed, cancellation)))
        {
            values.Add($"cosine/{measured.Name}", errors.Cosine);
            values.Add($"bias/{measured.Name}", errors.Bias);
            values.Add($"bias_approx/{measured.Name}", errors.BiasOfMean);
            values.Add($"std/{measured.Name}", errors.Deviation);
        }

        return values;
    }

    /// <summary>The negative ELBO of each image [B]: an estimate of the reconstruction term, and the divergence.</summary>
    private Tensor Loss(GradientEstimator estimator, Tensor logits, Tensor images, Generator noise)
    {
        var divergence = VaeModel.Divergence(logits);
        Finite(divergence.sum().item<float>());  // before the logits are sampled from
        return estimator.Estimate(logits, z => _model.Reconstruction(z, images), noise) + divergence;
    }

    /// <summary>The negative ELBO of the test images, with one sample each; adds what their posteriors look like to the values.</summary>
    private double TestLoss(Dictionary<string, double> values, CancellationToken cancellation)
    {
        using var _ = no_grad();
        var usage = new CodeUsage(_options.Latents, _options.Categories);
        var total = 0.0;
        for (var first = 0; first < _data.TestCount; first += TestBatch)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var images = _test.Take(first, Math.Min(TestBatch, _data.TestCount - first));
            var logits = _model.Encode(images);
            total += Loss(OneSample, logits, images, _testNoise).sum().item<float>();
            usage.Add(logits);
        }

        foreach (var (name, value) in usage.Values())
            values.Add(name, value);
        return total / _data.TestCount;
    }

    private static double Finite(double loss) => double.IsFinite(loss)
        ? loss
        : throw new OptionException("Training diverged: the loss is not a finite number any more; lower --lr.");

    /// <summary>One generator for each purpose, so that none disturbs another.</summary>
    private static Generator Stream(long seed, ulong purpose) => new(unchecked((ulong)seed * 4 + purpose));
}
