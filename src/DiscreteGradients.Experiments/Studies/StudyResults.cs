namespace DiscreteGradients.Experiments;

/// <summary>What a study has found: the headline metric at the end of its finished runs, from their files.</summary>
internal sealed class StudyResults
{
    private readonly Dictionary<string, (RunRecord Record, IReadOnlyList<Metric> Metrics, IReadOnlyList<MethodSummary> Summaries)>
        _runs = [];

    private StudyResults(StudyRecord study, string folder)
    {
        (Study, Folder) = (study, folder);
        foreach (var cell in study.Cells.Where(cell => File.Exists(Path.Combine(folder, cell.Name, "run.json"))))
        {
            var run = StoredRun.Read(Path.Combine(folder, cell.Name));
            if (!run.Record.Finished)
                continue;
            var metrics = ExperimentCatalog.Metrics(run.Record, run.Lines);
            _runs[cell.Name] = (run.Record, metrics, MethodSummary.Of(run.Lines, metrics));
        }

        Methods = [.. _runs.Values.SelectMany(run => run.Record.Methods).Select(e => e.Name).Distinct()];
        IsGap = _runs.Values.All(run => run.Record.Optimum is not null && run.Summaries.All(s => s[run.Metrics.Headline()] is not null));
    }

    /// <summary>What the runs have in common and differ in.</summary>
    public StudyRecord Study { get; }

    /// <summary>Where they are.</summary>
    public string Folder { get; }

    /// <summary>The methods of any run.</summary>
    internal IReadOnlyList<string> Methods { get; }

    /// <summary>Runs that are finished.</summary>
    internal int Finished => _runs.Count;

    /// <summary>The most seeds of a run.</summary>
    internal int Seeds => _runs.Values.Max(run => run.Record.Seeds.Count);

    /// <summary>The metric that decides.</summary>
    internal Metric Headline => _runs.Values.First().Metrics.Headline();

    /// <summary>Whether <see cref="Value"/> is the distance to the known optimum.</summary>
    internal bool IsGap { get; }

    /// <summary>What <see cref="Value"/> is, for people.</summary>
    internal string ValueName => IsGap ? $"{Headline.GapWords} the optimum" : Headline.Title;

    /// <summary>Reads a study and its runs.</summary>
    /// <exception cref="OptionException">A file is damaged.</exception>
    internal static StudyResults Read(string folder) => new(StudyRecord.Read(folder), folder);

    /// <summary>Over the seeds of a run; null where no finished run has the method.</summary>
    internal Spread? Value(string method, StudyCell cell)
    {
        if (!_runs.TryGetValue(cell.Name, out var run)
            || run.Summaries.FirstOrDefault(s => s.Method == method)?[run.Metrics.Headline()] is not { } value)
            return null;
        return IsGap ? value with { Mean = Headline.Gap(value.Mean, run.Record.Optimum!.Value) } : value;
    }

    /// <summary>What to know of the numbers, as sentences.</summary>
    internal IEnumerable<string> Notes =>
        _runs.Values.SelectMany(run => ExperimentCatalog.Notes(run.Record.Experiment, run.Record.Options)).Distinct();

    /// <summary>Whether a higher <see cref="Value"/> is better.</summary>
    internal bool IsHigherBetter => !IsGap && Headline.Better == Direction.Higher;

    /// <summary>Smaller for the better of two values.</summary>
    internal double Rank(double value) => IsGap ? value : Headline.Rank(value);

    /// <summary>The methods that have the best value of a cell.</summary>
    internal bool IsBest(string method, StudyCell cell) =>
        Value(method, cell) is { Mean: var mean }
            && Rank(mean) ==
         Methods.Min(other => Value(other, cell) is { Mean: var theirs } ? Rank(theirs) : (double?)null);

    /// <summary>The summaries of all runs as comma-separated values, with the values of the axes before and the optimum behind.</summary>
    internal string ToCsv() => string.Concat(Study.Cells.Where(cell => _runs.ContainsKey(cell.Name)).SelectMany((cell, index) =>
    {
        var (record, metrics, summaries) = _runs[cell.Name];
        var lines = MethodSummary.ToCsv(summaries, metrics).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines[1..].Select(line =>
            FormattableString.Invariant($"{string.Join(',', cell.Values.Select(v => v.Value))},{line},{record.Optimum}\n"))
            .Prepend(index == 0 ? $"{string.Join(',', Study.Axes.Select(axis => axis.Name))},{lines[0]},optimum\n" : "");
    }));
}
