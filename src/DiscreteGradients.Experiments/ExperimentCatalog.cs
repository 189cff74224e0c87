namespace DiscreteGradients.Experiments;

/// <summary>An experiment by name. Its options record is the single list of its settings: the tool makes its flags from it.</summary>
public sealed record ExperimentEntry(string Name, string Summary, Type OptionsType, Func<object, Experiment> Create)
{
    internal static ExperimentEntry For<TOptions>(string name, string summary, Func<TOptions, Experiment> create) =>
        new(name, summary, typeof(TOptions), options => create((TOptions)options));
}

/// <summary>The second registry: one row per experiment.</summary>
public static class ExperimentCatalog
{
    /// <summary>Every experiment.</summary>
    public static IReadOnlyList<ExperimentEntry> All { get; } =
    [
        ExperimentEntry.For<PolynomialOptions>("polynomial", "polynomial programming over binary latents", o => new PolynomialExperiment(o)),
        ExperimentEntry.For<VaeOptions>("vae", "variational autoencoder with categorical latents on grey images", o => new VaeExperiment(o)),
    ];
}

/// <summary>An option that cannot be used. The message is one sentence for the user: expected, got, remedy.</summary>
public sealed class OptionException(string message) : Exception(message);
