namespace DiscreteGradients.Experiments;

/// <summary>The categorical autoencoder in training, on grey values as they are.</summary>
internal sealed class VaeTraining(VaeOptions options, ImageData data, GradientEstimator estimator, long seed, IReadOnlyList<NamedEstimator> measured)
    : AutoencoderTraining<VaeModel>(
        options, data, estimator, seed,
        weights => new VaeModel(options.Latents, options.Categories, options.Activation == VaeActivation.Relu ? 0 : 0.01, weights),
        options.Lr!.Value, rectified: options.Optimizer == VaeOptimizer.Radam)
{
    private protected override Tensor Images(ReadOnlySpan<long> numbers, Generator generator) => TrainImages.Take(numbers);

    private protected override Tensor Images(int first, int count, Generator generator) => TestImages.Take(first, count);

    /// <summary>An estimate of the reconstruction term, and the divergence.</summary>
    private protected override Tensor Loss(GradientEstimator estimator, Tensor logits, Tensor images, Generator noise) =>
        estimator.Estimate(logits, z => Model.Reconstruction(z, images), noise) + VaeModel.Divergence(logits);

    /// <summary>The gradients' errors for the first images of the epoch, estimator by estimator.</summary>
    private protected override void Measure(
        int epoch, ReadOnlySpan<long> numbers, EstimatorInTraining trained, Dictionary<string, double> values, CancellationToken cancellation)
    {
        if (options.QualityEvery == 0 || (epoch != 1 && epoch % options.QualityEvery != 0))
            return;
        var images = TrainImages.Take(numbers[..Math.Min(options.QualityImages, numbers.Length)]).to(Devices.Get(options.Device));
        foreach (var (named, errors) in measured.Zip(LatentGradients.Measure(Model, images, measured, options.QualityDraws, () => Aside(epoch), cancellation)))
        {
            values.Add($"cosine/{named.Name}", errors.Cosine);
            values.Add($"bias/{named.Name}", errors.Bias);
            values.Add($"bias_approx/{named.Name}", errors.BiasOfMean);
            values.Add($"std/{named.Name}", errors.Deviation);
        }
    }

    private protected override IEnumerable<(string Name, double Sum)> TestValues(int epoch, Tensor logits, Tensor images, Generator noise) => [];
}
