using System.Diagnostics;

namespace DiscreteGradients.Experiments;

/// <summary>What every autoencoder's options say.</summary>
internal interface IAutoencoderOptions
{
    int Latents { get; }

    int Categories { get; }

    int Epochs { get; }

    int Batch { get; }

    int PictureEvery { get; }

    string Device { get; }
}

/// <summary>An autoencoder in training: the loop, and all that does not depend on the kind of autoencoder.</summary>
internal abstract class AutoencoderTraining<TModel> : TrainingRun
    where TModel : Autoencoder
{
    private const int TestBatch = 500;
    private const int Purposes = 4;

    /// <summary>Those whose generators are libtorch's own.</summary>
    private const long SmallSeeds = (1L << 32) / Purposes;

    /// <summary>Where no gradient is asked for, straight-through is nothing but one sample.</summary>
    private static readonly StraightThrough OneSample = new();

    private readonly IAutoencoderOptions _options;
    private readonly Device _device;
    private readonly Adam _optimizer;
    private readonly EstimatorInTraining _estimator;
    private readonly Generator _order;
    private readonly Generator _noise;
    private readonly Generator _testNoise;

    private protected AutoencoderTraining(
        IAutoencoderOptions options, ImageData data, GradientEstimator estimator, long seed,
        Func<Generator, TModel> model, double learningRate, bool rectified)
    {
        (_options, _device, Seed) = (options, Devices.Get(options.Device), seed);
        (TrainImages, TestImages) = (new GreyImages(data.Train), new GreyImages(data.Test));
        (_order, _noise, _testNoise) = (Stream(seed, 1), Stream(seed, 2, _device), Stream(seed, 3, _device));
        using (var weights = Stream(seed, 0))
        {
            Model = model(weights);
            Model.to(_device);
            _estimator = new EstimatorInTraining(estimator, options.Latents, options.Categories, weights);
        }

        _optimizer = new Adam(Model.parameters(), learningRate, rectified);
        foreach (var (name, parameter) in Model.named_parameters())
            Keep($"model.{name}", parameter);
        Keep(_optimizer);
        Keep(_estimator);
        Keep("order", _order);
        Keep("noise", _noise);
        Keep("test_noise", _testNoise);
    }

    private protected long Seed { get; }

    private protected TModel Model { get; }

    private protected GreyImages TrainImages { get; }

    private protected GreyImages TestImages { get; }

    private int Steps => (TrainImages.Count + _options.Batch - 1) / _options.Batch;

    public override void Dispose()
    {
        _estimator.Dispose();
        _optimizer.Dispose();
        Model.Dispose();
        _testNoise.Dispose();
        _noise.Dispose();
        _order.Dispose();
    }

    protected sealed override EpochMetrics Train(int epoch, Action<double>? stepDone, CancellationToken cancellation)
    {
        using var shuffled = randperm(TrainImages.Count, ScalarType.Int64, generator: _order);
        var order = shuffled.data<long>().ToArray();
        var values = new Dictionary<string, double>();
        using (NewDisposeScope())
            Measure(epoch, order.AsSpan(0, Math.Min(_options.Batch, order.Length)), _estimator, values, cancellation);

        var total = 0.0;
        var watch = Stopwatch.StartNew();
        for (var step = 1; step <= Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var first = (step - 1) * _options.Batch;
            var images = Images(order.AsSpan(first, Math.Min(_options.Batch, order.Length - first)), _order).to(_device);

            Model.zero_grad();
            var losses = Loss(_estimator.Estimator, Encode(images), images, _noise);
            losses.mean().backward();
            _optimizer.Step();
            _estimator.Step();

            total += Finite(losses.sum().item<float>());
            stepDone?.Invoke((double)step / Steps);
        }

        var seconds = watch.Elapsed.TotalSeconds;
        return new EpochMetrics(epoch, total / TrainImages.Count, seconds)
        {
            TestLoss = TestLoss(epoch, values, cancellation),
            Steps = Steps,
            Values = values,
            Pictures = _options.PictureEvery > 0 && (epoch == _options.Epochs || epoch % _options.PictureEvery == 0)
                ? [PictureGrid.Reconstructions(Model, TestImages, _device), PictureGrid.Samples(Model, _device)]
                : [],
        };
    }

    /// <summary>The images of a step [B, 784] by their numbers; what is random about them comes from the generator of the data's order.</summary>
    private protected abstract Tensor Images(ReadOnlySpan<long> numbers, Generator generator);

    /// <summary>Test images [N, 784].</summary>
    private protected abstract Tensor Images(int first, int count, Generator generator);

    /// <summary>The negative ELBO of each image [B], with the estimator's gradient.</summary>
    private protected abstract Tensor Loss(GradientEstimator estimator, Tensor logits, Tensor images, Generator noise);

    /// <summary>
    /// Before the first step of an epoch, with the numbers of its first images: measures what is to be measured, without disturbing the
    /// training.
    /// </summary>
    private protected abstract void Measure(
        int epoch, ReadOnlySpan<long> numbers, EstimatorInTraining estimator, Dictionary<string, double> values, CancellationToken cancellation);

    /// <summary>Further losses of the test images [N, 784] after an epoch, as sums over images by name.</summary>
    private protected abstract IEnumerable<(string Name, double Sum)> TestValues(int epoch, Tensor logits, Tensor images, Generator noise);

    /// <summary>A generator for measurements in an epoch: no other seed has the same in that epoch.</summary>
    private protected Generator Aside(int epoch) => Seeds.Generator(
        ((UInt128)(Seed / SmallSeeds) << 32) + unchecked((uint)((ulong)Seed * 0x9E3779B97F4A7C15 + (ulong)epoch)), _device);

    /// <summary>The posterior's logits [B, L, K].</summary>
    private Tensor Encode(Tensor images)
    {
        var logits = Model.Encode(images);
        Finite(logits.sum().item<float>());  // before they are sampled from
        return logits;
    }

    /// <summary>The negative ELBO of the test images, with one sample each; adds what their posteriors look like to the values.</summary>
    private double TestLoss(int epoch, Dictionary<string, double> values, CancellationToken cancellation)
    {
        using var _ = no_grad();
        var usage = new CodeUsage(_options.Latents, _options.Categories);
        var total = 0.0;
        for (var first = 0; first < TestImages.Count; first += TestBatch)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var images = Images(first, Math.Min(TestBatch, TestImages.Count - first), _testNoise).to(_device);
            var logits = Encode(images);
            total += Loss(OneSample, logits, images, _testNoise).sum().item<float>();
            usage.Add(logits);
            foreach (var (name, sum) in TestValues(epoch, logits, images, _testNoise))
                values[name] = values.GetValueOrDefault(name) + (sum / TestImages.Count);
        }

        foreach (var (name, value) in usage.Values())
            values.Add(name, value);
        return total / TestImages.Count;
    }

    /// <summary>One generator for each purpose, so that none disturbs another.</summary>
    private static Generator Stream(long seed, int purpose, Device? device = null) => Seeds.Generator(seed, purpose, Purposes, device);
}
