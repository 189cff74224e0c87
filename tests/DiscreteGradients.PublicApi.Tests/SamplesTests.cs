namespace DiscreteGradients.PublicApi.Tests;

public class SamplesTests
{
    private static string Folder { get; } = Path.Combine(Dotnet.RepositoryRoot, "samples");

    /// <summary>File, the most lines that it may have, and a line that it prints. The one of the tutorial is read in parts.</summary>
    public static TheoryData<string, int, string> Samples { get; } = new()
    {
        { "hello.cs", 40, @"^probabilities after 100 steps: 0\.0\d 0\.0\d (1\.00|0\.9\d) 0\.0\d$" },
        { "check-your-gradient.cs", 40, @"^reinmax +0\.\d+ ± 0\.\d+ +0\.\d+ ± 0\.\d+ +0\.9\d+ ± 0\.\d+ *$" },
        { "replace-straight-through.cs", 40, @"^ReinMax: +reconstruction error 0\.1\d\d$" },
        { "train-your-model.cs", 110, @"^resumed after step 250: same error True$" },
    };

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Every_sample_is_short_and_runs(string file, int mostLines, string expectedLine)
    {
        var path = Path.Combine(Folder, file);
        Assert.InRange(File.ReadAllLines(path).Length, 1, mostLines);

        // The library is built already: this project references it.
        var (exitCode, output) = await Dotnet.Run(
            ["run", "-p:BuildProjectReferences=false", "-p:NuGetAudit=false", path], TestContext.Current.CancellationToken);

        Assert.True(exitCode == 0, output);
        Assert.Contains(output.Split('\n'), line => System.Text.RegularExpressions.Regex.IsMatch(line.TrimEnd('\r'), expectedLine));
    }

    [Fact]
    public void Every_sample_is_tested() =>
        Assert.Equal(Directory.GetFiles(Folder, "*.cs").Select(Path.GetFileName).Order(), Samples.Select(row => row.Data.Item1).Order());
}
