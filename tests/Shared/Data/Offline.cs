using System.Runtime.CompilerServices;

namespace DiscreteGradients.Testing;

internal static class Offline
{
    /// <summary>No test downloads anything but those that say so, from a server of their own.</summary>
    [ModuleInitializer]
    internal static void ForbidDownloads() => Environment.SetEnvironmentVariable("DGRAD_OFFLINE", "1");
}
