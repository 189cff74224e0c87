namespace DiscreteGradients.Experiments;

/// <summary>What is set for each method.</summary>
/// <param name="Temperature">In the first epoch; null for the method's own.</param>
/// <param name="TemperatureEnd">In the last epoch; null if it stays.</param>
/// <param name="ArchDecay">Weight decay of the logits.</param>
internal sealed record NasTuning(double? Temperature, double? TemperatureEnd, double ArchDecay);

/// <summary>
/// Settings by name. <c>paper</c> are those of NATS-Bench (Dong et al. 2021, arXiv 2009.00437, and the released code), with the temperature
/// and weight decay that Liu et al. 2023, arXiv 2304.08612, appendix F, have for ReinMax. <c>small</c> is this project's: the same
/// search with less of everything, and a learning rate of the logits that makes up for the fewer steps.
/// </summary>
internal static class NasPresets
{
    private static readonly NasTuning Cooled = new(10, 0.1, 1e-3);
    private static readonly NasTuning Constant = new(null, null, 1e-3);

    private static readonly Dictionary<string, NasTuning> Tunings = new()
    {
        ["gdas"] = Cooled,
        ["st-gumbel"] = Cooled,
        ["gumbel-rao"] = Cooled,
        ["reinmax"] = Constant with { ArchDecay = 0.09 },
        ["reinmax-uniform"] = Constant with { ArchDecay = 0.09 },
        ["gdas-reinmax"] = Constant with { ArchDecay = 0.09 },
    };

    internal static IReadOnlyList<NasOptions> All { get; } =
    [
        new() { Preset = "small" },
        new() { Preset = "paper", Dataset = "cifar10", Channels = 16, StageCells = 5, Epochs = 100, ArchLr = 3e-4 },
    ];

    /// <summary>The preset of that name.</summary>
    /// <exception cref="OptionException">No such preset; the message suggests the nearest names.</exception>
    internal static NasOptions Get(string name) => All.FirstOrDefault(preset => preset.Preset == name)
        ?? throw new OptionException(Suggestion.Sentence("preset", name, All.Select(preset => preset.Preset!)));

    /// <summary>What is set for a method, with every preset.</summary>
    internal static NasTuning Tuning(string method) => Tunings.GetValueOrDefault(method, Constant);
}
