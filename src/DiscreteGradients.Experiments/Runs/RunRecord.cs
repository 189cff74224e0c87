namespace DiscreteGradients.Experiments;

/// <summary><c>run.json</c>: everything that is needed to tell what a run was and to repeat it.</summary>
public sealed record RunRecord
{
    /// <summary>The experiment's name.</summary>
    public required string Experiment { get; init; }

    /// <summary>The options record, resolved.</summary>
    public required object Options { get; init; }

    /// <summary>The estimators, in the order of the run.</summary>
    public required IReadOnlyList<EstimatorRecord> Estimators { get; init; }

    /// <summary>The knobs the estimators were made with.</summary>
    public EstimatorSettings Settings { get; init; } = EstimatorSettings.Default;

    /// <summary>The seeds.</summary>
    public required IReadOnlyList<long> Seeds { get; init; }

    /// <summary>Epochs of a run.</summary>
    public required int Epochs { get; init; }

    /// <summary>The best reachable train loss, where it is known.</summary>
    public double? Optimum { get; init; }

    /// <summary>Versions of everything that computes.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>The source revision, where it is known.</summary>
    public string? Commit { get; init; }

    /// <summary>Operating system and processor.</summary>
    public required IReadOnlyDictionary<string, string> Machine { get; init; }

    /// <summary>Threads of libtorch, for each run.</summary>
    public required int Threads { get; init; }

    /// <summary>Runs side by side.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>When the run began, UTC.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>Duration of the run so far, without parts that were killed.</summary>
    public double WallSeconds { get; init; }

    /// <summary>False while it runs, and until it is resumed if it was interrupted.</summary>
    public bool Finished { get; init; }
}

/// <summary>An estimator by its name in the registry, with its hyperparameters spelt out.</summary>
public sealed record EstimatorRecord(string Name, string Configuration)
{
    /// <summary>The options record as this estimator has it, where a preset gives each its own.</summary>
    public object? Options { get; init; }
}
