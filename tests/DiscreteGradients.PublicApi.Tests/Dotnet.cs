using System.Diagnostics;
using System.Reflection;
using DiscreteGradients.Testing;

namespace DiscreteGradients.PublicApi.Tests;

/// <summary>The command <c>dotnet</c>, run in the repository, whose global.json chooses the SDK.</summary>
internal static class Dotnet
{
    /// <summary>NuGet's folder of unpacked packages.</summary>
    public static string PackagesFolder { get; } =
        typeof(Dotnet).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == nameof(PackagesFolder)).Value!;

    /// <summary>For builds of small projects: a second node compiles MSBuild's own code once more and saves no time.</summary>
    public const string OneNode = "-maxCpuCount:1";

    public static async Task<(int ExitCode, string Output)> Run(IEnumerable<string> arguments, CancellationToken stop)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["DOTNET_CLI_UI_LANGUAGE"] = "en",
                ["DOTNET_TieredPGO"] = "0",  // a command ends before profiles pay: a quarter of a build's time
            },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(stop);
        var errors = await process.StandardError.ReadToEndAsync(stop);
        await process.WaitForExitAsync(stop);
        return (process.ExitCode, await output + errors);
    }
}
