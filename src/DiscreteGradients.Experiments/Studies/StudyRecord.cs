using System.Text;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace DiscreteGradients.Experiments;

/// <summary><c>study.json</c>: a study is a run for each combination of the values of some options, in folders of one folder.</summary>
internal sealed partial record StudyRecord
{
    /// <summary>The most runs of a study.</summary>
    internal const int MostRuns = 1000;

    private const string FileName = "study.json";

    /// <summary>The experiment's name.</summary>
    public required string Experiment { get; init; }

    /// <summary>What all runs share: texts by flag, as they were given.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>What the runs differ in.</summary>
    public required IReadOnlyList<StudyAxis> Axes { get; init; }

    /// <summary>The combinations; the values of the last axis change first.</summary>
    internal IReadOnlyList<StudyCell> Cells => [.. Axes.Aggregate(
        (IEnumerable<StudyCell>)[new StudyCell([])],
        (cells, axis) => cells.SelectMany(cell =>
            axis.Values.Select(value => new StudyCell([.. cell.Values, new Setting(axis.Name, value)]))))];

    /// <summary>How many there are, at most the largest <c>int</c>.</summary>
    internal long Runs => Axes.Aggregate(1L, (runs, axis) => Math.Min(runs * axis.Values.Count, int.MaxValue));

    /// <summary>The flags of the axes, for sentences.</summary>
    internal string Flags => string.Join(" and ", Axes.Select(axis => "--" + axis.Name));

    /// <summary>Whether a folder holds a study.</summary>
    internal static bool IsIn(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <summary>The folders with a study in or below a folder.</summary>
    internal static IEnumerable<string> Find(string folder) => Directory
        .GetFiles(folder, FileName, new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
        .Select(file => Path.GetDirectoryName(file)!).Order(StringComparer.Ordinal);

    /// <summary>The texts of one run, by flag.</summary>
    internal Dictionary<string, string> Given(StudyCell cell) =>
        Settings.Concat(cell.Values.Select(value => KeyValuePair.Create("--" + value.Name, value.Value))).ToDictionary();

    /// <summary>Writes <c>study.json</c>, replacing it as a whole.</summary>
    internal void Write(OutputFolder folder)
    {
        var bytes = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(this, RunFolder.Json) + "\n");
        if (!IsIn(folder.Path) || !bytes.AsSpan().SequenceEqual(File.ReadAllBytes(folder[FileName])))  // other processes may read it
            folder.Replace(FileName, stream => stream.Write(bytes));
    }

    /// <summary>Reads <c>study.json</c>.</summary>
    /// <exception cref="OptionException">It is damaged.</exception>
    internal static StudyRecord Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            var study = StrictJson.Read<StudyRecord>(File.ReadAllBytes(path));
            return study.Flaw() is { } flaw ? throw new WrongJsonException(null, flaw) : study;
        }
        catch (Exception e) when (e is WrongJsonException or IOException or UnauthorizedAccessException)
        {
            throw Damaged(folder, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>What to say of a file that is not as it was written.</summary>
    internal static OptionException Damaged(string folder, string what) =>
        new($"'{Path.Combine(folder, FileName)}' must describe a study as dgrad wrote it; it does not: {what}. Start a new study.");

    private string? Flaw()
    {
        var names = Axes.Select(axis => axis.Name).ToList();
        return Experiment.Length == 0 ? "experiment must be a name"
            : names.Count == 0 ? "axes must be at least one"
            : names.Find(name => !Name().IsMatch(name)) is { } wrong
                ? $"axes must have the names of options; got '{StrictJson.Printable(wrong)}'"
            : names.Distinct().Count() < names.Count ? "an axis is named twice"
            : names.Find(name => Settings.ContainsKey("--" + name)) is { } both ? $"{both} is an axis and a setting"
            : Axes.FirstOrDefault(axis => !AreValues(axis.Values)) is { } axis
                ? $"the values of {axis.Name} must be different numbers or words"
            : Runs > MostRuns ? $"axes must make at most {MostRuns} runs"
            : null;
    }

    private static bool AreValues(IReadOnlyCollection<string> values) =>
        values.Count > 0 && values.Distinct(StringComparer.OrdinalIgnoreCase).Count() == values.Count && values.All(Flag.IsAxisValue);

    /// <summary>Names of options become names of folders.</summary>
    [GeneratedRegex(@"^[a-z][a-z0-9-]{0,63}\z")]
    private static partial Regex Name();
}

/// <summary>An option and its values.</summary>
/// <param name="Name">Its flag without the hyphens before it.</param>
/// <param name="Values">Numbers or words, as they are given.</param>
internal sealed record StudyAxis([property: JsonRequired] string Name, [property: JsonRequired] IReadOnlyList<string> Values);

/// <summary>One combination of the values of a study.</summary>
internal sealed record StudyCell(IReadOnlyList<Setting> Values)
{
    /// <summary>Of its folder, such as <c>latents-8-batch-16</c>.</summary>
    internal string Name => string.Join('-', Values.Select(value => $"{value.Name}-{value.Value}"));

    /// <summary>Such as <c>latents 8, batch 16</c>.</summary>
    internal string Title => string.Join(", ", Values);

    /// <summary>Without the values of the last axes.</summary>
    internal StudyCell Outer(int axes) => new([.. Values.SkipLast(axes)]);
}
