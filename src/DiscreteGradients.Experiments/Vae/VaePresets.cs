namespace DiscreteGradients.Experiments;

/// <summary>How the paper trains with one estimator.</summary>
internal sealed record VaeTuning(VaeOptimizer Optimizer, double Lr, double Temperature);

/// <summary>The paper's settings for one size of the latent space.</summary>
/// <param name="Options">What all estimators share; the optimiser and the learning rate are left open.</param>
/// <param name="Tunings">By the name of the estimator.</param>
internal sealed record VaePreset(VaeOptions Options, IReadOnlyDictionary<string, VaeTuning> Tunings)
{
    /// <summary>The name, such as <c>paper-8x4</c>: categories times latents.</summary>
    public string Name => Options.Preset!;
}

/// <summary>
/// The settings of Liu et al. 2023, arXiv 2304.08612: table 8, each the best of a grid by the training loss on MNIST, and the text on
/// 64 categories and 32 latents, which gives those of ReinMax alone.
/// </summary>
internal static class VaePresets
{
    /// <summary>The estimators of the paper's tables, in its order.</summary>
    public const string Compared = "st-gumbel,gumbel-rao,gst-1.0,st,reinmax";

    private const VaeOptimizer Adam = VaeOptimizer.Adam;
    private const VaeOptimizer Radam = VaeOptimizer.Radam;

    /// <summary>Every preset.</summary>
    public static IReadOnlyList<VaePreset> All { get; } =
    [
        Table8(8, 4, new(Adam, 3e-4, 0.5), new(Adam, 5e-4, 0.5), new(Adam, 5e-4, 0.7), new(Adam, 1e-3, 1.3), new(Adam, 5e-4, 1.3)),
        Table8(4, 24, new(Radam, 5e-4, 0.3), new(Radam, 5e-4, 0.3), new(Radam, 5e-4, 0.5), new(Radam, 1e-3, 1.5), new(Radam, 5e-4, 1.5)),
        Table8(8, 16, new(Radam, 5e-4, 0.5), new(Radam, 7e-4, 0.7), new(Radam, 7e-4, 0.5), new(Radam, 1e-3, 1.5), new(Radam, 7e-4, 1.5)),
        Table8(16, 12, new(Radam, 7e-4, 0.7), new(Adam, 5e-4, 1.0), new(Radam, 7e-4, 0.5), new(Adam, 5e-4, 1.5), new(Radam, 7e-4, 1.5)),
        Table8(64, 8, new(Radam, 7e-4, 0.7), new(Adam, 7e-4, 2.0), new(Radam, 7e-4, 0.7), new(Adam, 5e-4, 1.5), new(Radam, 5e-4, 1.5)),
        Table8(10, 30, new(Radam, 5e-4, 0.5), new(Radam, 5e-4, 1.0), new(Radam, 5e-4, 0.5), new(Radam, 7e-4, 1.4), new(Radam, 5e-4, 1.3)),
        new(
            Shared(64, 32) with { Activation = VaeActivation.LeakyRelu, Batch = 200, Epochs = 1667 },  // 500,000 updates, 300 an epoch
            new Dictionary<string, VaeTuning> { ["reinmax"] = new(Radam, 5e-4, 1.1) }),
    ];

    /// <summary>The preset of that name.</summary>
    /// <exception cref="OptionException">No such preset; the message suggests the nearest names.</exception>
    public static VaePreset Get(string name) => All.FirstOrDefault(preset => preset.Name == name)
        ?? throw new OptionException(Suggestion.Sentence("preset", name, All.Select(preset => preset.Name)));

    private static VaePreset Table8(int categories, int latents, params VaeTuning[] tunings) => new(
        Shared(categories, latents), Compared.Split(',').Zip(tunings).ToDictionary(row => row.First, row => row.Second));

    private static VaeOptions Shared(int categories, int latents) =>
        new() { Preset = $"paper-{categories}x{latents}", Categories = categories, Latents = latents, Epochs = 160, Batch = 100 };
}
