namespace DiscreteGradients.Experiments;

/// <summary>A control: weights are trained with cells drawn from logits that stay as they began.</summary>
internal sealed record UntrainedCells;

/// <summary>Search without a network: cells at random, of which the best by its validation accuracy after 12 epochs is taken.</summary>
/// <param name="Cells">Cells that are looked at.</param>
internal sealed record RandomCells(int Cells);

/// <summary>
/// What is compared: every pathwise estimator with the outputs of all operations, the forms that run one operation, and searches without
/// a gradient.
/// </summary>
internal static class NasMethods
{
    internal const string Temperature = "temperature";

    private static readonly EstimatorSetting Cells = new(
        "cells", 10, "at least 1", "cells that are looked at, by validation accuracy after 12 epochs of training");

    internal static IReadOnlyList<MethodEntry> All { get; } =
    [
        .. MethodEntry.AllEstimators,
        new(
            "gdas", "GDAS as released: straight-through Gumbel-softmax, and one operation run", [.. Tempered("st-gumbel")],
            settings => new GdasRule(new GumbelRao(1, (double)settings[Temperature]))),
        new(
            "gdas-reinmax", "ReinMax in GDAS's form: one operation run, so that its second order is lost", [.. Tempered("reinmax")],
            settings => new GdasRule(new ReinMax((double)settings[Temperature]))),
        new("dsnas", "DSNAS: REINFORCE of the linearised loss with a baseline of zero, one operation run", [], _ => new EulerRule()),
        new("mid-point", "the same at half the output: second order, one operation run", [], _ => new MidpointRule()),
        new("untrained", "control: cells drawn from logits that are never trained", [], _ => new UntrainedCells())
        {
            IsReference = true,
            IsTuned = false,  // weights alone are trained
        },
        new("random-search", "no network: the best of some random cells after 12 epochs of training", [Cells],
            settings => new RandomCells((int)settings[Cells.Name] is >= 1 and var cells
                ? cells
                : throw new ArgumentException($"cells must be at least 1; got {settings[Cells.Name]}.")))
        {
            IsReference = true,
            IsTuned = false,
        },
    ];

    /// <summary>Null if a method can search, else one sentence.</summary>
    internal static string? WhyNot(Method method) => method.Made switch
    {
        IBinaryEstimator => $"it needs 2 categories a choice; an edge has {NasOperations.All.Count} operations.",
        GradientEstimator and not PathwiseEstimator =>
            "a network is searched by a pathwise estimator, whose gradient comes from one pass; it is none.",
        _ => null,
    };

    /// <summary>Null if there is a gradient of a method to be measured, else one sentence.</summary>
    internal static string? WhyNotMeasured(Method method) =>
        WhyNot(method) ?? (method.Made is UntrainedCells or RandomCells ? "it has no gradient." : null);

    /// <summary>
    /// How a method chooses operations at a temperature, which one that has none ignores; null for one that has no network.
    /// </summary>
    internal static ChoiceRule? Rule(Method method, double? temperature)
    {
        var entry = All.FirstOrDefault(entry => entry.Name == method.Name);
        var made = temperature is not null && entry?.Has(Temperature) == true
            ? entry.With(new Dictionary<string, object>(method.Settings) { [Temperature] = temperature }).Made
            : method.Made;
        return made switch
        {
            ChoiceRule rule => rule,
            PathwiseEstimator estimator => new DenseRule(estimator),
            UntrainedCells => new EulerRule(),  // whose gradient nobody asks for
            _ => null,
        };
    }

    private static IEnumerable<EstimatorSetting> Tempered(string estimator) =>
        Estimators.Get(estimator).Settings.Where(setting => setting.Name == Temperature);
}
