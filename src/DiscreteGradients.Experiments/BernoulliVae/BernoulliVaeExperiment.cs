namespace DiscreteGradients.Experiments;

/// <summary>Trains a variational autoencoder with binary latents on binarised images; the loss is the negative ELBO in nats.</summary>
/// <remarks>Reference: Shi et al. 2022, arXiv 2202.09497, section 6; Liu et al. 2023, arXiv 2304.08612, table 6.</remarks>
public sealed class BernoulliVaeExperiment : Experiment
{
    private const string Samples = "samples";
    private const int LargestLayer = 1 << 14;

    /// <summary>ReinMax's temperature there: 1.2 on Omniglot with three evaluations, else 1.1.</summary>
    private const string TunedEstimator = "reinmax";

    private readonly BernoulliVaeOptions _options;
    private readonly Lazy<ImageData> _data;

    /// <summary>Checks the options.</summary>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public BernoulliVaeExperiment(BernoulliVaeOptions options)
    {
        Require.Between(1, LargestLayer, options.Latents, "latents");
        Require.Between(1, 1000, options.Evaluations, "evaluations");
        Require.AtLeast(1, options.Epochs, "epochs");
        Require.AtLeast(1, options.Batch, "batch");
        Require.AtLeast(0, options.PictureEvery, "picture-every");
        Require.AtLeast(0, options.BoundEvery, "bound-every");
        Require.AtLeast(1, options.BoundSamples, "bound-samples");
        Require.AtLeast(0, options.VarianceEvery, "variance-every");
        Require.AtLeast(2, options.VarianceDraws, "variance-draws");
        if (options.Lr is { } lr)
            Require.Positive(lr, "lr");
        _ = Devices.Get(options.Device);
        ImageSets.Check(options.Dataset, options.Data, options.Batch, validation: true);
        _options = options with
        {
            Optimizer = options.Optimizer ?? (options.Protocol == BernoulliProtocol.Released ? VaeOptimizer.Radam : VaeOptimizer.Adam),
            Lr = options.Lr ?? DefaultLr(options),
        };
        _data = new(  // a failure is not kept: the set may be downloaded
            () => ImageSets.Load(options.Dataset, options.Data).WithoutValidation(), LazyThreadSafetyMode.PublicationOnly);
    }

    /// <inheritdoc/>
    public override int Epochs => _options.Epochs;

    /// <inheritdoc/>
    public override object Options => _options;

    /// <summary>As many samples as make the evaluations asked for, and the published temperature of ReinMax.</summary>
    public override IReadOnlyDictionary<string, object> Settings(EstimatorEntry estimator, IReadOnlyDictionary<string, object> given)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        ArgumentNullException.ThrowIfNull(given);
        var settings = new Dictionary<string, object>(given);
        if (estimator.Name == TunedEstimator)
            settings.TryAdd("temperature", _options is { Dataset: "omniglot", Evaluations: 3 } ? 1.2 : 1.1);
        var samples = estimator.Has(Samples) && !given.ContainsKey(Samples)
            ? Enumerable.Range(1, _options.Evaluations).FirstOrDefault(s => Evaluations(estimator, s) == _options.Evaluations)
            : 0;
        if (samples > 0)
            settings.Add(Samples, samples);
        return settings;
    }

    /// <inheritdoc/>
    public override string? WhyNot(GradientEstimator estimator)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        if (Applicability.WhyNot(estimator, categories: 2, _options.Latents, _options.Batch) is { } why)
            return why;
        var evaluations = estimator.Evaluations(_options.Latents, categories: 2);
        return estimator is PathwiseEstimator || evaluations == _options.Evaluations
            ? Applicability.Memory(categories: 2, _options.Latents, _options.Batch, _options.Evaluations)
            : $"it evaluates f {evaluations} times for each image and step; --evaluations is {_options.Evaluations}: give it one that fits.";
    }

    /// <inheritdoc/>
    public override void Load() => _ = _data.Value;

    /// <inheritdoc/>
    public override TrainingRun Start(GradientEstimator estimator, long seed) =>
        new BernoulliVaeTraining(_options, _data.Value, estimator, seed);

    /// <summary>Rows of f for so many samples, or zero if the estimator cannot have them.</summary>
    private long Evaluations(EstimatorEntry estimator, int samples)
    {
        try
        {
            return estimator.Create(new Dictionary<string, object> { [Samples] = samples }).Evaluations(_options.Latents, categories: 2);
        }
        catch (ArgumentException)
        {
            return 0;
        }
    }

    private static double DefaultLr(BernoulliVaeOptions options) => options switch
    {
        { Protocol: BernoulliProtocol.Released, Dataset: "omniglot", Evaluations: 3 } => 5e-4,
        { Protocol: BernoulliProtocol.Released } or { Dataset: "fashion-mnist" } => 3e-4,
        _ => 1e-3,
    };
}
