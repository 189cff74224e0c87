namespace DiscreteGradients.Cli.Display;

/// <summary>What a person or a program sees while a run is going on.</summary>
internal abstract class RunDisplay(RunProgress progress) : IRunObserver
{
    /// <summary>The display that fits: JSON lines, redrawn in place, or plain lines.</summary>
    internal static RunDisplay For(bool json, RunProgress progress, Terminal terminal) =>
        json ? new JsonDisplay(progress, terminal)
        : terminal.Interactive ? new LiveDisplay(progress, terminal)
        : new PlainDisplay(progress, terminal);

    protected RunProgress Progress => progress;

    /// <summary>Runs the work with the display around it.</summary>
    internal abstract bool Show(Func<IRunObserver, bool> work);

    public void RunBegan(string method, long seed, double done)
    {
        progress.Begin(method, seed, done);
        Moved();
    }

    public void StepDone(string method, long seed, double fraction)
    {
        progress.Step(method, seed, fraction);
        Changed(null);
    }

    public void EpochDone(MetricsLine line)
    {
        progress.Finish(line);
        Changed(line);
    }

    public void RunDone(string method, long seed)
    {
        progress.End(method, seed);
        Moved();
    }

    /// <summary>A run begins or ends.</summary>
    protected abstract void Moved();

    /// <summary>Called after every step, so it must be cheap. The line is that of an epoch that just ended.</summary>
    protected abstract void Changed(MetricsLine? line);
}
