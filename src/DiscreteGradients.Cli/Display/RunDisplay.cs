using DiscreteGradients.Experiments;

namespace DiscreteGradients.Cli.Display;

/// <summary>What a person or a program sees while a run is going on.</summary>
internal abstract class RunDisplay(RunProgress progress)
{
    /// <summary>The display that fits: JSON lines, redrawn in place, or plain lines.</summary>
    internal static RunDisplay For(bool json, string experiment, RunProgress progress, Terminal terminal) =>
        json ? new JsonDisplay(progress, terminal)
        : terminal.Interactive ? new LiveDisplay(experiment, progress, terminal)
        : new PlainDisplay(experiment, progress, terminal);

    protected RunProgress Progress => progress;

    /// <summary>Runs the work with the display around it.</summary>
    internal abstract bool Show(Func<RunDisplay, bool> work);

    internal void Begin(string estimator, long seed)
    {
        progress.Begin(estimator, seed);
        Begun();
    }

    internal void Step(double fraction)
    {
        progress.Step(fraction);
        Changed(null);
    }

    internal void Epoch(MetricsLine line)
    {
        progress.Finish(line);
        Changed(line);
    }

    /// <summary>Another estimator or seed begins.</summary>
    protected abstract void Begun();

    /// <summary>Called after every step, so it must be cheap. The line is that of an epoch that just ended.</summary>
    protected abstract void Changed(MetricsLine? line);
}
