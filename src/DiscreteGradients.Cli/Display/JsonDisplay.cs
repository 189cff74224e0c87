namespace DiscreteGradients.Cli.Display;

/// <summary>The lines of <c>metrics.jsonl</c>, as they come.</summary>
internal sealed class JsonDisplay(RunProgress progress, Terminal terminal) : RunDisplay(progress)
{
    internal override bool Show(Func<IRunObserver, bool> work) => work(this);

    protected override void Moved()
    {
    }

    protected override void Changed(MetricsLine? line)
    {
        if (line is not null)
            terminal.Out.Write(line.ToJson() + "\n");
    }
}
