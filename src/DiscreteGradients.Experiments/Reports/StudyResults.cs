namespace DiscreteGradients.Experiments;

/// <summary>What a study has found: the losses at the end of its finished runs, from their files.</summary>
internal sealed class StudyResults
{
    private readonly Dictionary<string, (RunRecord Record, IReadOnlyList<EstimatorSummary> Summaries)> _runs = [];

    private StudyResults(StudyRecord study, string folder)
    {
        Study = study;
        foreach (var cell in study.Cells.Where(cell => File.Exists(Path.Combine(folder, cell.Name, "run.json"))))
        {
            var run = StoredRun.Read(Path.Combine(folder, cell.Name));
            if (run.Record.Finished)
                _runs[cell.Name] = (run.Record, EstimatorSummary.Of(run.Lines));
        }

        Estimators = [.. _runs.Values.SelectMany(run => run.Record.Estimators).Select(e => e.Name).Distinct()];
        IsGap = _runs.Values.All(run => run.Record.Optimum is not null && run.Summaries.All(s => s.ExpectedLoss is not null));
    }

    internal StudyRecord Study { get; }

    /// <summary>The estimators of any run.</summary>
    internal IReadOnlyList<string> Estimators { get; }

    /// <summary>Runs that are finished.</summary>
    internal int Finished => _runs.Count;

    /// <summary>The most seeds of a run.</summary>
    internal int Seeds => _runs.Values.Max(run => run.Record.Seeds.Count);

    /// <summary>Whether <see cref="Loss"/> is the expected loss above the known optimum; else it is the train loss.</summary>
    internal bool IsGap { get; }

    internal string LossName => IsGap ? "expected loss above the optimum" : "train loss";

    /// <summary>Reads a study and its runs.</summary>
    /// <exception cref="OptionException">A file is damaged.</exception>
    internal static StudyResults Read(string folder) => new(StudyRecord.Read(folder), folder);

    /// <summary>Over the seeds of a run; null where no finished run has the estimator.</summary>
    internal Spread? Loss(string estimator, StudyCell cell) =>
        !_runs.TryGetValue(cell.Name, out var run) || run.Summaries.FirstOrDefault(s => s.Estimator == estimator) is not { } summary ? null
        : IsGap ? summary.ExpectedLoss!.Value with { Mean = summary.ExpectedLoss.Value.Mean - run.Record.Optimum!.Value }
        : summary.TrainLoss;

    /// <summary>The summaries of all runs as comma-separated values, with the values of the axes before and the optimum behind.</summary>
    internal string ToCsv() => string.Concat(Study.Cells.Where(cell => _runs.ContainsKey(cell.Name)).SelectMany((cell, index) =>
    {
        var (record, summaries) = _runs[cell.Name];
        var lines = EstimatorSummary.ToCsv(summaries).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines[1..].Select(line => FormattableString.Invariant($"{string.Join(',', cell.Values.Select(v => v.Value))},{line},{record.Optimum}\n"))
            .Prepend(index == 0 ? $"{string.Join(',', Study.Axes.Select(axis => axis.Name))},{lines[0]},optimum\n" : "");
    }));
}
