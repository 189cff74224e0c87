using System.Runtime.InteropServices;

namespace DiscreteGradients.Experiments.Bench;

/// <summary>What one call costs in memory, which no managed profiler sees.</summary>
/// <param name="PeakBytes">Resident memory at its highest less that before; null where the system does not tell.</param>
/// <param name="Left">Of those, how many were left undisposed: a leak unless zero.</param>
/// <param name="ManagedBytes">Managed memory allocated, on all threads.</param>
internal sealed partial record ProcessMemory(long? PeakBytes, long Tensors, long Left, long ManagedBytes)
{
    private const string Status = "/proc/self/status";
    private const string ClearReferences = "/proc/self/clear_refs";

    /// <summary>Memory the system could still give.</summary>
    public static long Available =>
        Read("/proc/meminfo", "MemAvailable:") ?? Math.Max(0, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet);

    /// <summary>Makes one call and looks.</summary>
    public static ProcessMemory Of(Action call)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();  // what earlier calls left to them would be freed, and hide as much of this call
        var before = RestartPeak() ? Read(Status, "VmRSS:") : null;
        var (made, live, managed) = (Made, Live, GC.GetTotalAllocatedBytes(precise: true));
        call();
        managed = GC.GetTotalAllocatedBytes(precise: true) - managed;
        (made, live) = (Made - made, Live - live);
        var peak = before is null ? null : Read(Status, "VmHWM:");
        return new ProcessMemory(peak is null ? null : Math.Max(0, peak.Value - before!.Value), made, live, managed);
    }

    private static long Made =>
        DisposeScopeManager.Statistics.TensorStatistics.CreatedInScopeCount
        + DisposeScopeManager.Statistics.TensorStatistics.CreatedOutsideScopeCount;

    private static long Live => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

    /// <summary>Gives free memory back, so that it does not hide what the call takes, and makes Linux forget the peak (5).</summary>
    private static bool RestartPeak()
    {
        if (!OperatingSystem.IsLinux())
            return false;
        try
        {
            _ = Trim(0);
            File.WriteAllText(ClearReferences, "5");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or EntryPointNotFoundException or DllNotFoundException)
        {
            return false;
        }
    }

    /// <summary>A number of kilobytes in a file of /proc, in bytes.</summary>
    private static long? Read(string path, string name)
    {
        if (!File.Exists(path))
            return null;
        var line = File.ReadLines(path).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is [_, var number, ..]
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var kilobytes)
                ? kilobytes * 1024
                : null;
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint keep);
}
