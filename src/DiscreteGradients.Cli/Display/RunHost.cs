using DiscreteGradients.Cli.Commands;
using DiscreteGradients.Cli.Plots;

namespace DiscreteGradients.Cli.Display;

/// <summary>Runs and studies at a terminal.</summary>
/// <param name="json">Whether standard output is for the lines of <c>metrics.jsonl</c> alone.</param>
internal sealed class RunHost(bool json, Terminal terminal) : IStudyHost
{
    public CancellationToken Cancellation => terminal.Cancellation;

    public void Note(string sentence) => terminal.Error.WriteLine(sentence);

    public void Load(Experiment experiment) => DataFetchCommand.WithData(
        () =>
        {
            experiment.Load();
            return true;
        },
        json, terminal);

    public bool Show(RunRecord record, IReadOnlyList<MetricsLine> before, Func<IRunObserver, bool> work)
    {
        var progress = new RunProgress(record);
        foreach (var line in before)
            progress.Remember(line);
        return RunDisplay.For(json, progress, terminal).Show(work);
    }

    public void Report(RunRecord record, IReadOnlyList<MetricsLine> lines, string folder, bool wasFinished)
    {
        if (json)
            return;
        if (wasFinished)
            terminal.Out.WriteLine($"The run in {folder} is finished; there is nothing to go on with.");
        else
            HealthReport.Write(record, lines, terminal);
        RunReport.Write(record, lines, folder, terminal);
    }

    public void Draw(OutputFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines) => MetricPlots.Write(folder, record, lines);

    public byte[] Encode(Picture picture) => PictureFile.Encode(picture);

    public (byte[] Png, byte[] Svg) Encode(Sketch sketch) => (SketchFile.Png(sketch), SketchFile.Svg(sketch));

    public void Come(string title, int number, int count, CellState state) =>
        terminal.Out.WriteLine($"{title}, {number} of {count}" + state switch
        {
            CellState.Finished => " is finished.",
            CellState.Taken => " is in the hands of another dgrad.",
            _ => ":",
        });

    public void Report(StudyResults results) => StudyReport.Write(results, terminal);

    public void Draw(OutputFolder folder, StudyResults results) => StudyPlots.Write(folder, results);
}
