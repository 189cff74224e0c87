using DiscreteGradients.Testing;
using static DiscreteGradients.Cli.Tests.Tool;

namespace DiscreteGradients.Cli.Tests;

/// <summary>Runs that many tests begin with are made once, and copied.</summary>
internal static class MadeOnce
{
    private static readonly Dictionary<string, IReadOnlyList<(string Path, byte[] Bytes)>> Folders = [];

    /// <summary>Writes into a folder what the tool leaves in one, given what to run.</summary>
    /// <param name="name">Of what is made; it must name one thing.</param>
    /// <param name="folder">Where the copy goes; it need not be there.</param>
    /// <param name="make">Makes it in the folder that it is given.</param>
    internal static void Copy(string name, string folder, Action<string> make)
    {
        if (!Folders.TryGetValue(name, out var files))
        {
            using var made = new TemporaryFolder();
            make(made["made"]);
            Folders[name] = files =
            [
                .. Directory.GetFiles(made["made"], "*", SearchOption.AllDirectories)
                    .Select(path => (Path.GetRelativePath(made["made"], path), File.ReadAllBytes(path))),
            ];
        }

        foreach (var (path, bytes) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, path))!);
            File.WriteAllBytes(Path.Combine(folder, path), bytes);
        }
    }

    /// <summary>A run of two estimators, two seeds and three epochs that nobody stopped.</summary>
    internal static void TinyWhole(string folder) => Copy(
        "tiny run", folder, made => Assert.Equal(0, Run(TinyRun(made, "--estimator", "st,reinmax", "--seeds", "2")).Code));

    /// <summary>The same run, stopped after so many epochs.</summary>
    internal static void TinyInterrupted(string folder, int lines) => Copy($"tiny run, {lines} lines", folder, made =>
    {
        using var stop = new CancellationTokenSource();
        using var output = new CancelAfterLines(lines, stop);
        Assert.Equal(130, Run(output, stop.Token, TinyRun(made, "--estimator", "st,reinmax", "--seeds", "2", "--json")).Code);
    });
}
