namespace DiscreteGradients.Experiments;

/// <summary>A run folder as it lies on the disk; the run may still be going on.</summary>
internal sealed record StoredRun(string Folder, RunRecord Record, IReadOnlyList<MetricsLine> Lines)
{
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
        var found = Directory.GetFiles(folder, "run.json", everywhere)
            .Select(file => Path.GetDirectoryName(file)!).Order(StringComparer.Ordinal).ToList();
        return found.Count > 0 ? found : throw new OptionException(
            $"DIR must be a run folder or hold some; there is no run.json in or below '{folder}'. 'dgrad run' makes run folders.");
    }

    /// <summary>Reads the run in a folder.</summary>
    /// <exception cref="OptionException">A file of it is missing or damaged.</exception>
    internal static StoredRun Read(string folder)
    {
        var (path, metrics) = (Path.Combine(folder, "run.json"), Path.Combine(folder, "metrics.jsonl"));
        try
        {
            var record = RunRecord.Read(path);
            ExperimentCatalog.CheckOptions(record);
            if (!File.Exists(metrics))
                throw new OptionException($"'{metrics}' is missing, though run.json is there; move the folder away.");
            return new StoredRun(folder, record, [.. MetricsFile.Read(metrics, record).Select(line => line.Line)]);
        }
        catch (WrongJsonException e)
        {
            throw new OptionException($"'{path}' is damaged: {e.Message}. {MetricsFile.Remedy}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"'{folder}' must be the folder of a run that can be read; {e.Message}");
        }
    }
}
