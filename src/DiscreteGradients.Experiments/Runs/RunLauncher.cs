using System.Diagnostics;
using System.Text;

namespace DiscreteGradients.Experiments;

/// <summary>What runs ask of the world outside: whoever shows them to people, and draws.</summary>
internal interface IRunHost
{
    /// <summary>Interrupts.</summary>
    CancellationToken Cancellation { get; }

    /// <summary>Takes a sentence about something that does not end the run.</summary>
    void Note(string sentence);

    /// <summary>Lets an experiment find its data; may fetch a set that is not there.</summary>
    /// <exception cref="OptionException">It is not to be had, or damaged.</exception>
    void Load(Experiment experiment);

    /// <summary>Does the work of a run while it shows it; true if it went through.</summary>
    /// <param name="work">The work; tells whoever watches how far it came.</param>
    bool Show(RunRecord record, IReadOnlyList<MetricsLine> before, Func<IRunObserver, bool> work);

    /// <summary>Shows the results of a run that has ended for now.</summary>
    /// <param name="wasFinished">Whether it was finished before, so that there was nothing to do.</param>
    void Report(RunRecord record, IReadOnlyList<MetricsLine> lines, string folder, bool wasFinished);

    /// <summary>Draws the plots of a run.</summary>
    void Draw(OutputFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines);

    /// <summary>A picture as the bytes of a PNG.</summary>
    byte[] Encode(Picture picture);

    /// <summary>A drawing as the bytes of a PNG and of an SVG.</summary>
    (byte[] Png, byte[] Svg) Encode(Sketch sketch);
}

/// <summary>Starts runs, goes on with them and finishes them.</summary>
internal sealed class RunLauncher(IRunHost host)
{
    /// <summary>The folder in which a run has its own if none is given.</summary>
    public const string DefaultFolders = "runs";

    /// <summary>Begins a run; true if it came to its end, false if it was interrupted.</summary>
    /// <param name="path">A new or empty folder; null for one of its own.</param>
    /// <exception cref="OptionException">It cannot be run, or another process has the folder.</exception>
    public bool Start(RunPlan plan, string? path, string? study = null)
    {
        var prepared = plan.Prepare();
        OutputFolder.Check(path, otherwise: DefaultFolders);
        host.Load(prepared.Experiment);

        var started = DateTimeOffset.UtcNow;
        using var folder = RunFolder.Create(path ?? DefaultFolder(plan.Entry.Name, started), study);
        return Train(prepared, folder, new RunRecord
        {
            Experiment = plan.Entry.Name,
            Options = prepared.Experiment.Options,
            Methods = prepared.Records,
            Settings = MethodSettings.ToJson(plan.Settings),
            Seeds = prepared.Seeds,
            Epochs = prepared.Experiment.Epochs,
            Optimum = prepared.Experiment.Optimum,
            Versions = Machine.Versions,
            Commit = Machine.Commit,
            Machine = Machine.Description,
            Threads = get_num_threads(),
            Jobs = plan.Run.Jobs,
            Started = started,
        });
    }

    /// <summary>Goes on with a run; true if it has come to its end, false if it was interrupted.</summary>
    /// <param name="given">Texts by flag; they must say what the run's files say.</param>
    /// <exception cref="OptionException">It is not such a run, a file is damaged, or another process has the folder.</exception>
    public bool Resume(ExperimentEntry entry, IReadOnlyDictionary<string, string> given, string path, string? study = null)
    {
        using var folder = RunFolder.Open(path, study);
        var record = folder.Read(entry);
        var had = RunPlan.Of(entry, record);
        var wanted = had.With(given);
        OptionRecord.Same(had.Fixed, wanted.Fixed);
        record = record with { Options = wanted.Options };
        if (record.Finished)
        {
            Repair(folder, record);
            host.Report(record, folder.ReadMetrics(), path, wasFinished: true);
            return true;
        }

        var prepared = wanted.Prepare();
        var records = prepared.Records;
        if (records.Zip(record.Methods).FirstOrDefault(e => e.First.Configuration != e.Second.Configuration) is ({ } now, { } then))
        {
            var before = StrictJson.Printable(then.Configuration);
            throw new OptionException($"'{now.Name}' is {before} in the run to resume and {now.Configuration} here. Start a new run.");
        }

        foreach (var (before, after) in record.Methods.Zip(records))
            OptionRecord.Same(OptionRecord.Fixed(before.Options ?? record.Options), OptionRecord.Fixed(after.Options ?? record.Options));
        folder.CheckBelongings(record);

        record = record with { Methods = records, Optimum = prepared.Experiment.Optimum, Jobs = wanted.Run.Jobs };
        host.Load(prepared.Experiment);
        if (Changes(record) is { Count: > 0 } changes)
        {
            host.Note($"The run began with {string.Join(" and ", changes)}; "
                + "its numbers may differ from those of a run that was never interrupted.");
        }

        return Train(prepared, folder, record);
    }

    /// <summary>Makes whole what a finished run leaves, if it is one: an earlier version may have been killed in between.</summary>
    /// <returns>Whether the run in the folder is finished.</returns>
    internal bool IsFinished(ExperimentEntry entry, IReadOnlyDictionary<string, string> given, string path)
    {
        using var folder = RunFolder.Open(path);
        var record = folder.Read(entry);
        var had = RunPlan.Of(entry, record);
        OptionRecord.Same(had.Fixed, had.With(given).Fixed);
        if (record.Finished)
            Repair(folder, record);
        return record.Finished;
    }

    /// <summary>Makes the folder used where none is given: one that nobody else has, even if several begin in the same second.</summary>
    /// <exception cref="OptionException">It cannot be made.</exception>
    internal static string DefaultFolder(string experiment, DateTimeOffset time)
    {
        var runs = OutputFolder.Open(DefaultFolders);
        var path = runs[string.Create(CultureInfo.InvariantCulture, $"{experiment}-{time:yyyyMMdd-HHmmss}")];
        runs.Write(() =>
        {
            Directory.CreateDirectory(runs.Path);
            path = Enumerable.Range(2, int.MaxValue - 2).Select(i => $"{path}-{i}").Prepend(path).First(Native.MakeFolder);
        });
        return path;
    }

    private bool Train(PreparedRun run, RunFolder folder, RunRecord record)
    {
        var watch = Stopwatch.StartNew();
        var tensorBoard = new TensorBoardLog(folder.Output);
        var runner = new Runner(run.Experiment, run.Methods, folder, record)
        {
            Keep = (line, epoch) =>
            {
                var images = epoch.Pictures.Select(p => new TensorBoardImage(p.Name, p.Width, p.Height, host.Encode(p))).ToList();
                foreach (var sketch in epoch.Sketches)
                {
                    var (png, svg) = host.Encode(sketch);
                    Write($"{sketch.Name}.svg", svg);
                    Write($"{sketch.Name}.txt", Encoding.UTF8.GetBytes(sketch.Text));
                    images.Add(new TensorBoardImage(sketch.Name, sketch.Width, sketch.Height, png));
                }

                images.ForEach(image => Write($"{image.Tag}.png", image.Png));
                tensorBoard.Write(line, images);

                void Write(string name, byte[] bytes) =>
                    folder.Output.WriteFile(PictureName(line, name), path => File.WriteAllBytes(path, bytes));
            },
        };
        runner.Resume(host.Note);
        folder.Write(record);
        tensorBoard.Restore(folder.ReadMetrics());

        var finished = host.Show(record, folder.ReadMetrics(), observer => runner.Run(record.Jobs, observer, host.Cancellation));
        record = record with { WallSeconds = record.WallSeconds + watch.Elapsed.TotalSeconds, Finished = finished };
        var lines = folder.ReadMetrics();
        WriteResults(folder, record, lines);
        folder.Write(record);  // last, so that a run that says it is finished has everything
        if (lines.Count > 0)
            host.Report(record, lines, folder.Output.Path, wasFinished: false);
        if (!finished)
            host.Note($"Interrupted; go on with: {folder.Command(record)}");
        return finished;
    }

    /// <summary>The path of a picture made after an epoch, below the run's folder.</summary>
    internal static string PictureName(MetricsLine line, string name) =>
        $"plots/{line.Method}-seed{line.Seed}-epoch{line.Epoch}-{name}";

    private void Repair(RunFolder folder, RunRecord record)
    {
        folder.CheckBelongings(record);
        var lines = folder.ReadMetrics();
        folder.Output.KeepsPictures = true;
        WriteResults(folder, record, lines);
        new TensorBoardLog(folder.Output).Restore(lines);
    }

    /// <summary>What follows from the metrics of a run.</summary>
    private void WriteResults(RunFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines)
    {
        if (lines.Count == 0)
            return;
        var metrics = ExperimentCatalog.Metrics(record, lines);
        var summary = MethodSummary.ToCsv(MethodSummary.Of(lines, metrics), metrics);
        folder.Output.WriteFile("summary.csv", path => File.WriteAllText(path, summary));
        host.Draw(folder.Output, record, lines);
    }

    /// <summary>What computes now and did not when the run began.</summary>
    private static List<string> Changes(RunRecord record)
    {
        var then = Computing(record.Versions, record.Commit, record.Machine);
        var now = Computing(Machine.Versions, Machine.Commit, Machine.Description);
        return
        [
            .. now.Where(n => then.GetValueOrDefault(n.Key) is { } t && t != n.Value)
                .Select(n => $"{n.Key} {StrictJson.Printable(then[n.Key]!)}, now {n.Value}"),
        ];

        static Dictionary<string, string?> Computing(
            IReadOnlyDictionary<string, string> versions, string? commit, IReadOnlyDictionary<string, string> machine) =>
            new(versions.Select(v => KeyValuePair.Create(v.Key, (string?)v.Value)))
            {
                ["revision"] = commit,
                ["cpu"] = machine.GetValueOrDefault("cpu"),
                ["vectors of"] = machine.GetValueOrDefault("vector"),
            };
    }
}
