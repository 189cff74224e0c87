using System.ComponentModel;

namespace DiscreteGradients.Experiments;

/// <summary>What the batch of polynomial programming counts.</summary>
public enum BatchUnit
{
    /// <summary>Examples, whatever an estimator does with each.</summary>
    Examples,

    /// <summary>Evaluations of f: an estimator that takes S of them an example gets batch / S examples, rounded down.</summary>
    Evaluations,
}

/// <summary>Settings of polynomial programming; the defaults are the released script's.</summary>
public sealed record PolynomialOptions
{
    /// <summary>Exponent p of |z − c|^p.</summary>
    [Description("Exponent p > 0 of |z - c|^p.")]
    public double P { get; init; } = 2;

    /// <summary>Number of binary latents L.</summary>
    [Description("Binary latents L.")]
    public int Latents { get; init; } = 128;

    /// <summary>A number c for every latent, or "ramp" for c_i = (i − ½)/L.</summary>
    [Description("Target c of every latent, or 'ramp' for c_i = (i - 1/2)/L.")]
    public string Target { get; init; } = "0.45";

    /// <summary>Size of a step.</summary>
    [Description("Examples per step, or evaluations of f.")]
    public int Batch { get; init; } = 64;

    /// <summary>What <see cref="Batch"/> counts.</summary>
    [Description("What --batch counts: examples, or evaluations of f, of which an estimator may need several for each example.")]
    public BatchUnit BatchUnit { get; init; }

    /// <summary>Epochs.</summary>
    [Description("Epochs.")]
    public int Epochs { get; init; } = 40;

    /// <summary>Steps per epoch.</summary>
    [Description("Steps per epoch.")]
    public int Steps { get; init; } = 200;

    /// <summary>Adam's learning rate.</summary>
    [Tuned]
    [Description("Learning rate of Adam.")]
    public double Lr { get; init; } = 1e-3;
}
