using DiscreteGradients.Experiments;

namespace DiscreteGradients.Cli.Display;

/// <summary>A line now and then, for files and logs: about ten for each seed of each estimator.</summary>
internal sealed class PlainDisplay(string experiment, RunProgress progress, Terminal terminal) : RunDisplay(progress)
{
    internal override bool Show(Func<RunDisplay, bool> work)
    {
        terminal.Out.WriteLine($"{experiment}: {string.Join(", ", Progress.Estimators)}; {Progress.Seeds} seed{(Progress.Seeds == 1 ? "" : "s")}, {Progress.Epochs} epochs");
        return work(this);
    }

    protected override void Moved()
    {
    }

    protected override void Changed(MetricsLine? line)
    {
        if (line is null || (line.Epoch != Progress.Epochs && line.Epoch % Math.Max(1, Progress.Epochs / 10) != 0))
            return;
        var name = line.Estimator.PadRight(Progress.Estimators.Max(e => e.Length));
        var others = (line.TestLoss is { } test ? $"  test {Format.Loss(test)}" : "") + (line.ExpectedLoss is { } expected ? $"  expected {Format.Loss(expected)}" : "");
        var left = Progress.Left is { } seconds ? $"  left {Format.Duration(seconds)}" : "";
        terminal.Out.WriteLine(
            $"{name}  seed {line.Seed}  epoch {line.Epoch,4}/{Progress.Epochs}  loss {Format.Loss(line.TrainLoss)}{others}  {Format.Rate(line.Steps / line.Seconds)} steps/s{left}");
    }
}
