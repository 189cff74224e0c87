namespace DiscreteGradients.Experiments;

/// <summary>The autoencoder with binary latents in training, on binarised pixels.</summary>
internal sealed class BernoulliVaeTraining(BernoulliVaeOptions options, ImageData data, GradientEstimator estimator, long seed)
    : AutoencoderTraining<BernoulliVaeModel>(
        options, data, estimator, seed, weights => new BernoulliVaeModel(options.Latents, options.Protocol, weights),
        options.Lr!.Value, rectified: options.Optimizer == VaeOptimizer.Radam)
{
    /// <summary>Pictures decoded at once in measurements.</summary>
    private const int Rows = 5_000;

    private bool IsReleased => options.Protocol == BernoulliProtocol.Released;

    /// <summary>A pixel is 1 with the probability of its grey value; drawn anew at every epoch, or once for all if released.</summary>
    private protected override Tensor Images(ReadOnlySpan<long> numbers, Generator generator) =>
        TrainImages.TakeBinary(numbers, IsReleased ? Noise.Seeded(Seed, 0) : Noise.Draw(generator));

    private protected override Tensor Images(int first, int count, Generator generator)
    {
        var numbers = Enumerable.Range(first, count).Select(i => (long)i).ToArray();
        return TestImages.TakeBinary(numbers, IsReleased ? Noise.Seeded(Seed, 1) : Noise.Draw(generator));
    }

    private protected override Tensor Loss(GradientEstimator estimator, Tensor logits, Tensor images, Generator noise) =>
        IsReleased
            ? Estimate(estimator, logits, z => Model.Reconstruction(z, images), noise) + Model.ReleasedDivergence(logits)
            : Estimate(estimator, logits, z => Model.SampledBound(z, logits, images), noise);

    /// <summary>The mean over images of the summed variances of the gradient at the bits' logits, and the norm of its mean.</summary>
    private protected override void Measure(
        int epoch, ReadOnlySpan<long> numbers, EstimatorInTraining trained, Dictionary<string, double> values, CancellationToken cancellation)
    {
        if (options.VarianceEvery == 0 || (epoch != 1 && epoch % options.VarianceEvery != 0))
            return;
        using var generator = Aside(epoch);
        using var copy = trained.Copy(options.Latents, categories: 2);
        var images = Images(numbers, generator).to(Devices.Get(options.Device));
        Tensor logits;
        using (no_grad())
            logits = Model.Encode(images);

        var (sum, squares) = (zeros_like(logits.select(-1, 1), dtype: ScalarType.Float64), 0.0);
        var atOnce = Math.Max(1, Rows / numbers.Length / options.Evaluations);
        for (var done = 0; done < options.VarianceDraws; done += atOnce)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var draws = Math.Min(atOnce, options.VarianceDraws - done);
            var copies = logits.expand([draws, .. logits.shape]).clone().requires_grad_();
            var gradients = Derivatives.Of(Loss(copy.Estimator, copies, images, generator), [copies])[0]!.select(-1, 1).to_type(ScalarType.Float64);
            sum.add_(gradients.sum([0]));
            squares += gradients.square().sum().item<double>();
        }

        var mean = sum / options.VarianceDraws;
        var meanSquares = mean.square().sum().item<double>();
        values["gradient_variance"] = (squares - (options.VarianceDraws * meanSquares)) / (options.VarianceDraws - 1) / numbers.Length;
        values["gradient_norm"] = Math.Sqrt(meanSquares / numbers.Length);
    }

    /// <summary>The bound −log 1/S Σ p(image, z) / q(z | image), z ~ q, of Burda et al. 2016, arXiv 1509.00519, equation 8.</summary>
    private protected override IEnumerable<(string Name, double Sum)> TestValues(int epoch, Tensor logits, Tensor images, Generator noise)
    {
        if (IsReleased || (epoch != options.Epochs && (options.BoundEvery == 0 || epoch % options.BoundEvery != 0)))
            yield break;
        var atOnce = (int)Math.Max(1, Rows / images.shape[0]);
        var weights = new List<Tensor>();
        for (var done = 0; done < options.BoundSamples; done += atOnce)
        {
            var z = OneHot.Sample(logits, Math.Min(atOnce, options.BoundSamples - done), generator: noise);
            weights.Add(-Model.SampledBound(z, logits, images));
        }

        yield return ($"bound_{options.BoundSamples}", (Math.Log(options.BoundSamples) - cat(weights, 0).logsumexp(0)).sum().item<float>());
    }

    /// <summary>A pathwise estimator takes the mean of independent samples, so that all evaluate f equally often; under no_grad one is enough.</summary>
    private Tensor Estimate(GradientEstimator estimator, Tensor logits, Func<Tensor, Tensor> f, Generator noise) =>
        estimator is PathwiseEstimator && options.Evaluations > 1 && is_grad_enabled()
            ? estimator.Estimate(logits.expand([options.Evaluations, .. logits.shape]), f, noise).mean([0])
            : estimator.Estimate(logits, f, noise);
}
