using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json.Serialization;

namespace DiscreteGradients.Experiments;

/// <summary>
/// The files of one run: <c>run.json</c>, <c>metrics.jsonl</c>, <c>summary.csv</c>, <c>plots/</c>, <c>checkpoint/</c>. Tables and plots are
/// made from these. One process at a time has it.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    private const string RecordName = "run.json";
    private const string MetricsName = "metrics.jsonl";
    private const string LockName = "checkpoint/lock";

    internal static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,  // a file, not a web page
    };

    /// <summary>What .NET makes of a lock that another process has: errors of Linux, macOS and Windows.</summary>
    private static readonly int[] SharingViolations = [11, 35, unchecked((int)0x80070020)];

    private readonly FileStream _lock;
    private readonly string _resumed;
    private FileStream _metrics;
    private RunRecord? _record;

    private RunFolder(OutputFolder folder, string? study)
    {
        (Output, _resumed) = (folder, study ?? folder.Path);
        _lock = Locked(folder);
        try
        {
            _metrics = OpenMetrics();
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    /// <summary>The folder itself.</summary>
    public OutputFolder Output { get; }

    /// <summary>Makes the folder.</summary>
    /// <param name="study">The folder of the study that the run is part of: then it is the study that goes on.</param>
    /// <exception cref="OptionException">It exists and holds something, is a file, or cannot be written.</exception>
    public static RunFolder Create(string path, string? study = null) => new(OutputFolder.Create(path), study);

    /// <summary>Opens the folder of a run to go on with.</summary>
    /// <inheritdoc cref="Create"/>
    /// <exception cref="OptionException">It is none, or another process has it.</exception>
    public static RunFolder Open(string path, string? study = null) => IsIn(path)
        ? new RunFolder(OutputFolder.Open(path), study)
        : throw new OptionException(
            $"--resume needs the folder of a run; '{path}' has no {RecordName}. Leave --resume out to start a run.");

    /// <summary>Whether a folder holds a run.</summary>
    internal static bool IsIn(string path) => File.Exists(Path.Combine(path, RecordName));

    /// <summary>Refuses a folder in which another process is at work.</summary>
    /// <exception cref="OptionException">It is.</exception>
    internal static void CheckFree(string path)
    {
        if (File.Exists(Path.Combine(path, LockName)))
            Locked(OutputFolder.Open(path)).Dispose();
    }

    /// <summary>The command line that goes on with a run.</summary>
    public string Command(RunRecord record) =>
        $"dgrad run {record.Experiment} --resume --out {(_resumed.Any(char.IsWhiteSpace) ? $"\"{_resumed}\"" : _resumed)}";

    /// <summary>Adds a line and hands it to the operating system at once, so that a killed run keeps it.</summary>
    public void Append(MetricsLine line) => Output.Write(() => _metrics.Write(Encoding.UTF8.GetBytes(line.ToJson() + "\n")));

    /// <summary>Writes <c>run.json</c>, replacing it as a whole.</summary>
    public void Write(RunRecord record)
    {
        Output.Replace(RecordName, stream => stream.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(record, Json) + "\n")));
        Use(record);
    }

    /// <summary>Reads <c>run.json</c>, with the options as a record of that type.</summary>
    /// <exception cref="OptionException">It is damaged or of another experiment.</exception>
    public RunRecord Read(ExperimentEntry entry)
    {
        try
        {
            var record = RunRecord.Read(Output[RecordName]);
            if (record.Experiment != entry.Name)
            {
                throw new OptionException(
                    $"'{Output.Path}' holds a run of '{record.Experiment}', not of '{entry.Name}'; go on with: {Command(record)}");
            }

            record = record.WithOptions(entry.OptionsType, StrictJson.Options);
            if (OptionRecord.Fixed(record.Options).GetValueOrDefault("--epochs") is { } epochs && epochs != $"{record.Epochs}")
                throw new WrongJsonException("epochs", $"is {record.Epochs}, and {epochs} in options");
            _ = RunPlan.Of(entry, record);  // settings that are known, and of their types
            Use(record);
            return record;
        }
        catch (Exception e) when (e is WrongJsonException or IOException or UnauthorizedAccessException)
        {
            var flaw = e is WrongJsonException { Field: { } field, What: var what }
                ? $", at $.{field}: it {what}"
                : $": {e.Message.TrimEnd('.')}";
            throw new OptionException($"'{Output[RecordName]}' must describe a run as dgrad wrote it; it does not{flaw}. Start a new run.");
        }
    }

    /// <summary>Refuses what is in the folder and does not belong to the run of its <c>run.json</c>.</summary>
    /// <exception cref="OptionException">Lines or checkpoints are of other estimators, seeds or settings.</exception>
    internal void CheckBelongings(RunRecord record)
    {
        ReadLines(record);
        Checkpoints.Check(Output, record);
    }

    /// <summary>Every line written so far.</summary>
    /// <exception cref="OptionException">A line is damaged or does not belong to the run.</exception>
    public IReadOnlyList<MetricsLine> ReadMetrics() => [.. ReadLines(_record).Select(line => line.Line)];

    /// <summary>Every line written so far that is whole, as it stands and as it reads.</summary>
    /// <exception cref="OptionException">A line is damaged or does not belong to the run.</exception>
    internal List<(string Text, MetricsLine Line)> ReadLines(RunRecord? record) => MetricsFile.Read(Output[MetricsName], record);

    /// <summary>Makes these the lines, as a whole.</summary>
    internal void Rewrite(IEnumerable<string> lines)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")));
        using (var present = new MemoryStream())
        {
            using (var file = OpenToRead())
                file.CopyTo(present);
            if (bytes.AsSpan().SequenceEqual(present.ToArray()))
                return;
        }

        _metrics.Dispose();
        Output.Replace(MetricsName, stream => stream.Write(bytes));
        _metrics = OpenMetrics();
    }

    /// <summary>Waits until the lines are on disk.</summary>
    internal void Flush() => Output.Write(() => _metrics.Flush(flushToDisk: true));

    public void Dispose()
    {
        _metrics.Dispose();
        _lock.Dispose();
    }

    private void Use(RunRecord record)
    {
        _record = record;
        Output.Remedy = $" When it can, go on with: {Command(record)}";
    }

    private FileStream OpenToRead() => new(Output[MetricsName], FileMode.Open, FileAccess.Read, FileShare.ReadWrite);

    private FileStream OpenMetrics()
    {
        FileStream? metrics = null;
        Output.Write(() => metrics =
            new FileStream(Output[MetricsName], FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0));
        return metrics!;
    }

    /// <summary>Keeps other processes away until this one closes it or ends, however it ends.</summary>
    private static FileStream Locked(OutputFolder folder)
    {
        FileStream? file = null;
        folder.Write(() =>
        {
            var path = folder[LockName];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            try
            {
                file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (SharingViolations.Contains(e.HResult))
            {
                throw new OptionException($"Another dgrad is at work in '{folder.Path}'; wait until it has ended.") { IsTaken = true };
            }
        });
        return file!;
    }
}
