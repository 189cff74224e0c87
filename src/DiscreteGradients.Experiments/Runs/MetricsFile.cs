namespace DiscreteGradients.Experiments;

/// <summary>Reads <c>metrics.jsonl</c>: every line must be whole and belong to the run.</summary>
internal static class MetricsFile
{
    /// <summary>What to do about a damaged file, as a sentence.</summary>
    internal const string Remedy = "Move the run's folder away or repair it.";

    /// <summary>The lines as they stand and as they read. What follows the last line break is being written, or was cut off.</summary>
    /// <param name="record">The run; null if the lines may be of any.</param>
    /// <exception cref="OptionException">A line is damaged or of another run, or a finished run lacks one.</exception>
    internal static List<(string Text, MetricsLine Line)> Read(string path, RunRecord? record)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        var lines = new List<(string, MetricsLine)>();
        var runs = new Dictionary<(string, long), (int Epoch, bool Checked)>();
        var estimators = record?.Methods.Select(e => e.Name).ToHashSet();
        var seeds = record?.Seeds.ToHashSet();
        var required = record is null
            ? (List<Metric>)[]
            : ExperimentCatalog.Metrics(record, []).Results().Where(metric => !metric.IsSparse).ToList();
        foreach (var (index, text) in reader.ReadToEnd().Split('\n')[..^1].Index())
        {
            MetricsLine line;
            try
            {
                line = MetricsLine.Read(text);
            }
            catch (WrongJsonException e)
            {
                throw Damaged(path, index + 1, e.Message);
            }

            var run = (line.Method ?? "", line.Seed);
            var before = runs.GetValueOrDefault(run);
            var isChecked = MetricsLine.IsChecked(text);
            var wrong = record is null ? null
                : line.Experiment != record.Experiment ? $"experiment must be '{record.Experiment}'"
                : !estimators!.Contains(run.Item1) ? "its estimator is not in run.json"
                : !seeds!.Contains(line.Seed) ? "its seed is not in run.json"
                : line.Epoch != before.Epoch + 1
                    ? $"epoch {before.Epoch + 1} of {line.Method}, seed {line.Seed}, must come next; got epoch {line.Epoch}"
                : line.Epoch > record.Epochs ? $"run.json has {record.Epochs} epochs; got epoch {line.Epoch}"
                : required.Find(metric => line[metric.Name] is null) is { } missing ? $"field '{missing.Name}' {StrictJson.Missing}"
                : before.Checked && !isChecked ? "it has no check, though the line before it has one"
                : null;
            if (wrong is not null)
                throw Damaged(path, index + 1, wrong);
            runs[run] = (line.Epoch, isChecked);
            lines.Add((text, line));
        }

        if (record is { Finished: true })
        {
            foreach (var (estimator, seed) in record.Methods.SelectMany(e => record.Seeds.Select(seed => (e.Name, seed))))
            {
                var epoch = runs.GetValueOrDefault((estimator, seed)).Epoch;
                if (epoch < record.Epochs)
                {
                    throw new OptionException(
                        $"'{path}' is damaged: run.json says that the run is finished, "
                        + $"but epoch {epoch + 1} of {estimator}, seed {seed}, is not there. {Remedy}");
                }
            }
        }

        return lines;
    }

    private static OptionException Damaged(string path, int line, string what) =>
        new($"'{path}', line {line}, is damaged: {what}. {Remedy}");
}
