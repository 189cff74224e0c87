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
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,  // a file, not a web page
    };

    private readonly FileStream _metrics;

    private RunFolder(OutputFolder folder, FileStream metrics) => (Output, _metrics) = (folder, metrics);

    /// <summary>The folder itself.</summary>
    public OutputFolder Output { get; }

    /// <summary>Makes the folder.</summary>
    /// <exception cref="OptionException">It exists and holds something, is a file, or cannot be written.</exception>
    public static RunFolder Create(string path)
    {
        var folder = OutputFolder.Create(path);
        FileStream? metrics = null;
        folder.Write(() => metrics = new FileStream(folder["metrics.jsonl"], FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0));
        return new RunFolder(folder, metrics!);
    }

    /// <summary>Adds a line and hands it to the operating system at once, so that a killed run keeps it.</summary>
    /// <exception cref="OptionException">The disk is full, or the like.</exception>
    public void Append(MetricsLine line) => Output.Write(() => _metrics.Write(System.Text.Encoding.UTF8.GetBytes(line.ToJson() + "\n")));

    /// <summary>Writes <c>run.json</c>, replacing it as a whole.</summary>
    /// <exception cref="OptionException">The disk is full, or the like.</exception>
    public void Write(RunRecord record) => Output.WriteFile("run.json", path =>
    {
        File.WriteAllText(path + ".new", JsonSerializer.Serialize(record, Json) + "\n");
        File.Move(path + ".new", path, overwrite: true);
    });

    /// <summary>Every line written so far.</summary>
    public IReadOnlyList<MetricsLine> ReadMetrics()
    {
        using var reader = new StreamReader(new FileStream(Output["metrics.jsonl"], FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var lines = new List<MetricsLine>();
        while (reader.ReadLine() is { } line)
            lines.Add(MetricsLine.Parse(line));
        return lines;
    }

    /// <inheritdoc/>
    public void Dispose() => _metrics.Dispose();
}
