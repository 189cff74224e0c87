using System.ComponentModel;

namespace DiscreteGradients.Experiments;

/// <summary>Settings of the categorical variational autoencoder; all defaults but the epochs are the paper's for ReinMax.</summary>
public sealed record VaeOptions : IPresetOptions
{
    /// <summary>The learning rate without a preset.</summary>
    internal const double DefaultLr = 5e-4;

    [Description(
        "The paper's settings for one latent space, with separate ones for each estimator; other options override them: paper-8x4, "
        + "paper-4x24, paper-8x16, paper-16x12, paper-64x8, paper-10x30, paper-64x32 (categories x latents).")]
    [Incidental]
    public string? Preset { get; init; }

    [Description("Images: mnist, fashion-mnist, omniglot, or made-digits (drawn by code, needs no files); see 'dgrad data'.")]
    public string Dataset { get; init; } = "mnist";

    [Description("Folder with one folder per data set (mnist/, omniglot/, ...); tried before $DGRAD_DATA, the cache and the system.")]
    [MayChange, Incidental]
    public string? Data { get; init; }

    [Description("At most so many training images, the first ones; by default all.")]
    public int? Images { get; init; }

    [Description("Categories of each latent.")]
    public int Categories { get; init; } = 8;

    [Description("Latents.")]
    public int Latents { get; init; } = 4;

    [Description("Epochs (the paper trains for 160).")]
    public int Epochs { get; init; } = 10;

    [Description("Images per step.")]
    public int Batch { get; init; } = 100;

    [Description("Optimiser; by default adam, or the preset's for the estimator.")]
    [Tuned]
    public VaeOptimizer? Optimizer { get; init; }

    [Description("Learning rate; by default 0.0005, or the preset's for the estimator.")]
    [Tuned]
    public double? Lr { get; init; }

    [Description("Activation of the hidden layers.")]
    public VaeActivation Activation { get; init; } = VaeActivation.Relu;

    [Description(Devices.Description)]
    [Incidental, OneValue]
    public string Device { get; init; } = "cpu";

    [Description("Pictures of reconstructions and of samples from the prior every so many epochs and after the last; 0: none.")]
    [Incidental]
    public int PictureEvery { get; init; } = 10;

    [Description("Compare gradients with the exact one every so many epochs, the first included; 0: never.")]
    [Incidental]
    public int QualityEvery { get; init; }

    [Description("Estimators whose gradients are compared, separated by commas.")]
    [Incidental, OneValue]
    public string QualityEstimators { get; init; } = VaePresets.Compared;

    [Description("Images whose gradients are compared, at most those of a batch.")]
    [Incidental]
    public int QualityImages { get; init; } = 100;

    [Description("Gradient estimates for each of these images.")]
    [Incidental]
    public int QualityDraws { get; init; } = 1024;

    object IPresetOptions.Defaults => Preset is null ? new VaeOptions() : VaePresets.Get(Preset).Options;
}

/// <summary>Optimisers of the paper's grid.</summary>
public enum VaeOptimizer
{
    /// <summary>Adam.</summary>
    Adam,

    /// <summary>Rectified Adam.</summary>
    Radam,
}

/// <summary>Activations of the hidden layers.</summary>
public enum VaeActivation
{
    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>max(x, 0.01 x).</summary>
    LeakyRelu,
}
