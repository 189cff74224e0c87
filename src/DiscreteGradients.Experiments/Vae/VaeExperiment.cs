using System.Diagnostics;
using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments;

/// <summary>Trains a variational autoencoder with categorical latents on grey images; the loss is the negative ELBO in nats.</summary>
/// <remarks>
/// Pixels are not binarised: their grey values are the targets of the cross-entropy. Reference: Liu et al. 2023, arXiv 2304.08612,
/// table 2, and the authors' released script.
/// </remarks>
public sealed class VaeExperiment : Experiment
{
    private const int TestBatch = 500;
    private const int LargestLayer = 1 << 16;
    private const long LargestTensor = 1 << 27;

    /// <summary>Where no gradient is asked for, straight-through is nothing but one sample.</summary>
    private static readonly StraightThrough OneSample = new();

    private readonly VaeOptions _options;
    private readonly ImageData _data;

    /// <summary>Checks the options, then finds, reads and verifies the images.</summary>
    /// <exception cref="OptionException">An option is out of range, or the images are not there or damaged.</exception>
    public VaeExperiment(VaeOptions options)
    {
        Require.AtLeast(2, options.Categories, "categories");
        Require.AtLeast(1, options.Latents, "latents");
        Require.AtLeast(1, options.Epochs, "epochs");
        Require.AtLeast(1, options.Batch, "batch");
        Require.Positive(options.Lr, "lr");
        if ((long)options.Latents * options.Categories > LargestLayer)
        {
            throw new OptionException(
                $"--latents times --categories must be at most {LargestLayer}; got {options.Latents} times {options.Categories}.");
        }

        (_options, _data) = (options, ImageSets.Load(options.Dataset, options.Data));
        if (options.Batch > _data.TrainCount)
        {
            throw new OptionException(
                $"--batch must be at most the {_data.TrainCount} training images of '{_data.Name}'; got {options.Batch}.");
        }
    }

    /// <inheritdoc/>
    public override int Epochs => _options.Epochs;

    /// <inheritdoc/>
    public override double? Optimum => null;

    /// <inheritdoc/>
    public override string? WhyNot(GradientEstimator estimator)
    {
        if (estimator is not ExactEnumeration exact)
            return null;
        var states = Math.Pow(_options.Categories, _options.Latents);
        if (states > exact.MaximumStates)
        {
            return $"exact enumeration needs all {_options.Categories}^{_options.Latents} states at every step; "
                + $"at most {exact.MaximumStates} can be.";
        }

        return states * _options.Batch * _options.Latents * _options.Categories > LargestTensor
            ? $"exact enumeration of {states} states for {_options.Batch} images a step needs too much memory; use a smaller --batch."
            : null;
    }

    /// <inheritdoc/>
    public override IEnumerable<EpochMetrics> Run(
        GradientEstimator estimator, long seed, Action<double>? stepDone = null, CancellationToken cancellation = default)
    {
        using var weights = Stream(seed, 0);
        using var order = Stream(seed, 1);
        using var noise = Stream(seed, 2);
        using var testNoise = Stream(seed, 3);
        using var train = Images(_data.Train);
        using var test = Images(_data.Test);
        using var model = new VaeModel(_options.Latents, _options.Categories, Activation, weights);
        var optimizer = new FusedAdam(model.parameters(), _options.Lr, rectified: _options.Optimizer == VaeOptimizer.Radam);
        var steps = (_data.TrainCount + _options.Batch - 1) / _options.Batch;

        for (var epoch = 1; epoch <= _options.Epochs; epoch++)
        {
            var total = 0.0;
            var watch = Stopwatch.StartNew();
            using var shuffled = randperm(_data.TrainCount, ScalarType.Int64, generator: order);
            for (var step = 1; step <= steps; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var first = (step - 1) * (long)_options.Batch;
                var images = Grey(train.index_select(0, shuffled.narrow(0, first, Math.Min(_options.Batch, _data.TrainCount - first))));

                model.zero_grad();
                var losses = Loss(model, estimator, images, noise);
                losses.mean().backward();
                optimizer.Step();

                total += Finite(losses.sum().item<float>());
                stepDone?.Invoke((double)step / steps);
            }

            var seconds = watch.Elapsed.TotalSeconds;
            yield return new EpochMetrics(epoch, total / _data.TrainCount, seconds)
            {
                TestLoss = TestLoss(model, test, testNoise, cancellation),
                Steps = steps,
                Pictures = epoch == _options.Epochs || epoch % 10 == 0 ? [ReconstructionGrid.Draw(model, test)] : [],
            };
        }
    }

    /// <summary>The negative ELBO of each image [B]: an estimate of the reconstruction term, and the divergence.</summary>
    private static Tensor Loss(VaeModel model, GradientEstimator estimator, Tensor images, Generator noise)
    {
        var logits = model.Encode(images);
        var divergence = model.Divergence(logits);
        Finite(divergence.sum().item<float>());  // before the logits are sampled from
        return estimator.Estimate(logits, z => model.Reconstruction(z, images), noise) + divergence;
    }

    /// <summary>The negative ELBO of the test images, with one sample each.</summary>
    private double TestLoss(VaeModel model, Tensor test, Generator noise, CancellationToken cancellation)
    {
        using var _ = no_grad();
        var total = 0.0;
        for (long first = 0; first < _data.TestCount; first += TestBatch)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var images = Grey(test.narrow(0, first, Math.Min(TestBatch, _data.TestCount - first)));
            total += Loss(model, OneSample, images, noise).sum().item<float>();
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
