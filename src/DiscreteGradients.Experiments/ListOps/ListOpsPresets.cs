namespace DiscreteGradients.Experiments;

/// <summary>How one estimator is trained.</summary>
internal sealed record ListOpsTuning(double Lr, double Temperature);

/// <summary>Settings by name.</summary>
/// <param name="Options">What all methods share.</param>
/// <param name="Tunings">By the name of the estimator; empty if all have the same learning rate.</param>
internal sealed record ListOpsPreset(ListOpsOptions Options, IReadOnlyDictionary<string, ListOpsTuning> Tunings);

/// <summary>
/// The settings of Liu et al. 2023, arXiv 2304.08612, table 8 (RAdam for all), and those of the columns of table 1 of Paulus, Maddison,
/// Krause 2021, arXiv 2010.04838. The latter says that batches have the size of the longest sentence and that methods are selected by their
/// validation accuracy; how tokens are counted, the optimiser's settings, the size and the number of steps are choices made here.
/// </summary>
internal static class ListOpsPresets
{
    private static readonly Dictionary<string, ListOpsTuning> Nothing = [];

    private static readonly ListOpsTuning Control = new(7e-4, 1);

    internal static IReadOnlyList<ListOpsPreset> All { get; } =
    [
        new(
            new()
            {
                Preset = "paper",
                Tokens = ListOpsTokens.Characters,
                Hidden = 300,
                Classes = 11,
                Epochs = 20,
            },
            new Dictionary<string, ListOpsTuning>
            {
                ["st-gumbel"] = new(5e-4, 0.1),
                ["gumbel-rao"] = new(5e-4, 0.3),
                ["gst-1.0"] = new(1e-3, 0.1),
                ["st"] = new(1e-3, 1.4),
                ["reinmax"] = new(7e-4, 1.1),
            }),
        GumbelRao(10, steps: 800),
        GumbelRao(25, steps: 800),
        GumbelRao(50, steps: 800),
        new(new() { Preset = "quick", Longest = 10, Hidden = 32, Rows = 5_000, Epochs = 3 }, Nothing),
    ];

    /// <summary>The preset of that name.</summary>
    /// <exception cref="OptionException">No such preset; the message suggests the nearest names.</exception>
    internal static ListOpsPreset Get(string name) => All.FirstOrDefault(preset => preset.Options.Preset == name)
        ?? throw new OptionException(Suggestion.Sentence("preset", name, All.Select(preset => preset.Options.Preset!)));

    /// <summary>How a preset trains a method; null if it says nothing of it. Trees that nobody learns are trained as for ReinMax.</summary>
    internal static ListOpsTuning? Tuning(this ListOpsPreset preset, string method) =>
        preset.Tunings.GetValueOrDefault(method)
        ?? (preset.Tunings.Count > 0 && !ListOpsMethods.IsEstimator(method) ? Control : null);

    private static ListOpsPreset GumbelRao(int longest, int steps) => new(
        new()
        {
            Preset = $"gumbel-rao-{longest}",
            Longest = longest,
            Batch = longest,
            Steps = steps,
            Epochs = 10,
            Dropout = 0.1,
        },
        Nothing);
}
