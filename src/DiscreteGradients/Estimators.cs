namespace DiscreteGradients;

/// <summary>A named configuration of an estimator.</summary>
public sealed class EstimatorEntry
{
    private readonly RegistryRow<GradientEstimator> _row;

    internal EstimatorEntry(string name, string summary, Func<SettingReader, GradientEstimator> create) =>
        (Name, Summary, _row) = (name, summary, new(name, create));

    /// <summary>The name used by the tool, tables and run files.</summary>
    public string Name { get; }

    /// <summary>One line for people.</summary>
    public string Summary { get; }

    /// <summary>Its family: pathwise, score function, adaptive or enumeration.</summary>
    public string Kind => _row.Default switch
    {
        PathwiseEstimator => "pathwise",
        ScoreFunctionEstimator => "score function",
        AdaptiveEstimator => "adaptive",
        _ => "enumeration",
    };

    /// <summary>The estimator with its published defaults, a copy at every call: nobody shares what an adaptive one learns.</summary>
    public GradientEstimator Default => _row.Default with { };

    /// <summary>What can be set.</summary>
    public IReadOnlyList<EstimatorSetting> Settings => _row.Settings;

    /// <summary>Whether it has a setting of that name.</summary>
    public bool Has(string setting) => _row.Has(setting);

    /// <summary>Creates the estimator.</summary>
    /// <param name="settings">Numbers, texts or JSON values by the names of <see cref="Settings"/>. The rest is as published.</param>
    /// <exception cref="ArgumentException">A value is of the wrong type or out of range, or the estimator has no such setting.</exception>
    public GradientEstimator Create(IReadOnlyDictionary<string, object> settings) => _row.Create(settings);

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>The registry: one row per named estimator. Tests, benchmarks, the tool and the docs enumerate it, in this order.</summary>
public static class Estimators
{
    /// <summary>Every estimator.</summary>
    public static IReadOnlyList<EstimatorEntry> All { get; } =
    [
        new("exact", "exact gradient by enumeration of all states", _ => new ExactEnumeration()),
        new("reinmax", "second order (Heun), at the cost of straight-through", s => new ReinMax(s.Temperature(1))),
        new("reinmax-uniform", "second order with a uniform baseline", _ => new ReinMaxUniform()),
        new("st", "straight-through: first order (Euler)", s => new StraightThrough(s.Temperature(1))),
        new("st-gumbel", "straight-through Gumbel-softmax", s => new GumbelRao(Draws: 1, s.Temperature(1))),
        new("gumbel-rao", "Gumbel-softmax averaged over noise that gives the same sample",
            s => new GumbelRao(
                s.Whole("noise_draws", 100, "at least 1", "draws of noise, given the sample, that are averaged"), s.Temperature(1))),
        new("gst-1.0", "gapped straight-through, gap 1", s => new GappedStraightThrough(1, s.Temperature(1))),
        new("gst-p", "gapped straight-through, gap by probability", s => new GappedStraightThrough(null, s.Temperature(1))),
        new("decoupled-st", "straight-through with a temperature of its own for the sample",
            s => new DecoupledStraightThrough(
                s.Number("forward_temperature", 1, "from 1e-30 to 1e30", "temperature of the law that the sample is drawn from"),
                s.Temperature(1))),
        new("reinforce", "score function without a baseline", s => new Reinforce(s.Samples(1, "at least 1"))),
        new("rloo", "score function with leave-one-out baseline", s => new Rloo(s.Samples(2, "at least 2"))),
        new("disarm", "two categories: an antithetic pair, its noise integrated out",
            s => new Disarm(s.Samples(2, "an even number, at least 2"))),
        new("arms", "two categories: any number of samples that repel each other", s => new Arms(s.Samples(4, "at least 2"))),
        new("disarm-sb", "antithetic pair of a broken stick, its noise integrated out",
            s => new DisarmStickBreaking(s.Samples(2, "an even number, at least 2"))),
        new("disarm-iw", "antithetic pair of a broken stick, reweighted",
            s => new DisarmImportanceWeighted(s.Samples(2, "an even number, at least 2"))),
        new("carms", "any number of samples that repel each other", s => new Carms(s.Samples(4, "at least 2"))),
        new("unordered-set", "different joint states, drawn without replacement", s => new UnorderedSet(s.Samples(4, "from 2 to 8"))),
        new("sum-and-sample", "the most probable joint states summed, one sample of the rest",
            s => new SumAndSample(s.Samples(4, "at least 2"))),
        new("reinforce-baseline", "score function with a moving average as its baseline",
            s => new ReinforceBaseline(s.Samples(1, "at least 1"))),
        new("double-cv", "leave-one-out baseline and f linearised at the other samples", s => new DoubleCv(s.Samples(2, "at least 2"))),
        new("rodeo", "leave-one-out baseline and learnt control variates from a Stein operator",
            s => new Rodeo(s.Samples(2, "at least 2"))),
        new("muprop", "score function with the expansion of f at the mean as its baseline", s => new MuProp(s.Samples(1, "at least 1"))),
        new("rebar", "score function with f at a relaxed sample as its baseline",
            s => new Rebar(s.Samples(1, "at least 1"), s.StartingTemperature(0.5))),
        new("relax", "as rebar, with a free network added to the baseline",
            s => new Relax(s.Samples(1, "at least 1"), s.StartingTemperature(0.1))),
    ];

    /// <summary>The entry of that name.</summary>
    /// <exception cref="ArgumentException">No such estimator; the message suggests the nearest names.</exception>
    public static EstimatorEntry Get(string name)
    {
        Check.Given(name);
        return All.FirstOrDefault(entry => entry.Name == name)
            ?? throw new ArgumentException(Suggestion.Sentence("estimator", name, All.Select(entry => entry.Name)), nameof(name));
    }
}
