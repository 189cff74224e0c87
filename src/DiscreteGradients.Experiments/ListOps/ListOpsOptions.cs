using System.ComponentModel;

namespace DiscreteGradients.Experiments;

/// <summary>Settings of the Gumbel Tree-LSTM on ListOps; the defaults are small enough for a laptop, the paper's are a preset.</summary>
public sealed record ListOpsOptions : IPresetOptions
{
    /// <summary>The learning rate without a preset.</summary>
    internal const double DefaultLr = 1e-3;

    [Description(
        "Settings by name, which other options override: paper (ReinMax's, with separate ones for each estimator), gumbel-rao-10, "
        + "gumbel-rao-25, gumbel-rao-50 (the columns of Gumbel-Rao's table, as far as they are published), quick.")]
    [Incidental]
    public string? Preset { get; init; }

    [Description(
        "Sentences: listops (published ones for validation and testing), or made-listops (all made by the published rule); by default "
        + "listops where it is found. See 'dgrad data'.")]
    public string? Dataset { get; init; }

    [Description("Folder with one folder per data set (listops/, ...); tried before $DGRAD_DATA and the cache.")]
    [MayChange, Incidental]
    public string? Data { get; init; }

    [Description(
        "Training sentences: made (by the published rule, for the published ones are not to be had), or a file in the published form.")]
    [OneValue]
    public string Train { get; init; } = ListOpsCorpus.MadeRows;

    [Description("A file in the published form, for validation; by default those of the data set.")]
    [OneValue]
    public string? Valid { get; init; }

    [Description("A file in the published form, for testing; by default the sentences of the data set.")]
    [OneValue]
    public string? Test { get; init; }

    [Description("Leaves of the trees: characters (as released), split (with [ and the operator apart) or merged (with [MIN as one).")]
    public ListOpsTokens Tokens { get; init; } = ListOpsTokens.Merged;

    [Description(
        "Tokens of the longest sentences that are kept, counted as --tokens has them, characters like split; by default 99 split tokens, "
        + "as released.")]
    public int? Longest { get; init; }

    [Description("At most so many training sentences; by default all.")]
    public int? Rows { get; init; }

    [Description("Size of embedding, leaves and nodes.")]
    public int Hidden { get; init; } = 100;

    [Description("Classes: 10, or 11 with one that never occurs, as released.")]
    public int Classes { get; init; } = 10;

    [Description("Epochs (the paper trains for 20).")]
    public int Epochs { get; init; } = 5;

    [Description("Training steps an epoch; by default as many as all training sentences make.")]
    public int? Steps { get; init; }

    [Description("Sentences per step.")]
    public int Batch { get; init; } = 16;

    [Description("Batches of sentences of about the same length; as released they are random.")]
    public bool Buckets { get; init; }

    [Description("Optimiser.")]
    [Tuned]
    public ListOpsOptimizer Optimizer { get; init; } = ListOpsOptimizer.Radam;

    [Description("Learning rate; by default 0.001, or the preset's for the estimator.")]
    [Tuned]
    public double? Lr { get; init; }

    [Description("Part of embeddings, root and hidden layer that is dropped in training.")]
    public double Dropout { get; init; } = 0.5;

    [Description("Largest norm of the gradient.")]
    public double Clip { get; init; } = 5;

    [Description("Validations, two an epoch, without a gain before the learning rate is halved; 0: never.")]
    public int Patience { get; init; } = 4;

    [Description("How the model is computed: linear (in the length of the sentence) or plain (all pairs, as released); the numbers agree.")]
    [Incidental]
    public ListOpsForm Form { get; init; }

    [Description("Pictures of the trees of some test sentences every so many epochs and after the last; 0: none.")]
    [Incidental]
    public int PictureEvery { get; init; } = 5;

    [Description("Compare gradients of the scores with the exact one every so many epochs, the first included; 0: never.")]
    [Incidental]
    public int QualityEvery { get; init; }

    [Description("Estimators whose gradients are compared, separated by commas.")]
    [Incidental, OneValue]
    public string QualityEstimators { get; init; } = VaePresets.Compared;

    [Description("Validation sentences, of 4 to 7 leaves, whose gradients are compared.")]
    [Incidental]
    public int QualitySentences { get; init; } = 20;

    [Description("Gradient estimates for each of these sentences.")]
    [Incidental]
    public int QualityDraws { get; init; } = 512;

    object IPresetOptions.Defaults => Preset is null ? new ListOpsOptions() : ListOpsPresets.Get(Preset).Options;
}

/// <summary>Optimisers.</summary>
public enum ListOpsOptimizer
{
    /// <summary>Rectified Adam.</summary>
    Radam,

    /// <summary>Adam.</summary>
    Adam,

    /// <summary>Gradient descent without momentum.</summary>
    Sgd,
}

/// <summary>Ways to compute the same model.</summary>
public enum ListOpsForm
{
    /// <summary>Cells linear in the length of the sentence, with a gradient written out.</summary>
    Linear,

    /// <summary>All pairs at every step, with autograd.</summary>
    Plain,
}
