namespace DiscreteGradients.Experiments;

/// <summary>Trains a variational autoencoder with categorical latents on grey images; the loss is the negative ELBO in nats.</summary>
/// <remarks>
/// Pixels are not binarised: their grey values are the targets of the cross-entropy. Reference: Liu et al. 2023, arXiv 2304.08612,
/// table 2, and the authors' released script.
/// </remarks>
public sealed class VaeExperiment : Experiment
{
    private const string Temperature = "temperature";
    private const int LargestLayer = 1 << 16;

    private readonly VaeOptions _options;
    private readonly Lazy<ImageData> _data;
    private readonly VaePreset? _preset;
    private readonly IReadOnlyList<NamedEstimator> _measured;

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
        ImageSets.Check(options.Dataset, options.Data, options.Batch, validation: false);
        _preset = options.Preset is { } name ? VaePresets.Get(name) : null;
        _measured = Measured(options);
        _options = _preset is null ? Tuned(options, null) : options;
        _data = new(  // a failure is not kept: the set may be downloaded
            () => ImageSets.Load(options.Dataset, options.Data), LazyThreadSafetyMode.PublicationOnly);
    }

    private VaeExperiment(VaeExperiment shared, string estimator)
    {
        (_data, _preset, _measured) = (shared._data, shared._preset, shared._measured);
        _options = Tuned(shared._options, _preset?.Tunings.GetValueOrDefault(estimator));
    }

    /// <inheritdoc/>
    public override int Epochs => _options.Epochs;

    /// <inheritdoc/>
    public override object Options => _options;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Settings(EstimatorEntry estimator, IReadOnlyDictionary<string, object> given)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        ArgumentNullException.ThrowIfNull(given);
        if (_preset is null)
            return given;
        var tuning = _preset.Tunings.GetValueOrDefault(estimator.Name);
        var open = estimator.Has(Temperature) && !given.ContainsKey(Temperature);
        return tuning is null && (_options.Lr is null || open)
            ? throw new OptionException(
                $"--preset {_preset.Name} has settings for {string.Join(", ", _preset.Tunings.Keys)}; for '{estimator.Name}' give --lr"
                + $"{(estimator.Has(Temperature) ? " and --temperature" : "")}.")
            : open ? new Dictionary<string, object>(given) { [Temperature] = tuning!.Temperature } : given;
    }

    /// <inheritdoc/>
    public override Experiment TunedFor(string estimator) => _preset is null ? this : new VaeExperiment(this, estimator);

    /// <inheritdoc/>
    public override string? WhyNot(GradientEstimator estimator) =>
        Applicability.WhyNot(estimator, _options.Categories, _options.Latents, _options.Batch)
        ?? Applicability.Memory(
            _options.Categories, _options.Latents, _options.Batch, estimator.Evaluations(_options.Latents, _options.Categories));

    /// <inheritdoc/>
    public override void Load() => _ = _data.Value;

    /// <inheritdoc/>
    public override TrainingRun Start(GradientEstimator estimator, long seed) =>
        new VaeTraining(_options, _data.Value, estimator, seed, _measured);

    private static VaeOptions Tuned(VaeOptions options, VaeTuning? tuning) => options with
    {
        Optimizer = options.Optimizer ?? tuning?.Optimizer ?? VaeOptimizer.Adam,
        Lr = options.Lr ?? tuning?.Lr ?? VaeOptions.DefaultLr,
    };

    /// <summary>The estimators whose gradients are measured, at the preset's temperatures, else their own defaults.</summary>
    private List<NamedEstimator> Measured(VaeOptions options)
    {
        Require.AtLeast(0, options.QualityEvery, "quality-every");
        if (options.QualityEvery == 0)
            return [];
        Require.AtLeast(1, options.QualityImages, "quality-images");
        Require.AtLeast(2, options.QualityDraws, "quality-draws");
        var states = Math.Pow(options.Categories, options.Latents);
        if (states > LatentGradients.MaximumStates)
        {
            throw new OptionException(
                $"--quality-every needs the exact gradient, from all {options.Categories}^{options.Latents} states of the latents; "
                + $"at most {LatentGradients.MaximumStates} can be: use fewer --latents.");
        }

        var measured = options.QualityEstimators.Split(',', StringSplitOptions.TrimEntries).Distinct().Select(Estimators.Get).Select(entry =>
            new NamedEstimator(entry.Name, Prepared(Tuned(entry), options))).ToList();
        if (measured.Find(e => Applicability.WhyNot(e.Estimator, options.Categories) is not null) is { } unfit)
            throw new OptionException($"--quality-estimators may not name '{unfit.Name}' here: {Applicability.WhyNot(unfit.Estimator, options.Categories)}");
        return measured.Exists(e => e.Estimator is ExactEnumeration exact
            && Enumeration.WhyNot(exact, options.Categories, options.Latents, Math.Min(options.QualityImages, options.Batch)) is not null)
            ? throw new OptionException($"--quality-estimators may name 'exact' in small spaces only; {states} states need too much memory.")
            : measured;
    }

    /// <summary>The estimator; one that learns has its initial weights from a fixed seed, and is not trained.</summary>
    private static GradientEstimator Prepared(GradientEstimator estimator, VaeOptions options)
    {
        if (estimator is AdaptiveEstimator adaptive)
        {
            using var weights = new Generator(1);
            adaptive.Prepare(options.Latents, options.Categories, weights);
        }

        return estimator;
    }

    private GradientEstimator Tuned(EstimatorEntry entry) => _preset?.Tunings.GetValueOrDefault(entry.Name) is { } tuning && entry.Has(Temperature)
        ? entry.Create(new Dictionary<string, object> { [Temperature] = tuning.Temperature })
        : entry.Default;
}
