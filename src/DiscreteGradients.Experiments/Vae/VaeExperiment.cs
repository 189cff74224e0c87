namespace DiscreteGradients.Experiments;

/// <summary>Trains a variational autoencoder with categorical latents on grey images; the loss is the negative ELBO in nats.</summary>
/// <remarks>
/// Pixels are not binarised: their grey values are the targets of the cross-entropy. Reference: Liu et al. 2023, arXiv 2304.08612,
/// table 2, and the authors' released script.
/// </remarks>
internal sealed class VaeExperiment : Experiment
{
    private const string Temperature = "temperature";
    private const int LargestLayer = 1 << 16;

    private readonly VaeOptions _options;
    private readonly Lazy<ImageData> _data;
    private readonly VaePreset? _preset;
    private readonly IReadOnlyList<Method> _measured;

    /// <summary>The row of the catalogue.</summary>
    public static ExperimentEntry Entry { get; } = ExperimentEntry.For<VaeOptions>(
        "vae", "variational autoencoder with categorical latents on grey images", options => new VaeExperiment(options),
        _ =>
        [
            new Metric(Metrics.TrainLoss, "train loss", Direction.Lower) { Unit = "nats", IsHeadline = true },
            new Metric(Metrics.TestLoss, "test loss", Direction.Lower) { Unit = "nats" },
            .. CodeUsage.Metrics,
            .. GradientErrors.Metrics,
        ],
        PublishedElbos.Find) with
    {
        DefaultMethods = "reinmax",
        HealthNote = CodeUsage.Note,
        Examples =
        [
            "dgrad run vae --dataset made-digits --epochs 2",
            "dgrad run vae --dataset fashion-mnist --estimator st,reinmax --seeds 3",
            "dgrad run vae --preset paper-8x4 --estimator st-gumbel,gumbel-rao,gst-1.0,st,reinmax --seeds 3",
            "dgrad run vae --preset paper-8x4 --quality-every 5",
            "dgrad run vae --estimator st,reinmax --temperature 0.5,1,1.5,2",
            "dgrad run vae --resume --out runs/vae-20260131-093000",
        ],
    };

    /// <summary>Checks the options.</summary>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public VaeExperiment(VaeOptions options)
    {
        Require.AtLeast(2, options.Categories, "categories");
        Require.AtLeast(1, options.Latents, "latents");
        Require.AtLeast(1, options.Epochs, "epochs");
        Require.AtLeast(1, options.Batch, "batch");
        if (options.Lr is { } lr)
            Require.Positive(lr, "lr");
        if ((long)options.Latents * options.Categories > LargestLayer)
        {
            throw new OptionException(
                $"--latents times --categories must be at most {LargestLayer}; got {options.Latents} times {options.Categories}.");
        }

        Require.AtLeast(0, options.PictureEvery, "picture-every");
        _ = Devices.Get(options.Device);
        ImageSets.Check(options.Dataset, options.Data, options.Images, options.Batch, validation: false);
        _preset = options.Preset is { } name ? VaePresets.Get(name) : null;
        _measured = LatentGradients.Methods(
            options, entry => _preset?.Tunings.GetValueOrDefault(entry.Name) is { } tuning && entry.Has(Temperature)
                ? new Dictionary<string, object> { [Temperature] = tuning.Temperature }
                : []);
        _options = _preset is null ? Tuned(options, null) : options;
        _data = new(  // a failure is not kept: the set may be downloaded
            () => ImageSets.Load(options.Dataset, options.Data).AtMost(options.Images), LazyThreadSafetyMode.PublicationOnly);
    }

    private VaeExperiment(VaeExperiment shared, string method)
    {
        (_data, _preset, _measured) = (shared._data, shared._preset, shared._measured);
        _options = Tuned(shared._options, _preset?.Tunings.GetValueOrDefault(method));
    }

    public override int Epochs => _options.Epochs;

    public override object Options => _options;

    public override string? DataSet => _options.Dataset;

    public override void Load() => _ = _data.Value;

    public override IReadOnlyDictionary<string, object> Settings(MethodEntry method, IReadOnlyDictionary<string, object> given)
    {
        if (_preset is null)
            return given;
        var tuning = _preset.Tunings.GetValueOrDefault(method.Name);
        var open = method.Has(Temperature) && !given.ContainsKey(Temperature);
        return tuning is null && (_options.Lr is null || open)
            ? throw new OptionException(
                $"--preset {_preset.Name} has settings for {string.Join(", ", _preset.Tunings.Keys)}; for '{method.Name}' give --lr"
                + $"{(method.Has(Temperature) ? " and --temperature" : "")}.")
            : open ? new Dictionary<string, object>(given) { [Temperature] = tuning!.Temperature } : given;
    }

    public override Experiment TunedFor(string method) => _preset is null ? this : new VaeExperiment(this, method);

    public override string? WhyNot(Method method) =>
        Applicability.WhyNot(method.Estimator, _options.Categories, _options.Latents, _options.Batch)
        ?? Applicability.Memory(
            _options.Categories, _options.Latents, _options.Batch, method.Estimator.Evaluations(_options.Latents, _options.Categories));

    public override TrainingRun Start(Method method, long seed) =>
        new VaeTraining(_options, _data.Value, method.Estimator, seed, _measured);

    private static VaeOptions Tuned(VaeOptions options, VaeTuning? tuning) => options with
    {
        Optimizer = options.Optimizer ?? tuning?.Optimizer ?? VaeOptimizer.Adam,
        Lr = options.Lr ?? tuning?.Lr ?? VaeOptions.DefaultLr,
    };
}
