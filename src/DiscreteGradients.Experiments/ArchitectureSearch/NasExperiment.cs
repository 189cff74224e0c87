namespace DiscreteGradients.Experiments;

/// <summary>The images of a search in their two halves.</summary>
internal sealed record NasData(LabelledImages Images, NasImages Weights, NasImages Architecture);

/// <summary>
/// Searches the topology space of NAS-Bench-201 by the gradient of a network that holds all operations; what is found is looked up.
/// </summary>
/// <remarks>
/// References: Dong, Yang 2019, arXiv 1910.04465 (GDAS); Dong et al. 2021, arXiv 2009.00437 (the space and the settings); Liu et al. 2023,
/// arXiv 2304.08612, table 4.
/// </remarks>
internal sealed class NasExperiment : Experiment
{
    private readonly NasOptions _options;
    private readonly Lazy<NasData> _data;
    private readonly IReadOnlyList<Method> _measured;

    /// <summary>The row of the catalogue.</summary>
    public static ExperimentEntry Entry { get; } = ExperimentEntry.For<NasOptions>(
        "nas", "search for the cell of an image classifier, on NAS-Bench-201's topology space", options => new NasExperiment(options),
        _ =>
        [
            .. NasScores.Metrics,
            new Metric(Metrics.TrainLoss, "train loss", Direction.Lower) { Unit = "nats", IsSparse = true, Place = MetricPlace.Curve },
            new Metric("arch_loss", "architecture loss", Direction.Lower) { Unit = "nats", IsSparse = true, Place = MetricPlace.Curve },
            new Metric("arch_accuracy", "architecture accuracy", Direction.Higher) { IsSparse = true },
            new Metric("entropy", "entropy") { Unit = "nats", IsSparse = true },
            new Metric("edge_entropy", "edge entropy") { Unit = "nats", Place = MetricPlace.Parts },
            new Metric("temperature", "temperature") { Place = MetricPlace.Log },
            new Metric("learning_rate", "learning rate") { Place = MetricPlace.Log },
            .. GradientErrors.Metrics,
        ],
        PublishedNas.Find) with
    {
        Methods = NasMethods.All,
        MethodWord = "method",
        DefaultMethods = "reinmax,gdas,random-search",
        Notes = options => Notes((NasOptions)options),
        Examples =
        [
            "dgrad run nas",
            "dgrad run nas --method reinmax,gdas,gdas-reinmax,dsnas,mid-point,untrained,random-search --seeds 5 --threads 1",
            "dgrad run nas --method random-search --cells 1,10,50,500 --seeds 20",
            "dgrad run nas --dataset made-shapes --epochs 2 --method reinmax --quality-every 1",
        ],
    };

    /// <summary>Checks the options.</summary>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public NasExperiment(NasOptions options)
    {
        _ = DataFolders.OfThisUser(options.Data);
        _ = LabelledSets.Get(options.Dataset);
        _ = options.Preset is { } preset ? NasPresets.Get(preset) : null;
        _ = Devices.Get(options.Device);
        Require.AtLeast(1, options.Images ?? 1, "images");
        Require.Between(8, 1024, options.Channels, "channels");
        if (options.Channels % 8 != 0)
            throw new OptionException($"--channels must be a multiple of 8; got {options.Channels}.");  // see SameConvolution
        Require.Between(1, 100, options.StageCells, "stage-cells");
        Require.AtLeast(1, options.Epochs, "epochs");
        Require.AtLeast(2, options.Batch, "batch");
        Require.Positive(options.Lr, "lr");
        Require.Positive(options.LrEnd, "lr-end");
        Require.Positive(options.ArchLr, "arch-lr");
        NotNegative(options.Decay, "decay");
        NotNegative(options.ArchDecay ?? 0, "arch-decay");
        if (options.TemperatureEnd is { } end && !(end >= Precision.LeastTemperature && end <= Precision.LargestTemperature))
            throw new OptionException($"--temperature-end must be from 1e-30 to 1e30; got {end}.");
        Require.AtLeast(0, options.PictureEvery, "picture-every");
        _options = options;
        _measured = Measured(options);
        _data = new(() => Read(options), LazyThreadSafetyMode.PublicationOnly);  // a failure is not kept: the set may be downloaded
    }

    private NasExperiment(NasExperiment shared, string method)
    {
        var tuning = NasPresets.Tuning(method);
        (_data, _measured) = (shared._data, shared._measured);
        _options = shared._options with
        {
            ArchDecay = shared._options.ArchDecay ?? tuning.ArchDecay,
            TemperatureEnd = shared._options.TemperatureEnd ?? tuning.TemperatureEnd,
        };
    }

    public override int Epochs => _options.Epochs;

    public override object Options => _options;

    public override string? DataSet => _options.Dataset;

    public override void Load() => _ = _data.Value;

    public override IReadOnlyDictionary<string, object> Settings(MethodEntry method, IReadOnlyDictionary<string, object> given) =>
        NasPresets.Tuning(method.Name).Temperature is { } temperature && !given.ContainsKey(NasMethods.Temperature)
            ? new Dictionary<string, object>(given) { [NasMethods.Temperature] = temperature }
            : given;

    public override Experiment TunedFor(string method) => new NasExperiment(this, method);

    public override string? WhyNot(Method method) => NasMethods.WhyNot(method);

    public override TrainingRun Start(Method method, long seed) => method.Made is RandomCells random
        ? new NasRandomSearch(_options, random.Cells, seed)
        : new NasSearch(_options, _data.Value, method, seed, _measured);

    private static NasData Read(NasOptions options)
    {
        var images = LabelledSets.Load(options.Dataset, options.Data);
        var (weights, architecture) = NasImages.Halves(images, options.Images);
        return new NasData(images, weights, architecture);
    }

    private static IReadOnlyList<Method> Measured(NasOptions options)
    {
        Require.AtLeast(0, options.QualityEvery, "quality-every");
        if (options.QualityEvery == 0)
            return [];
        Require.AtLeast(1, options.QualityDraws, "quality-draws");
        var names = string.Join(',', options.QualityMethods.Split(',', StringSplitOptions.TrimEntries).Distinct());
        var measured = Experiments.Methods.Select(NasMethods.All, "method", names, new Dictionary<string, object>(), _ => null);
        return measured.FirstOrDefault(method => NasMethods.WhyNotMeasured(method) is not null) is { } unfit
            ? throw new OptionException($"--quality-methods may not name '{unfit.Name}' here: {NasMethods.WhyNotMeasured(unfit)}")
            : measured;
    }

    private static void NotNegative(double value, string option)
    {
        if (!(value >= 0) || !double.IsFinite(value))
            throw new OptionException($"--{option} must be a finite number of at least 0; got {value}.");
    }

    private static IEnumerable<string> Notes(NasOptions options)
    {
        yield return "Accuracies are looked up: of the cell that was found, trained alone for 200 epochs, as NAS-Bench-201 has them.";
        if (options.TemperatureEnd < 1)
            yield return "Below temperature 1 ReinMax is no longer what it is for: it stays defined, but is exact for no loss.";
    }
}
