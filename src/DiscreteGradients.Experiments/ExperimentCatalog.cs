namespace DiscreteGradients.Experiments;

/// <summary>An experiment by name. Its options record is the single list of its settings: the tool makes its flags from it.</summary>
/// <param name="DefaultEstimators">Names, separated by commas, of the estimators to run if none is asked for; null for all that apply.</param>
public sealed record ExperimentEntry(
    string Name, string Summary, Type OptionsType, Func<object, Experiment> Create, string? DefaultEstimators = null)
{
    internal static ExperimentEntry For<TOptions>(
        string name, string summary, Func<TOptions, Experiment> create, string? defaultEstimators = null) =>
        new(name, summary, typeof(TOptions), options => create((TOptions)options), defaultEstimators);
}

/// <summary>The second registry: one row per experiment.</summary>
public static class ExperimentCatalog
{
    /// <summary>Every experiment.</summary>
    public static IReadOnlyList<ExperimentEntry> All { get; } =
    [
        ExperimentEntry.For<PolynomialOptions>("polynomial", "polynomial programming over binary latents", o => new PolynomialExperiment(o)),
        ExperimentEntry.For<VaeOptions>("vae", "variational autoencoder with categorical latents on grey images", o => new VaeExperiment(o), "reinmax"),
    ];
}

/// <summary>An option that cannot be used. The message is one sentence for the user: expected, got, remedy.</summary>
public sealed class OptionException(string message) : Exception(message)
{
    /// <summary>The data set that is not on this machine, if that is what is wrong: it may be downloaded.</summary>
    internal MissingSet? Missing { get; init; }
}
