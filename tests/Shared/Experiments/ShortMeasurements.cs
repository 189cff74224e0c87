using System.Runtime.CompilerServices;
using DiscreteGradients.Experiments.Bench;

namespace DiscreteGradients.Testing;

/// <summary>No test asks how fast anything is, so measurements need not be good ones.</summary>
internal static class ShortMeasurements
{
    [ModuleInitializer]
    internal static void Set() => (Steady.Longest, MachineLimits.Enough, MachineLimits.LargeCopy) = (0.1, (2, 0), 1 << 20);
}
