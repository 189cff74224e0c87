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
    private readonly Tensor _train;
    private readonly Tensor _test;
    private readonly VaeModel _model;
    private readonly FusedAdam _optimizer;
    private readonly Generator _order;
    private readonly Generator _noise;
    private readonly Generator _testNoise;

    internal VaeTraining(VaeOptions options, ImageData data, GradientEstimator estimator, long seed)
    {
        (_options, _data, _estimator) = (options, data, estimator);
        (_order, _noise, _testNoise) = (Stream(seed, 1), Stream(seed, 2), Stream(seed, 3));
        (_train, _test) = (Images(data.Train), Images(data.Test));
        using (var weights = Stream(seed, 0))
            _model = new VaeModel(options.Latents, options.Categories, Activation, weights);
        _optimizer = new FusedAdam(_model.parameters(), options.Lr, rectified: options.Optimizer == VaeOptimizer.Radam);

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
        _test.Dispose();
        _train.Dispose();
        _testNoise.Dispose();
        _noise.Dispose();
        _order.Dispose();
    }

    protected override EpochMetrics Train(int epoch, Action<double>? stepDone, CancellationToken cancellation)
    {
        var total = 0.0;
        var watch = Stopwatch.StartNew();
        using var shuffled = randperm(_data.TrainCount, ScalarType.Int64, generator: _order);
        for (var step = 1; step <= Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var first = (step - 1) * (long)_options.Batch;
            var images = Grey(_train.index_select(0, shuffled.narrow(0, first, Math.Min(_options.Batch, _data.TrainCount - first))));

            _model.zero_grad();
            var losses = Loss(_estimator, images, _noise);
            losses.mean().backward();
            _optimizer.Step();

            total += Finite(losses.sum().item<float>());
            stepDone?.Invoke((double)step / Steps);
        }

        var seconds = watch.Elapsed.TotalSeconds;
        return new EpochMetrics(epoch, total / _data.TrainCount, seconds)
        {
            TestLoss = TestLoss(cancellation),
            Steps = Steps,
            Pictures = epoch == _options.Epochs || epoch % 10 == 0 ? [ReconstructionGrid.Draw(_model, _test)] : [],
        };
    }

    /// <summary>The negative ELBO of each image [B]: an estimate of the reconstruction term, and the divergence.</summary>
    private Tensor Loss(GradientEstimator estimator, Tensor images, Generator noise)
    {
        var logits = _model.Encode(images);
        var divergence = _model.Divergence(logits);
        Finite(divergence.sum().item<float>());  // before the logits are sampled from
        return estimator.Estimate(logits, z => _model.Reconstruction(z, images), noise) + divergence;
    }

    /// <summary>The negative ELBO of the test images, with one sample each.</summary>
    private double TestLoss(CancellationToken cancellation)
    {
        using var _ = no_grad();
        var total = 0.0;
        for (long first = 0; first < _data.TestCount; first += TestBatch)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var images = Grey(_test.narrow(0, first, Math.Min(TestBatch, _data.TestCount - first)));
            total += Loss(OneSample, images, _testNoise).sum().item<float>();
        }

        return total / _data.TestCount;
    }

    private Module<Tensor, Tensor> Activation() => _options.Activation == VaeActivation.Relu
        ? ReLU(inplace: true)
        : LeakyReLU(0.01, inplace: true);

    /// <summary>Bytes as a tensor [N, 784] that shares their memory.</summary>
    private static Tensor Images(byte[] pixels)
    {
        using var flat = frombuffer(pixels, ScalarType.Byte);
        return flat.view(-1, ImageData.Pixels);
    }

    /// <summary>Bytes [B, 784] as grey values from 0 to 1.</summary>
    internal static Tensor Grey(Tensor bytes) => bytes.to_type(ScalarType.Float32).div_(255);

    private static double Finite(double loss) => double.IsFinite(loss)
        ? loss
        : throw new OptionException("Training diverged: the loss is not a finite number any more; lower --lr.");

    /// <summary>One generator for each purpose, so that none disturbs another.</summary>
    private static Generator Stream(long seed, ulong purpose) => new(unchecked((ulong)seed * 4 + purpose));
}
