namespace DiscreteGradients.Experiments;

/// <summary>A method whose trees are not learnt.</summary>
/// <param name="Tree">Its name.</param>
internal sealed record ControlTrees(string Tree);

/// <summary>A reader without a model, who leaves out lists that are nested too deep.</summary>
/// <param name="Depth">The deepest lists it reads; 0 for one that always says what is most frequent in training.</param>
internal sealed record Shortcut(int Depth);

/// <summary>
/// What is compared on ListOps: estimators of the scores' gradient, controls whose trees nobody learns, and shortcuts, which say what an
/// accuracy is worth.
/// </summary>
internal static class ListOpsMethods
{
    private static readonly (string Name, string Summary, MergeRule Rule)[] Controls =
    [
        ("random-trees", "control: trees drawn from scores that are never trained", new UntrainedMerges()),
        ("left-to-right", "control: the first pair is merged, always", MergeRule.LeftToRight),
        ("right-to-left", "control: the last pair is merged, always", MergeRule.RightToLeft),
        ("balanced", "control: neighbours are merged round by round", MergeRule.Balanced),
        ("true-trees", "control: the true bracketing", MergeRule.Given),
    ];

    internal static IReadOnlyList<MethodEntry> All { get; } =
    [
        .. MethodEntry.AllEstimators,
        .. Controls.Select(control => new MethodEntry(control.Name, control.Summary, [], _ => new ControlTrees(control.Name))
        {
            IsReference = true,
        }),
        Baseline("majority", "the value that is most frequent in training", 0),
        Baseline("depth-1", "the outermost operator over the digits directly under it", 1),
        Baseline("depth-2", "lists nested deeper than 2 are left out", 2),
        Baseline("depth-3", "lists nested deeper than 3 are left out", 3),
    ];

    internal static bool IsEstimator(string method) => MethodEntry.AllEstimators.Any(entry => entry.Name == method);

    /// <summary>Null if a method can choose merges, else one sentence.</summary>
    internal static string? WhyNot(Method method) => method.Made switch
    {
        IBinaryEstimator => "it needs 2 categories a latent; merges are chosen among as many pairs as there are.",
        PathwiseEstimator or ControlTrees or Shortcut => null,
        _ => "merges need a pathwise estimator, whose gradient comes from one reading; it is none.",
    };

    /// <summary>How a method that has a model chooses merges.</summary>
    internal static MergeRule Rule(Method method) => method.Made is ControlTrees control
        ? Controls.Single(rule => rule.Name == control.Tree).Rule
        : new EstimatedMerges((PathwiseEstimator)method.Estimator);

    private static MethodEntry Baseline(string name, string summary, int depth) =>
        new(name, $"shortcut: {summary}", [], _ => new Shortcut(depth)) { IsReference = true, IsTuned = false };
}
