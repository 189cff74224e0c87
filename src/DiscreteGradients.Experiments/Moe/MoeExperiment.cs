namespace DiscreteGradients.Experiments;

/// <summary>Mixtures of experts, whose routers are compared: a model of characters, and regression of points that are of a class.</summary>
/// <remarks>References: those of the routers; the character model is makeMoE's, see <see cref="LanguageModel"/>.</remarks>
internal sealed class MoeExperiment : Experiment
{
    private const int Largest = 4096;

    private readonly MoeOptions _options;
    private readonly Lazy<CharacterText> _text;

    /// <summary>The row of the catalogue.</summary>
    public static ExperimentEntry Entry { get; } = ExperimentEntry.For<MoeOptions>(
        "moe", "mixtures of experts and their routers, on the characters of a text or on points of several classes",
        options => new MoeExperiment(options), Metrics, PublishedMoe.Find) with
    {
        Methods = MoeMethods.All,
        MethodWord = "router",
        DefaultMethods = "switch,noisy-top-k,dense,sparsemixer,sparsemixer-2-star,dense-st,reinmax",
        HealthNote = "Largest load: the share of the choices that the busiest expert of a layer got; load variation: the deviation of the "
            + "experts' shares over their mean. Entropy in nats.",
        Notes = options => Notes((MoeOptions)options),
        Examples =
        [
            "dgrad run moe --preset quick",
            "dgrad run moe --preset small --router switch,sparsemixer,reinmax --seeds 3 --quality-every 2",
            "dgrad run moe --preset small --text my-novel.txt --balance 0.01",
            "dgrad run moe --preset makemoe --router noisy-top-k",
            "dgrad run moe --preset switching --router switch,sparsemixer,st,reinmax --seeds 5",
            "dgrad run moe --preset pick-one --router st,reinmax --copies 1,8 --seeds 5",
        ],
    };

    /// <summary>Checks the options.</summary>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public MoeExperiment(MoeOptions options)
    {
        var folders = DataFolders.OfThisUser(options.Data);
        if (options.Preset is { } preset)
            _ = MoePresets.Get(preset);
        Require.Between(1, Largest, options.Experts, "experts");
        Require.Between(1, 128, options.Layers, "layers");
        Require.Between(1, Largest, options.Width, "width");
        Require.Between(1, options.Width, options.Heads, "heads");
        Require.Between(1, Largest, options.Block, "block");
        Require.Between(1, 16 * Largest, options.Hidden ?? 1, "hidden");
        Require.Between(1, Largest, options.Classes, "classes");
        Require.AtLeast(1, options.Epochs, "epochs");
        Require.AtLeast(1, options.Steps, "steps");
        Require.Between(1, 1 << 20, options.Batch, "batch");
        Require.Between(1, 1 << 20, options.Copies, "copies");
        Require.Positive(options.Lr, "lr");
        Require.Positive(options.Capacity ?? 1, "capacity");
        Require.AtLeast(0, options.QualityEvery, "quality-every");
        Require.AtLeast(1, options.QualityDraws, "quality-draws");
        Require.AtLeast(0, options.PictureEvery, "picture-every");
        foreach (var (name, weight) in (ReadOnlySpan<(string, double)>)[("balance", options.Balance), ("z-loss", options.ZLoss)])
        {
            if (!(weight >= 0) || !double.IsFinite(weight))
                throw new OptionException($"--{name} must be a finite number of at least 0; got {weight}.");
        }

        foreach (var (name, part) in (ReadOnlySpan<(string, double)>)[("dropout", options.Dropout), ("bias-rate", options.BiasRate)])
        {
            if (!(part >= 0 && part < 1))
                throw new OptionException($"--{name} must be at least 0 and below 1; got {part}.");
        }

        if (options.Width % options.Heads != 0 && options.Task == MoeTask.Language)
            throw new OptionException($"--width must be a multiple of --heads; got {options.Width} and {options.Heads}.");
        _options = options with { Hidden = options.Hidden ?? 2 * options.Width };
        if (Require.Memory(Bytes(_options)) is { } much)
            throw new OptionException($"The model and a step take at least {much}; use fewer --experts, --layers, or a smaller --width.");
        _text = new(() => Load(_options, folders), LazyThreadSafetyMode.PublicationOnly);  // a failure is not kept
    }

    public override int Epochs => _options.Epochs;

    public override object Options => _options;

    public override double? Optimum => _options.Task == MoeTask.Regression && _options.Experts >= _options.Classes ? 0 : null;

    public override string? DataSet => _options is { Task: MoeTask.Language, Text: null } ? TextSets.Name : null;

    public override void Load()
    {
        if (_options.Task == MoeTask.Language)
            _ = _text.Value;
    }

    public override string? WhyNot(Method method) => MoeMethods.WhyNot(method, _options);

    public override TrainingRun Start(Method method, long seed)
    {
        var (router, seeds) = ((Router)method.Made, new MoeSeeds(seed));
        return new MoeTraining(_options, _options.Task == MoeTask.Language
            ? new LanguageTask(_options, _text.Value, router, seeds)
            : new RegressionTask(_options, router, seeds));
    }

    private static CharacterText Load(MoeOptions options, DataFolders folders)
    {
        var text = options.Text is { } path ? CharacterText.Read(path) : TextSets.TinyShakespeare.Load(folders);
        return text.Valid.Length > options.Block ? text : throw new OptionException(
            $"{(options.Text is null ? $"'{TextSets.Name}'" : $"'{options.Text}'")} has {text.Indices.Length} characters; --block "
            + $"{options.Block} needs at least {CharacterText.ShortestWith(options.Block + 1)}, for the last tenth validates: use a longer "
            + "text or a smaller --block.");
    }

    /// <summary>About what the parameters with their gradients and Adam's moments take, and the states of a step.</summary>
    private static double Bytes(MoeOptions options)
    {
        var (width, experts) = ((double)options.Width, options.Experts);
        var parameters = options.Task == MoeTask.Language
            ? options.Layers * ((4 * width * width) + (experts * 2 * width * options.Hidden!.Value))
            : (experts + options.Classes) * width * width;
        var states = options.Task == MoeTask.Language
            ? (double)options.Batch * options.Block * options.Layers * ((10 * width) + (options.Heads * options.Block))
            : (double)options.Batch * options.Copies * (width + options.Classes) * 4;
        return sizeof(float) * ((4 * parameters) + states);
    }

    private static IReadOnlyList<Metric> Metrics(MoeOptions options)
    {
        var isLanguage = options.Task == MoeTask.Language;
        var unit = isLanguage ? "nats" : null;
        return
        [
            new Metric(Experiments.Metrics.TrainLoss, "train loss", Direction.Lower) { Unit = unit },
            .. isLanguage ? (Metric[])[new("evaluated_train_loss", "evaluated train loss", Direction.Lower) { Unit = unit }] : [],
            new Metric("valid_loss", "valid loss", Direction.Lower) { Unit = unit, IsHeadline = true },
            .. isLanguage ? [] : (Metric[])[new("told_apart", "classes told apart", Direction.Higher)],
            Health("largest_load", "largest load"),
            Health("load_variation", "load variation"),
            Health("router_entropy", "router entropy"),
            Health("dropped", "dropped share"),
            Health("router_gradient", "router gradient norm"),
            .. Enumerable.Range(1, isLanguage ? options.Layers : 1).Select(layer => new Metric($"load_{layer}", $"load in layer {layer}")
            {
                Place = MetricPlace.Parts,
                Of = "each expert",
                IsReported = false,
            }),
            .. RouterGradients.Metrics,
        ];
    }

    private static Metric Health(string name, string title) => new(name, title) { Place = MetricPlace.Health };

    private static IEnumerable<string> Notes(MoeOptions options)
    {
        if (options.Task == MoeTask.Regression)
            yield break;
        yield return "Losses are nats per character; train loss is that of the steps, with dropout and noise, the others are without.";
        yield return "expert-choice looks at later characters too, so its loss is not that of a prediction.";
    }
}
