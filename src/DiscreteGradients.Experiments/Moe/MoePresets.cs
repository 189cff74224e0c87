namespace DiscreteGradients.Experiments;

/// <summary>Settings by name.</summary>
internal static class MoePresets
{
    private static readonly MoeOptions Regression = new()
    {
        Task = MoeTask.Regression,
        Width = 8,
        Batch = 256,
        Lr = 3e-3,
        Steps = 200,
    };

    internal static IReadOnlyList<MoeOptions> All { get; } =
    [
        new()
        {
            Preset = "makemoe",
            Layers = 8,
            Width = 128,
            Heads = 8,
            Hidden = 512,
            Epochs = 5,
            Steps = 1000,
        },
        new() { Preset = "small", Balance = 0.01 },
        new() { Preset = "quick", Layers = 1, Width = 32, Heads = 2, Experts = 4, Epochs = 2, Steps = 50 },
        Regression with { Preset = "switching" },
        Regression with { Preset = "pick-one", Hint = MoeHint.Region, Classes = 4, Experts = 4, Steps = 150 },
    ];

    /// <summary>The preset of that name.</summary>
    /// <exception cref="OptionException">No such preset; the message suggests the nearest names.</exception>
    internal static MoeOptions Get(string name) => All.FirstOrDefault(preset => preset.Preset == name)
        ?? throw new OptionException(Suggestion.Sentence("preset", name, All.Select(preset => preset.Preset!)));
}
