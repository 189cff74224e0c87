namespace DiscreteGradients.Experiments;

/// <summary>Trains a variational autoencoder with binary latents on binarised images; the loss is the negative ELBO in nats.</summary>
/// <remarks>Reference: Shi et al. 2022, arXiv 2202.09497, section 6; Liu et al. 2023, arXiv 2304.08612, table 6.</remarks>
internal sealed class BernoulliVaeExperiment : Experiment
{
    private const string Samples = "samples";
    private const int LargestLayer = 1 << 14;

    /// <summary>ReinMax's temperature there: 1.2 on Omniglot with three evaluations, else 1.1.</summary>
    private const string TunedEstimator = "reinmax";

    private readonly BernoulliVaeOptions _options;
    private readonly Lazy<ImageData> _data;

    /// <summary>The row of the catalogue.</summary>
    public static ExperimentEntry Entry { get; } = ExperimentEntry.For<BernoulliVaeOptions>(
        "bernoulli-vae", "variational autoencoder with binary latents on binarised images", options => new BernoulliVaeExperiment(options),
        options =>
        [
            new Metric(Metrics.TrainLoss, "train loss", Direction.Lower) { Unit = "nats", IsHeadline = true },
            new Metric(Metrics.TestLoss, "test loss", Direction.Lower) { Unit = "nats" },
            new Metric(BernoulliVaeTraining.Bound(options), "test bound", Direction.Lower) { Unit = "nats", IsSparse = true },
            new Metric(BernoulliVaeTraining.Variance, "gradient variance", Direction.Lower)
            {
                Place = MetricPlace.Curve,
                IsSparse = true,
                IsLogarithmic = true,
            },
            new Metric(BernoulliVaeTraining.Norm, "gradient norm") { Place = MetricPlace.Log },
            .. CodeUsage.Metrics,
        ],
        PublishedBernoulliElbos.Find) with
    {
        DefaultMethods = "reinmax,rodeo",
        HealthNote = CodeUsage.Note,
        Examples =
        [
            "dgrad run bernoulli-vae --dataset made-digits --epochs 2",
            "dgrad run bernoulli-vae --estimator reinmax,rodeo,disarm --seeds 2",
            "dgrad run bernoulli-vae --protocol released --estimator reinmax",
        ],
    };

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
        ImageSets.Check(options.Dataset, options.Data, options.Images, options.Batch, validation: true);
        _options = options.Resolved;
        _data = new(  // a failure is not kept: the set may be downloaded
            () => ImageSets.Load(options.Dataset, options.Data).WithoutValidation().AtMost(options.Images),
            LazyThreadSafetyMode.PublicationOnly);
    }

    public override int Epochs => _options.Epochs;

    public override object Options => _options;

    public override string? DataSet => _options.Dataset;

    public override void Load() => _ = _data.Value;

    /// <summary>As many samples as make the evaluations asked for, and the published temperature of ReinMax.</summary>
    public override IReadOnlyDictionary<string, object> Settings(MethodEntry method, IReadOnlyDictionary<string, object> given)
    {
        var settings = new Dictionary<string, object>(given);
        if (method.Name == TunedEstimator)
            settings.TryAdd("temperature", _options is { Dataset: "omniglot", Evaluations: 3 } ? 1.2 : 1.1);
        if (method.Has(Samples) && Applicability.Samples(method, _options.Evaluations, _options.Latents, categories: 2) is { } samples)
            settings.TryAdd(Samples, samples);
        return settings;
    }

    public override string? WhyNot(Method method)
    {
        if (Applicability.WhyNot(method.Estimator, categories: 2, _options.Latents, _options.Batch) is { } why)
            return why;
        var evaluations = method.Estimator.Evaluations(_options.Latents, categories: 2);
        return method.Estimator is PathwiseEstimator || evaluations == _options.Evaluations
            ? Applicability.Memory(categories: 2, _options.Latents, _options.Batch, _options.Evaluations)
            : $"it evaluates f {evaluations} times for each image and step; --evaluations is {_options.Evaluations}: "
                + "give it one that fits.";
    }

    public override TrainingRun Start(Method method, long seed) => new BernoulliVaeTraining(_options, _data.Value, method.Estimator, seed);
}
