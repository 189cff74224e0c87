namespace DiscreteGradients;

/// <summary>A named configuration of an estimator.</summary>
public sealed class EstimatorEntry
{
    private readonly Func<Knobs, GradientEstimator> _create;

    internal EstimatorEntry(string name, string summary, Func<Knobs, GradientEstimator> create)
    {
        (Name, Summary, _create) = (name, summary, create);
        var knobs = new Knobs(EstimatorSettings.Default);
        Default = create(knobs);
        Knobs = knobs.Names;
    }

    /// <summary>The name used by the tool, tables and run files.</summary>
    public string Name { get; }

    /// <summary>One line for people.</summary>
    public string Summary { get; }

    /// <summary>The estimator with its published defaults. A copy at every call, so that nobody shares what an adaptive one has learnt.</summary>
    public GradientEstimator Default => field with { };

    /// <summary>Names of the <see cref="EstimatorSettings"/> properties this estimator has.</summary>
    public IReadOnlyCollection<string> Knobs { get; }

    /// <summary>Creates the estimator.</summary>
    /// <exception cref="ArgumentException">A setting is out of range, or the estimator has no such setting.</exception>
    public GradientEstimator Create(EstimatorSettings settings)
    {
        Check.Given(settings);
        var knobs = new Knobs(settings);
        var estimator = _create(knobs);
        return knobs.FirstUnread() is { } unread
            ? throw new ArgumentException($"'{Name}' has no {unread}.", nameof(settings))
            : estimator;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>The registry: one row per named estimator. Tests, benchmarks, the tool and the docs table enumerate it, in this order.</summary>
public static class Estimators
{
    /// <summary>Every estimator.</summary>
    public static IReadOnlyList<EstimatorEntry> All { get; } =
    [
        new("exact", "exact gradient by enumeration of all states", _ => new ExactEnumeration()),
        new("reinmax", "second order (Heun), at the cost of straight-through", k => new ReinMax(k.Temperature(1))),
        new("reinmax-uniform", "second order with a uniform baseline", _ => new ReinMaxUniform()),
        new("st", "straight-through: first order (Euler)", k => new StraightThrough(k.Temperature(1))),
        new("st-gumbel", "straight-through Gumbel-softmax", k => new GumbelRao(Draws: 1, k.Temperature(1))),
        new("gumbel-rao", "Gumbel-softmax averaged over noise that gives the same sample", k => new GumbelRao(k.Draws(100), k.Temperature(1))),
        new("gst-1.0", "gapped straight-through, gap 1", k => new GappedStraightThrough(1, k.Temperature(1))),
        new("gst-p", "gapped straight-through, gap by probability", k => new GappedStraightThrough(null, k.Temperature(1))),
        new("reinforce", "score function without a baseline", k => new Reinforce(k.Samples(1))),
        new("rloo", "score function with leave-one-out baseline", k => new Rloo(k.Samples(2))),
        new("disarm", "two categories: an antithetic pair, its noise integrated out", k => new Disarm(k.Samples(2))),
        new("arms", "two categories: any number of samples that repel each other", k => new Arms(k.Samples(4))),
        new("disarm-sb", "antithetic pair of a broken stick, its noise integrated out", k => new DisarmStickBreaking(k.Samples(2))),
        new("disarm-iw", "antithetic pair of a broken stick, reweighted", k => new DisarmImportanceWeighted(k.Samples(2))),
        new("carms", "any number of samples that repel each other", k => new Carms(k.Samples(4))),
        new("unordered-set", "different joint states, drawn without replacement", k => new UnorderedSet(k.Samples(4))),
        new("sum-and-sample", "the most probable joint states summed, one sample of the rest", k => new SumAndSample(k.Samples(4))),
        new("reinforce-baseline", "score function with a moving average as its baseline", k => new ReinforceBaseline(k.Samples(1))),
        new("double-cv", "leave-one-out baseline and f linearised at the other samples", k => new DoubleCv(k.Samples(2))),
        new("rodeo", "leave-one-out baseline and learnt control variates from a Stein operator", k => new Rodeo(k.Samples(2))),
        new("muprop", "score function with the expansion of f at the mean as its baseline", k => new MuProp(k.Samples(1))),
        new("rebar", "score function with f at a relaxed sample as its baseline", k => new Rebar(k.Samples(1), k.Temperature(0.5))),
        new("relax", "as rebar, with a free network added to the baseline", k => new Relax(k.Samples(1), k.Temperature(0.1))),
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
