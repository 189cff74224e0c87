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
    [Description("Exponent p > 0 of |z - c|^p.")]
    public double P { get; init; } = 2;

    [Description("Binary latents L.")]
    public int Latents { get; init; } = 128;

    [Description("Target c of every latent, or 'ramp' for c_i = (i - 1/2)/L.")]
    public string Target { get; init; } = "0.45";

    [Description("Examples per step, or evaluations of f.")]
    public int Batch { get; init; } = 64;

    [Description("What --batch counts: examples, or evaluations of f, of which an estimator may need several for each example.")]
    public BatchUnit BatchUnit { get; init; }

    [Description("Epochs.")]
    public int Epochs { get; init; } = 40;

    [Description("Steps per epoch.")]
    public int Steps { get; init; } = 200;

    [Tuned]
    [Description("Learning rate of Adam.")]
    public double Lr { get; init; } = 1e-3;
}
