using System.Text.Json;
using System.Text.RegularExpressions;

namespace DiscreteGradients.Experiments;

/// <summary>A run folder as it lies on the disk; the run may still be going on.</summary>
public sealed partial record StoredRun(string Folder, RunRecord Record, IReadOnlyList<MetricsLine> Lines)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
    };

    /// <summary>Reads every run in or below some folders.</summary>
    /// <exception cref="OptionException">A folder is not there or holds no run, or a file of a run is damaged.</exception>
    public static IReadOnlyList<StoredRun> ReadAll(IEnumerable<string> folders)
    {
        try
        {
            return [.. folders.SelectMany(Find).DistinctBy(Path.GetFullPath).Select(Read)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"DIR must be a folder that can be read; {e.Message}");
        }
    }

    private static IEnumerable<string> Find(string folder)
    {
        if (!Directory.Exists(folder))
            throw new OptionException($"DIR must be a folder; '{folder}' {(File.Exists(folder) ? "is a file" : "does not exist")}.");
        var everywhere = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };
        var found = Directory.GetFiles(folder, "run.json", everywhere).Select(file => Path.GetDirectoryName(file)!).Order(StringComparer.Ordinal).ToList();
        return found.Count > 0 ? found : throw new OptionException(
            $"DIR must be a run folder or hold some; there is no run.json in or below '{folder}'. 'dgrad run' makes run folders.");
    }

    /// <summary>Reads the run in a folder.</summary>
    /// <exception cref="OptionException">A file of it is missing or damaged.</exception>
    internal static StoredRun Read(string folder)
    {
        var record = ReadRecord(Path.Combine(folder, "run.json"));
        return new StoredRun(folder, record, ReadMetrics(Path.Combine(folder, "metrics.jsonl"), record));
    }

    private static RunRecord ReadRecord(string path)
    {
        try
        {
            var record = JsonSerializer.Deserialize<RunRecord>(File.ReadAllText(path), Json);
            var wrong = record is null ? "it must be an object"
                : record.Options is not JsonElement { ValueKind: JsonValueKind.Object } ? "options must be an object"
                : record.Estimators.Any(e => e?.Options is not (null or JsonElement { ValueKind: JsonValueKind.Object })) ? "options must be an object"
                : !Name().IsMatch(record.Experiment) ? "experiment must be a name"
                : record.Estimators.Any(e => e is not { Name: not null, Configuration: not null } || !Name().IsMatch(e.Name)) ? "estimators must have names"
                : record.Estimators.Select(e => e.Name).Distinct().Count() < record.Estimators.Count ? "an estimator is named twice"
                : record.Seeds.Distinct().Count() < record.Seeds.Count ? "a seed is named twice"
                : record.Epochs < 1 ? "epochs must be at least 1"
                : null;
            return wrong is null ? record! : throw Damaged(path, null, wrong);
        }
        catch (JsonException e)
        {
            throw Damaged(path, e.LineNumber + 1, "it is not the record of a run");
        }
    }

    private static List<MetricsLine> ReadMetrics(string path, RunRecord record)
    {
        if (!File.Exists(path))
            throw new OptionException($"'{path}' is missing, though run.json is there; move the folder away.");
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        var texts = reader.ReadToEnd().Split('\n');
        var lines = new List<MetricsLine>();
        var epochs = new Dictionary<(string, long), int>();
        var seeds = record.Seeds.ToHashSet();
        foreach (var (index, text) in texts[..^1].Index())  // what follows the last line break is being written, or was cut off
        {
            MetricsLine line;
            try
            {
                line = MetricsLine.Parse(text);
            }
            catch (JsonException)
            {
                throw Damaged(path, index + 1, "it is not the line of an epoch");
            }

            var before = epochs.GetValueOrDefault((line.Estimator ?? "", line.Seed));
            var wrong = line.Experiment != record.Experiment ? $"experiment must be '{record.Experiment}'"
                : !record.Estimators.Any(e => e.Name == line.Estimator) ? "its estimator is not in run.json"
                : !seeds.Contains(line.Seed) ? "its seed is not in run.json"
                : line.Epoch != before + 1 ? $"epoch {before + 1} of {line.Estimator}, seed {line.Seed}, must come next; got epoch {line.Epoch}"
                : line.Epoch > record.Epochs ? $"run.json has {record.Epochs} epochs; got epoch {line.Epoch}"
                : null;
            if (wrong is not null)
                throw Damaged(path, index + 1, wrong);
            epochs[(line.Estimator!, line.Seed)] = line.Epoch;
            lines.Add(line);
        }

        return lines;
    }

    private static OptionException Damaged(string path, long? line, string what) =>
        new($"'{path}'{(line is null ? "" : $", line {line},")} is damaged: {what}. Move the run's folder away or repair it.");

    /// <summary>What an experiment or an estimator may be called; names become names of files.</summary>
    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex Name();
}
