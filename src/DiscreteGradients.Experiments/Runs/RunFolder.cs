using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DiscreteGradients.Experiments;

/// <summary>The files of one run: <c>run.json</c>, <c>metrics.jsonl</c>, <c>summary.csv</c>, <c>plots/</c>. Tables and plots are made from these.</summary>
public sealed class RunFolder : IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,  // a file, not a web page
    };

    private readonly StreamWriter _metrics;

    private RunFolder(string path)
    {
        Path = path;
        Directory.CreateDirectory(System.IO.Path.Combine(path, "plots"));
        _metrics = new StreamWriter(MetricsPath, append: false);
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    private string MetricsPath => System.IO.Path.Combine(Path, "metrics.jsonl");

    /// <summary>Makes the folder.</summary>
    /// <exception cref="OptionException">It exists and holds something, is a file, or cannot be written.</exception>
    public static RunFolder Create(string path)
    {
        if (File.Exists(path))
            throw new OptionException($"--out must be a folder; '{path}' is a file.");
        return Writing(path, () =>
        {
            if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
                throw new OptionException($"--out must be a new or empty folder; '{path}' holds files. Name another or remove it.");
            return new RunFolder(path);
        });
    }

    /// <summary>Adds a line and hands it to the operating system at once, so that a killed run keeps it.</summary>
    /// <exception cref="OptionException">The disk is full, or the like.</exception>
    public void Append(MetricsLine line) => Write(() =>
    {
        _metrics.Write(line.ToJson() + "\n");
        _metrics.Flush();
    });

    /// <summary>Writes <c>run.json</c>, replacing it as a whole.</summary>
    /// <exception cref="OptionException">The disk is full, or the like.</exception>
    public void Write(RunRecord record) => Write(() =>
    {
        var path = System.IO.Path.Combine(Path, "run.json");
        File.WriteAllText(path + ".new", JsonSerializer.Serialize(record, Json) + "\n");
        File.Move(path + ".new", path, overwrite: true);
    });

    /// <summary>Every line written so far.</summary>
    public IReadOnlyList<MetricsLine> ReadMetrics()
    {
        using var reader = new StreamReader(new FileStream(MetricsPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var lines = new List<MetricsLine>();
        while (reader.ReadLine() is { } line)
            lines.Add(MetricsLine.Parse(line));
        return lines;
    }

    /// <summary>Writes one file of the folder.</summary>
    /// <param name="name">Path below the folder, such as <c>plots/x.png</c>.</param>
    /// <param name="write">Gets the whole path.</param>
    /// <exception cref="OptionException">The disk is full, or the like.</exception>
    public void WriteFile(string name, Action<string> write) => Write(() => write(System.IO.Path.Combine(Path, name)));

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            _metrics.Dispose();
        }
        catch (IOException)
        {
            // Every line was flushed or reported when it was written; what a full disk left in the buffer cannot be saved.
        }
    }

    private void Write(Action action) => Writing(Path, () =>
    {
        action();
        return true;
    });

    private static T Writing<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"--out must be a folder that can be written; '{path}' cannot: {e.Message.TrimEnd('.')}.");
        }
    }
}
