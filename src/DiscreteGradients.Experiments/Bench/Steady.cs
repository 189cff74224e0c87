using System.Diagnostics;
using System.Runtime;

namespace DiscreteGradients.Experiments.Bench;

/// <summary>.NET compiles what is called often a second time, better, in the background and when it finds the time.</summary>
internal static class Steady
{
    /// <summary>Seconds without a method compiled after which none is expected; .NET itself waits for 0.1 before it begins.</summary>
    private const double Quiet = 0.3;

    /// <summary>Calls after which a method of the first kind is due.</summary>
    private const int Calls = 64;

    /// <summary>Seconds after which a call that is slow anyway has had its chance; tests, which time nothing, give it fewer.</summary>
    internal static double Longest { get; set; } = 3;

    /// <summary>Calls until nothing is compiled any more; returns the seconds of a call since then.</summary>
    public static double WarmUp(Action call, CancellationToken cancellation = default)
    {
        call();
        var begin = Stopwatch.GetTimestamp();
        var (start, compiled, total, calls) = (begin, JitInfo.GetCompiledMethodCount(), 0, 0);
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            call();
            (total, calls) = (total + 1, calls + 1);
            var elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if ((elapsed >= Quiet && total >= Calls) || Stopwatch.GetElapsedTime(begin).TotalSeconds >= Longest)
                return elapsed / calls;
            if (JitInfo.GetCompiledMethodCount() is var now && now != compiled)
                (compiled, start, calls) = (now, Stopwatch.GetTimestamp(), 0);
        }
    }
}
