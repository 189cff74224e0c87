using System.ComponentModel;

namespace DiscreteGradients.Experiments;

/// <summary>Settings of the categorical variational autoencoder; all defaults but the epochs are the paper's for ReinMax.</summary>
public sealed record VaeOptions
{
    /// <summary>Name of the data set.</summary>
    [Description("Images: mnist, fashion-mnist, omniglot, or made-digits (drawn by code, needs no files); see 'dgrad data'.")]
    public string Dataset { get; init; } = "mnist";

    /// <summary>Folder that holds one folder a data set, or null for the usual places.</summary>
    [Description("Folder that holds one folder a data set (mnist/, omniglot/, ...); tried before $DGRAD_DATA, the cache and the system.")]
    public string? Data { get; init; }

    /// <summary>Categories per latent.</summary>
    [Description("Categories of each latent.")]
    public int Categories { get; init; } = 8;

    /// <summary>Number of latents.</summary>
    [Description("Latents.")]
    public int Latents { get; init; } = 4;

    /// <summary>Epochs.</summary>
    [Description("Epochs (the paper trains for 160).")]
    public int Epochs { get; init; } = 10;

    /// <summary>Images per step.</summary>
    [Description("Images per step.")]
    public int Batch { get; init; } = 100;

    /// <summary>The optimiser.</summary>
    [Description("Optimiser.")]
    public VaeOptimizer Optimizer { get; init; } = VaeOptimizer.Adam;

    /// <summary>Learning rate.</summary>
    [Description("Learning rate.")]
    public double Lr { get; init; } = 5e-4;

    /// <summary>Activation of the hidden layers.</summary>
    [Description("Activation of the hidden layers.")]
    public VaeActivation Activation { get; init; } = VaeActivation.Relu;
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
