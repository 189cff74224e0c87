using System.ComponentModel;

namespace DiscreteGradients.Experiments;

/// <summary>Settings of the experiments with mixtures of experts.</summary>
public sealed record MoeOptions : IPresetOptions
{
    [Description(
        "Settings by name, which other options override: makemoe (the public configuration of that name), small (2 layers), "
        + "quick; of regression switching and pick-one (four experts, one is drawn).")]
    [Incidental]
    public string? Preset { get; init; }

    [Description("language (characters of a text) or regression (a linear function for each of some classes).")]
    public MoeTask Task { get; init; }

    [Description("Language: any text in UTF-8, whose last tenth validates; by default tiny-shakespeare. See 'dgrad data'.")]
    [OneValue]
    public string? Text { get; init; }

    [Description("Folder with one folder per data set (tiny-shakespeare/, ...); tried before $DGRAD_DATA and the cache.")]
    [MayChange, Incidental]
    public string? Data { get; init; }

    [Description("Experts of each mixture.")]
    public int Experts { get; init; } = 8;

    [Description("Language: blocks of attention and mixture.")]
    public int Layers { get; init; } = 2;

    [Description("Language: width of the states, a multiple of --heads. Regression: numbers in a point.")]
    public int Width { get; init; } = 64;

    [Description("Language: heads of attention.")]
    public int Heads { get; init; } = 4;

    [Description("Language: characters read at once.")]
    public int Block { get; init; } = 32;

    [Description("Language: hidden units of an expert; by default twice --width.")]
    public int? Hidden { get; init; }

    [Description("Language: part of attention, its result and the experts' results that is dropped in training.")]
    public double Dropout { get; init; } = 0.1;

    [Description("Regression: classes, each with a linear function of its own.")]
    public int Classes { get; init; } = 8;

    [Description("Regression: what tells the router the class: label (its number stands beside the point) or region (where the point is).")]
    public MoeHint Hint { get; init; }

    [Description("Regression: times that each point is routed in a step; what drawn experts vary by is averaged.")]
    public int Copies { get; init; } = 1;

    [Description("Epochs.")]
    public int Epochs { get; init; } = 10;

    [Description("Training steps an epoch.")]
    public int Steps { get; init; } = 300;

    [Description("Language: texts of --block characters per step. Regression: points.")]
    public int Batch { get; init; } = 16;

    [Description("Learning rate of Adam; decoupled weight decay is 0.01 of it.")]
    [Tuned]
    public double Lr { get; init; } = 1e-3;

    [Description("Weight of the loss that balances the load of the experts; 0: none.")]
    public double Balance { get; init; }

    [Description("Weight of the loss that keeps scores small (z-loss); 0: none.")]
    public double ZLoss { get; init; }

    [Description("How much a step moves the biases that balance the load without a loss; 0: none.")]
    public double BiasRate { get; init; }

    [Description("Places of an expert, as a multiple of its even share; more tokens are dropped. By default none is.")]
    public double? Capacity { get; init; }

    [Description("Compare the router's gradient with the exact one every so many epochs, the first included; 0: never.")]
    [Incidental]
    public int QualityEvery { get; init; }

    [Description("Gradient estimates for each comparison.")]
    [Incidental]
    public int QualityDraws { get; init; } = 64;

    [Description("Pictures of which characters go to which expert every so many epochs and after the last; 0: none.")]
    [Incidental]
    public int PictureEvery { get; init; } = 10;

    object IPresetOptions.Defaults => Preset is null ? new MoeOptions() : MoePresets.Get(Preset);
}

/// <summary>What is learnt.</summary>
public enum MoeTask
{
    /// <summary>The next character of a text.</summary>
    Language,

    /// <summary>A linear function for each of some classes.</summary>
    Regression,
}

/// <summary>What tells a router the class of a point.</summary>
public enum MoeHint
{
    /// <summary>Its number stands beside the point.</summary>
    Label,

    /// <summary>The class is the nearest of some directions.</summary>
    Region,
}
