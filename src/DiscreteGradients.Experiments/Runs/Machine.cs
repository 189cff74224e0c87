using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Experiments;

/// <summary>What computes here: versions, processor, threads.</summary>
internal static class Machine
{
    /// <summary>More would not only be of no use: OpenMP ends the process that cannot have them.</summary>
    private const int MostThreads = 1024;

    /// <summary>Version of the tool, without the source revision.</summary>
    internal static string Version => Informational(typeof(Machine)).Split('+')[0];

    /// <summary>The source revision the tool was built from, if known.</summary>
    internal static string? Commit => Informational(typeof(Machine)).Split('+') is [_, var commit] ? commit : null;

    internal static IReadOnlyDictionary<string, string> Versions => new Dictionary<string, string>
    {
        ["dgrad"] = Version,
        ["torchsharp"] = Informational(typeof(torch)).Split('+')[0],
        ["libtorch"] = torch.__version__,
        ["dotnet"] = Environment.Version.ToString(),
    };

    internal static IReadOnlyDictionary<string, string> Description => new Dictionary<string, string>
    {
        ["os"] = RuntimeInformation.OSDescription,
        ["architecture"] = RuntimeInformation.ProcessArchitecture.ToString(),
        ["cpu"] = Processor,
        ["vector"] = VectorWidth,
        ["cores"] = PhysicalCores.ToString(),
    };

    internal static string VectorWidth =>
        Vector512.IsHardwareAccelerated ? "512 bits"
            : Vector256.IsHardwareAccelerated ? "256 bits"
            : Vector128.IsHardwareAccelerated ? "128 bits" : "none";

    /// <summary>Physical cores this process may use: one thread each, since two on a core share its arithmetic.</summary>
    internal static int PhysicalCores
    {
        get
        {
            // Linux names the hardware threads of a core alike in each of their folders; elsewhere, and in odd sandboxes, count processors.
            const string Folder = "/sys/devices/system/cpu";
            if (!Directory.Exists(Folder))
                return Environment.ProcessorCount;
            try
            {
                var cores = Directory.EnumerateDirectories(Folder, "cpu*")
                    .Select(cpu => Path.Combine(cpu, "topology", "thread_siblings_list"))
                    .Where(File.Exists)
                    .Select(File.ReadAllText)
                    .Distinct()
                    .Count();
                return cores == 0 ? Environment.ProcessorCount : Math.Min(cores, Environment.ProcessorCount);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return Environment.ProcessorCount;
            }
        }
    }

    private static string Processor
    {
        get
        {
            const string File = "/proc/cpuinfo";
            return System.IO.File.Exists(File)
                && System.IO.File.ReadLines(File)
                    .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) is { } line
                    ? line[(line.IndexOf(':') + 1)..].Trim()
                    : RuntimeInformation.ProcessArchitecture.ToString();
        }
    }

    /// <summary>Loads libtorch and sets its threads.</summary>
    /// <exception cref="OptionException">The native library does not load here.</exception>
    internal static void Use(int threads)
    {
        Check(threads);
        Load();
        torch.set_num_threads(threads);
    }

    /// <exception cref="OptionException">So many threads cannot be.</exception>
    internal static void Check(int threads)
    {
        Require.AtLeast(1, threads, "threads");
        if (threads > MostThreads)
            throw new OptionException($"--threads must be at most {MostThreads}; got {threads}.");
    }

    /// <summary>Loads the libraries before TorchSharp does, which answers a failure with a page of output and a copy of libtorch.</summary>
    private static void Load()
    {
        try
        {
            _ = NativeLibrary.Load("torch_cpu", typeof(torch).Assembly, null);
            _ = NativeLibrary.Load("LibTorchSharp", typeof(torch).Assembly, null);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            // The loader names every place it looked at; only a place where there is a file tells why it failed.
            var lines = e.Message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            var reason = lines.Skip(1).FirstOrDefault(line => !line.Contains("No such file", StringComparison.Ordinal))
                ?? "a file is missing beside dgrad";
            throw new OptionException(
                $"TorchSharp's native library does not load on {RuntimeInformation.RuntimeIdentifier}: {reason.TrimEnd('.')}. "
                + "Build the tool on this machine; it runs on x64 Linux, x64 Windows and Apple silicon.");
        }
    }

    private static string Informational(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
