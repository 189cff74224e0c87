namespace DiscreteGradients.Experiments;

/// <summary>Trains a variational autoencoder with categorical latents on grey images; the loss is the negative ELBO in nats.</summary>
/// <remarks>
/// Pixels are not binarised: their grey values are the targets of the cross-entropy. Reference: Liu et al. 2023, arXiv 2304.08612,
/// table 2, and the authors' released script.
/// </remarks>
public sealed class VaeExperiment : Experiment
{
    private const int LargestLayer = 1 << 16;
    private const long LargestTensor = 1 << 27;

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
    public override TrainingRun Start(GradientEstimator estimator, long seed) => new VaeTraining(_options, _data, estimator, seed);
}
