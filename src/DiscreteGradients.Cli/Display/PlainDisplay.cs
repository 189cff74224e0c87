namespace DiscreteGradients.Cli.Display;

/// <summary>A line now and then, for files and logs: about ten for each seed of each method.</summary>
internal sealed class PlainDisplay(RunProgress progress, Terminal terminal) : RunDisplay(progress)
{
    internal override bool Show(Func<IRunObserver, bool> work)
    {
        terminal.Out.WriteLine(
            $"{Progress.Experiment}: {string.Join(", ", Progress.Methods)}; "
            + $"{Format.Count(Progress.Seeds, "seed")}, {Progress.Epochs} epochs");
        return work(this);
    }

    protected override void Moved()
    {
    }

    protected override void Changed(MetricsLine? line)
    {
        if (line is null || (line.Epoch != Progress.Epochs && line.Epoch % Math.Max(1, Progress.Epochs / 10) != 0))
            return;
        var name = line.Method.PadRight(Progress.Methods.Max(e => e.Length));
        var numbers = string.Concat(Progress.Metrics.Where(metric => line[metric.Name] is not null)
            .Select(metric => $"  {metric.Title} {Format.Number(line[metric.Name])}"));
        var left = Progress.Left is { } seconds ? $"  left {Format.Duration(seconds)}" : "";
        terminal.Out.WriteLine(
            $"{name}  seed {line.Seed}  epoch {line.Epoch,4}/{Progress.Epochs}{numbers}  "
            + $"{Format.Rate(line.Steps / line.Seconds)} steps/s{left}");
    }
}
