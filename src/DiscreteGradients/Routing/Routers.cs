namespace DiscreteGradients;

/// <summary>A named configuration of a router.</summary>
public sealed class RouterEntry
{
    private readonly RegistryRow<Router> _row;

    internal RouterEntry(string name, string summary, Func<SettingReader, Router> create) =>
        (Name, Summary, _row) = (name, summary, new(name, create));

    /// <summary>The name used by the tool, tables and run files.</summary>
    public string Name { get; }

    /// <summary>One line for people.</summary>
    public string Summary { get; }

    /// <summary>The router with its published defaults.</summary>
    public Router Default => _row.Default;

    /// <summary>What can be set.</summary>
    public IReadOnlyList<EstimatorSetting> Settings => _row.Settings;

    /// <summary>Creates the router.</summary>
    /// <param name="settings">Numbers, texts or JSON values by the names of <see cref="Settings"/>. The rest is as published.</param>
    /// <exception cref="ArgumentException">A value is of the wrong type or out of range, or the router has no such setting.</exception>
    public Router Create(IReadOnlyDictionary<string, object> settings) => _row.Create(settings);

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>The registry of routers: one row per named router. Tests, the tool and the docs enumerate it, in this order.</summary>
public static class Routers
{
    /// <summary>Every router.</summary>
    public static IReadOnlyList<RouterEntry> All { get; } =
    [
        new("switch", "the best expert, weighted by its probability",
            s => new SwitchRouter(s.Number(
                "input_jitter", 0.01, "at least 0 and below 1", "relative size of the noise on the router's input in training"))),
        new("top-k", "the best experts, weighted by the softmax over them", s => new TopKRouter(Picks(s, 2))),
        new("noisy-top-k", "top-k of scores with learnt noise", s => new TopKRouter(Picks(s, 2), IsNoisy: true)),
        new("dense", "all experts, weighted by their probabilities", _ => new DenseRouter()),
        new("sparsemixer", "a drawn expert, mid-point rule for the choice", s => new SparseMixerRouter(Picks(s, 1), Threshold(s, 0.1))),
        new("sparsemixer-2", "drawn experts, third order, as used for GRIN",
            s => new SparseMixer2Router(Picks(s, 2), Threshold(s, 0.01))),
        new("sparsemixer-2-star", "drawn experts, third order, corrected",
            s => new SparseMixer2Router(Picks(s, 2), Threshold(s, 0.01), IsCorrected: true)),
        new("dense-st", "top-k forward, the gradient of all experts (DenseMixer)", s => new DenseStraightThroughRouter(Picks(s, 2))),
        new("reinmax", "a drawn expert, ReinMax with the outputs of all", s => new SampledRouter(new ReinMax(s.Temperature(1)))),
        new("st", "a drawn expert, straight-through with the outputs of all",
            s => new SampledRouter(new StraightThrough(s.Temperature(1)))),
        new("expert-choice", "every expert takes its best tokens",
            s => new ExpertChoiceRouter(s.Number(
                "experts_per_token", 2, "above 0", "experts that take a token, in the mean"))),
    ];

    /// <summary>The entry of that name.</summary>
    /// <exception cref="ArgumentException">No such router; the message suggests the nearest names.</exception>
    public static RouterEntry Get(string name)
    {
        Check.Given(name);
        return All.FirstOrDefault(entry => entry.Name == name)
            ?? throw new ArgumentException(Suggestion.Sentence("router", name, All.Select(entry => entry.Name)), nameof(name));
    }

    private static int Picks(SettingReader s, int published) =>
        s.Whole("picks", published, "from 1 to the number of experts", "experts for each token");

    private static double Threshold(SettingReader s, double published) => s.Number(
        "mask_threshold", published, "above 0, at most 1", "how far below the best score, relatively, an expert may still be drawn");
}
