using DiscreteGradients.Testing;

namespace DiscreteGradients.PublicApi.Tests;

/// <summary>One sample is run as its reader runs it. The others are built together, in one call, which takes half the time.</summary>
public class SamplesTests
{
    private const string RunAsItIs = "hello.cs";

    private static readonly Lazy<Task> Built = new(BuildOthers);

    private static string Folder { get; } = Path.Combine(Repository.Root, "samples");

    private static string Outputs { get; } = Path.Combine(Repository.Root, "artifacts", "samples");

    /// <summary>File, the most lines that it may have, and a line that it prints. The one of the tutorial is read in parts.</summary>
    public static TheoryData<string, int, string> Samples { get; } = new()
    {
        { "hello.cs", 40, @"^probabilities after 100 steps: 0\.0\d 0\.0\d (1\.00|0\.9\d) 0\.0\d$" },
        { "check-your-gradient.cs", 40, @"^reinmax +0\.\d+ ± 0\.\d+ +0\.\d+ ± 0\.\d+ +0\.9\d+ ± 0\.\d+ *$" },
        { "choose-operations.cs", 40, @"^found operation 4 with probability (0\.9\d|1\.00)$" },
        { "replace-straight-through.cs", 40, @"^ReinMax: +reconstruction error 0\.1\d\d$" },
        { "mixture-of-experts.cs", 40, @"^dense +error 0\.\d\d\d, tokens of each expert 256 256 256 256$" },
        { "train-your-model.cs", 110, @"^resumed after step 250: same error True$" },
    };

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Every_sample_is_short_and_runs(string file, int mostLines, string expectedLine)
    {
        var path = Path.Combine(Folder, file);
        Assert.InRange(File.ReadAllLines(path).Length, 1, mostLines);

        if (file != RunAsItIs)
            await Built.Value;
        var (exitCode, output) = await Dotnet.Run(
            file == RunAsItIs ? ["run", .. LibraryIsBuilt, path] : [Program(Path.GetFileNameWithoutExtension(file))],
            TestContext.Current.CancellationToken);

        Assert.True(exitCode == 0, output);
        Assert.Contains(output.Split('\n'), line => System.Text.RegularExpressions.Regex.IsMatch(line.TrimEnd('\r'), expectedLine));
    }

    [Fact]
    public void Every_sample_is_tested() =>
        Assert.Equal(Directory.GetFiles(Folder, "*.cs").Select(Path.GetFileName).Order(), Samples.Select(row => row.Data.Item1).Order());

    /// <summary>This project references it.</summary>
    private static readonly string[] LibraryIsBuilt = ["-p:BuildProjectReferences=false", "-p:NuGetAudit=false"];

    /// <summary>Builds each of them as <c>dotnet run</c> would: by the properties beside it and a reference to the library.</summary>
    private static async Task BuildOthers()
    {
        var projects = Directory.CreateDirectory(Path.Combine(Outputs, "projects")).FullName;
        var others = Samples.Select(row => row.Data.Item1).Where(file => file != RunAsItIs);
        var names = others.Select(Path.GetFileNameWithoutExtension).ToList();
        foreach (var name in names)
        {
            File.WriteAllText(Path.Combine(projects, $"{name}.csproj"), $"""
                <Project>
                  <PropertyGroup>
                    <DirectoryBuildPropsPath>{Path.Combine(Folder, "Directory.Build.props")}</DirectoryBuildPropsPath>
                  </PropertyGroup>
                  <Import Project="Sdk.props" Sdk="Microsoft.NET.Sdk" />
                  <PropertyGroup>
                    <OutputType>Exe</OutputType>
                    <Features>$(Features);FileBasedProgram</Features>
                  </PropertyGroup>
                  <ItemGroup>
                    <Compile Include="{Path.Combine(Folder, $"{name}.cs")}" />
                    <ProjectReference Include="{Path.Combine(Repository.Root, "src/DiscreteGradients/DiscreteGradients.csproj")}" />
                  </ItemGroup>
                  <Import Project="Sdk.targets" Sdk="Microsoft.NET.Sdk" />
                </Project>
                """);
        }

        var solution = Path.Combine(projects, "samples.slnx");
        File.WriteAllText(
            solution, $"<Solution>{string.Concat(names.Select(name => $"""<Project Path="{name}.csproj" />"""))}</Solution>");
        var (exitCode, output) = await Dotnet.Run(
            ["build", solution, Dotnet.OneNode, "-p:RunAnalyzers=false", .. LibraryIsBuilt], TestContext.Current.CancellationToken);
        Assert.True(exitCode == 0, output);
    }

    private static string Program(string name) => Path.Combine(Outputs, name, "bin", name, "debug", $"{name}.dll");
}
