namespace DiscreteGradients.Experiments;

/// <summary>Trains a Tree-LSTM whose trees are latent to compute the values of nested lists of digits.</summary>
/// <remarks>
/// References: Choi, Yoo, Lee 2018, arXiv 1707.02786 (the model); Nangia, Bowman 2018 (the task);
/// Liu et al. 2023, arXiv 2304.08612, table 1.
/// </remarks>
internal sealed class ListOpsExperiment : Experiment
{
    private const string Temperature = "temperature";
    private const int LargestHidden = 4096;

    private readonly ListOpsOptions _options;
    private readonly ListOpsPreset? _preset;
    private readonly IReadOnlyList<Method> _measured;
    private readonly Lazy<ListOpsCorpus> _corpus;

    /// <summary>The row of the catalogue.</summary>
    public static ExperimentEntry Entry { get; } = ExperimentEntry.For<ListOpsOptions>(
        "listops", "Tree-LSTM with latent trees that computes the values of nested lists of digits",
        options => new ListOpsExperiment(options),
        _ =>
        [
            new Metric(Metrics.TrainLoss, "train loss", Direction.Lower) { Unit = "nats", IsSparse = true },
            new Metric("valid_loss", "valid loss", Direction.Lower) { Unit = "nats", IsSparse = true },
            new Metric("valid_accuracy", "valid accuracy", Direction.Higher),
            new Metric("test_accuracy", "test accuracy", Direction.Higher) { IsHeadline = true },
            new Metric("selected_accuracy", "selected accuracy", Direction.Higher),
            new Metric("learning_rate", "learning rate") { Place = MetricPlace.Log },
            .. ListOpsScores.Metrics,
            .. GradientErrors.Metrics,
        ],
        PublishedListOps.Find) with
    {
        Methods = ListOpsMethods.All,
        DefaultMethods = "reinmax,random-trees,majority,depth-1,depth-2,depth-3",
        Notes = options => Notes((ListOpsOptions)options),
        Examples =
        [
            "dgrad run listops --preset quick",
            "dgrad run listops --longest 25 --estimator reinmax,st,random-trees,true-trees --seeds 3",
            "dgrad run listops --preset gumbel-rao-10 --estimator st-gumbel --temperature 0.01,0.1,1 --seeds 3",
            "dgrad run listops --preset paper --estimator st-gumbel,gumbel-rao,gst-1.0,st,reinmax",
        ],
    };

    /// <summary>Checks the options.</summary>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public ListOpsExperiment(ListOpsOptions options)
    {
        var folders = DataFolders.OfThisUser(options.Data);
        _ = options.Dataset is { } name ? DataSets.Get<DataSet<ListOpsRows>>(name) : null;
        Require.Between(1, ListOpsFile.LongestSentence, options.Longest ?? 1, "longest");
        Require.AtLeast(1, options.Rows ?? 1, "rows");
        Require.Between(1, LargestHidden, options.Hidden, "hidden");
        Require.Between(10, 11, options.Classes, "classes");
        Require.AtLeast(1, options.Epochs, "epochs");
        Require.AtLeast(1, options.Steps ?? 1, "steps");
        Require.AtLeast(1, options.Batch, "batch");
        Require.Positive(options.Lr ?? 1, "lr");
        Require.Positive(options.Clip, "clip");
        Require.AtLeast(0, options.Patience, "patience");
        Require.AtLeast(0, options.PictureEvery, "picture-every");
        if (!(options.Dropout >= 0 && options.Dropout < 1))
            throw new OptionException($"--dropout must be at least 0 and below 1; got {options.Dropout}.");
        _preset = options.Preset is { } preset ? ListOpsPresets.Get(preset) : null;
        _measured = ScoreGradients.Methods(options, _preset);
        options = options with { Dataset = options.Dataset ?? ListOpsSets.Default(folders) };
        _options = _preset is { Tunings.Count: > 0 } ? options : Tuned(options, null);
        _corpus = new(  // a failure is not kept: the set may be downloaded
            () => ListOpsCorpus.Load(options), LazyThreadSafetyMode.PublicationOnly);
    }

    private ListOpsExperiment(ListOpsExperiment shared, string method)
    {
        (_corpus, _preset, _measured) = (shared._corpus, shared._preset, shared._measured);
        _options = Tuned(shared._options, _preset!.Tuning(method));
    }

    public override int Epochs => _options.Epochs;

    public override object Options => _options;

    public override string? DataSet => _options.Dataset;

    public override void Load()
    {
        if (_measured.Count > 0 && _corpus.Value.Measured(_options.QualitySentences).Count == 0)
            throw ScoreGradients.NoSentences;
        _ = _corpus.Value;
    }

    public override IReadOnlyDictionary<string, object> Settings(MethodEntry method, IReadOnlyDictionary<string, object> given)
    {
        if (_preset is not { Tunings.Count: > 0 })
            return given;
        var tuning = _preset.Tuning(method.Name);
        var open = method.Has(Temperature) && !given.ContainsKey(Temperature);
        return tuning is null && (_options.Lr is null || open)
            ? throw new OptionException(
                $"--preset {_preset.Options.Preset} has settings for {string.Join(", ", _preset.Tunings.Keys)} and the controls; for "
                + $"'{method.Name}' give --lr{(method.Has(Temperature) ? " and --temperature" : "")}.")
            : open ? new Dictionary<string, object>(given) { [Temperature] = tuning!.Temperature } : given;
    }

    public override Experiment TunedFor(string method) => _preset is { Tunings.Count: > 0 } ? new ListOpsExperiment(this, method) : this;

    public override string? WhyNot(Method method) => ListOpsMethods.WhyNot(method);

    public override TrainingRun Start(Method method, long seed) => method.Made is Shortcut shortcut
        ? new ShortcutRun(_options, _corpus.Value, shortcut)
        : new ListOpsTraining(_options, _corpus.Value, ListOpsMethods.Rule(method), seed, _measured);

    private static ListOpsOptions Tuned(ListOpsOptions options, ListOpsTuning? tuning) =>
        options with { Lr = options.Lr ?? tuning?.Lr ?? ListOpsOptions.DefaultLr };

    private static IEnumerable<string> Notes(ListOpsOptions options)
    {
        if (options.Train == ListOpsCorpus.MadeRows)
            yield return "Training sentences are made by the published rule; they are not the published ones.";
        if (options.Dataset == ListOpsSets.Made && options.Test is null)
            yield return "Test sentences are made by the published rule too; accuracies on the published ones are others.";
        yield return "Selected accuracy: the test accuracy of the epoch with the best validation.";
    }
}
