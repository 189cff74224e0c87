using System.ComponentModel;

namespace DiscreteGradients.Experiments;

/// <summary>Settings of the autoencoder with binary latents; the defaults are the RODEO paper's but for the number of steps.</summary>
public sealed record BernoulliVaeOptions
{
    [Description(
        "rodeo: pixels binarised anew at every epoch, fixed prior, sampled bound; released: as the released ReinMax script, with its "
        + "static pixels, its learned and misplaced prior and its doubled logits.")]
    public BernoulliProtocol Protocol { get; init; } = BernoulliProtocol.Rodeo;

    [Description(
        "Images: mnist, fashion-mnist, omniglot, or made-digits (drawn by code, needs no files); see 'dgrad data'. The last 10000 training "
        + "images (omniglot: 1345) are left out, as in the papers.")]
    public string Dataset { get; init; } = "mnist";

    [Description("Folder with one folder per data set (mnist/, omniglot/, ...); tried before $DGRAD_DATA, the cache and the system.")]
    [MayChange, Incidental]
    public string? Data { get; init; }

    [Description("At most so many training images, the first ones; by default all that are not left out.")]
    public int? Images { get; init; }

    [Description("Binary latents.")]
    public int Latents { get; init; } = 200;

    [Description(
        "Evaluations of f for each image and step, the same for every estimator: the papers' K. Pathwise estimators take the mean of "
        + "that many samples.")]
    public int Evaluations { get; init; } = 2;

    [Description("Epochs; one of mnist has 500 steps (the papers train for 1,000,000 steps).")]
    public int Epochs { get; init; } = 60;

    [Description("Images per step.")]
    public int Batch { get; init; } = 100;

    [Description("Optimiser; by default adam, or radam in the protocol 'released'.")]
    [Tuned]
    public VaeOptimizer? Optimizer { get; init; }

    [Description(
        "Learning rate; by default 0.001 (fashion-mnist: 0.0003), in the protocol 'released' 0.0003 (omniglot with 3 evaluations: "
        + "0.0005).")]
    [Tuned]
    public double? Lr { get; init; }

    [Description(Devices.Description)]
    [Incidental, OneValue]
    public string Device { get; init; } = "cpu";

    [Description("Pictures of reconstructions and of samples from the prior every so many epochs and after the last; 0: none.")]
    [Incidental]
    public int PictureEvery { get; init; } = 20;

    [Description("Bound of the test images from many samples every so many epochs and after the last; 0: after the last only.")]
    [Incidental]
    public int BoundEvery { get; init; }

    [Description("Samples of that bound.")]
    [Incidental]
    public int BoundSamples { get; init; } = 100;

    [Description("Measure the gradient's variance every so many epochs, the first included; 0: never.")]
    [Incidental]
    public int VarianceEvery { get; init; } = 5;

    [Description("Gradient estimates for each image of that measurement.")]
    [Incidental]
    public int VarianceDraws { get; init; } = 100;

    /// <summary>These, with the protocol's optimiser and learning rate where none are given.</summary>
    internal BernoulliVaeOptions Resolved => this with
    {
        Optimizer = Optimizer ?? (Protocol == BernoulliProtocol.Released ? VaeOptimizer.Radam : VaeOptimizer.Adam),
        Lr = Lr ?? this switch
        {
            { Protocol: BernoulliProtocol.Released, Dataset: "omniglot", Evaluations: 3 } => 5e-4,
            { Protocol: BernoulliProtocol.Released } or { Dataset: "fashion-mnist" } => 3e-4,
            _ => 1e-3,
        },
    };
}

/// <summary>How the autoencoder with binary latents is trained and measured.</summary>
public enum BernoulliProtocol
{
    /// <summary>As in the RODEO paper (arXiv 2202.09497).</summary>
    Rodeo,

    /// <summary>As in the script released with the ReinMax paper (arXiv 2304.08612).</summary>
    Released,
}
