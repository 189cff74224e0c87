using System.Xml.Linq;
using DiscreteGradients.Testing;

namespace DiscreteGradients.PublicApi.Tests;

/// <summary>The NuGet package, made once, and programs in a folder of their own that use it. Nothing is downloaded.</summary>
public sealed class PackedLibrary : IAsyncLifetime
{
    public PackedLibrary() => Programs = new(BuildPrograms);

    /// <summary>The package with the native libtorch for this system.</summary>
    public static string Libtorch { get; } =
        $"libtorch-cpu-{(OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64")}";

    /// <summary>The versions of packages that the repository builds with.</summary>
    public static IReadOnlyDictionary<string, string> Versions { get; } =
        XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .ToDictionary(version => version.Attribute("Include")!.Value, version => version.Attribute("Version")!.Value);

    public static string LibtorchVersion => Versions[Libtorch];

    public DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("discrete-gradients-package-");

    public string File => Directory.GetFiles(Path.Combine(Folder.FullName, "packages"), "*.nupkg").Single();

    /// <summary>What <c>dotnet pack</c> wrote.</summary>
    public string Output { get; private set; } = "";

    /// <summary>
    /// Built in one call: a program with libtorch, and one without, whose packages are resolved twice more where no libtorch is looked for.
    /// </summary>
    public Lazy<Task<(int ExitCode, string Output, string Whole, string WithoutLibtorch)>> Programs { get; }

    public async ValueTask InitializeAsync()
    {
        var (exitCode, output) = await Dotnet.Run(
            [
                "pack", "src/DiscreteGradients", Dotnet.OneNode, "-o", Path.Combine(Folder.FullName, "packages"),
                $"-p:ArtifactsPath={Path.Combine(Folder.FullName, "build")}", "-p:RunAnalyzers=false",
            ],
            TestContext.Current.CancellationToken);
        Assert.True(exitCode == 0, output);
        Output = output;
    }

    /// <summary>A project that references the package and, if asked to, this system's libtorch.</summary>
    public string Project(string name, string frameworks, bool libtorch, string program)
    {
        var folder = Folder.CreateSubdirectory(name).FullName;
        var reference = libtorch ? $"""<PackageReference Include="{Libtorch}" Version="{LibtorchVersion}" />""" : "";
        // Packages come from the package's folder and from those that are unpacked already; without the implicit
        // references other frameworks need no packages of their own.
        System.IO.File.WriteAllText(Path.Combine(folder, $"{name}.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFrameworks>{frameworks}</TargetFrameworks>
                <OutputType>Exe</OutputType>
                <ImplicitUsings>enable</ImplicitUsings>
                <RestoreSources>{Path.GetDirectoryName(File)}</RestoreSources>
                <RestorePackagesPath>{Path.Combine(Folder.FullName, "unpacked")}</RestorePackagesPath>
                <RestoreFallbackFolders>{Dotnet.PackagesFolder}</RestoreFallbackFolders>
                <CreateHardLinksForCopyLocalIfPossible>true</CreateHardLinksForCopyLocalIfPossible>
              </PropertyGroup>
              <PropertyGroup Condition="'$(TargetFramework)' != 'net10.0'">
                <DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences>
                <UseAppHost>false</UseAppHost>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="DiscreteGradients" Version="0.1.0" />
                {reference}
              </ItemGroup>
            </Project>
            """);
        System.IO.File.WriteAllText(Path.Combine(folder, "Program.cs"), program);
        return folder;
    }

    private async Task<(int ExitCode, string Output, string Whole, string WithoutLibtorch)> BuildPrograms()
    {
        var whole = Project("program", "net10.0", libtorch: true, """
            using DiscreteGradients;
            using static TorchSharp.torch;
            using static TorchSharp.torch.nn;

            var logits = Parameter(zeros(8, 2, 3));
            var (sample, _) = Functional.reinmax(logits, tau: 1);
            functional.relu(sample).sum().backward();
            Console.WriteLine($"{sample.sum().item<float>()} {logits.grad!.shape.Length}");
            """);
        var without = Project("without", "net10.0", libtorch: false, """
            Environment.SetEnvironmentVariable("NUGET_PACKAGES", AppContext.BaseDirectory); // TorchSharp looks for libtorch there too.
            Action[] first =
            [
                () => DiscreteGradients.OneHot.States(2, 2),
                () => new DiscreteGradients.Rebar().Prepare(2, 2),
                () => new DiscreteGradients.GradientCase
                {
                    Method = "st", Shape = [1, 2], Temperature = 1, Logits = [0, 0], Sample = [0],
                    GradientAtSample = [0, 0], GradientAtLogits = [0, 0],
                }.Recompute(),
            ];
            foreach (var call in first)
            {
                try
                {
                    call();
                }
                catch (NotSupportedException failure)
                {
                    Console.WriteLine($"told: {failure.Message}{failure.InnerException}");
                }
            }
            """);
        var both = Path.Combine(Folder.FullName, "both.proj");
        System.IO.File.WriteAllText(both, $"""
            <Project DefaultTargets="Build">
              <Target Name="Restore">
                <MSBuild Projects="{whole}/program.csproj;{without}/without.csproj" Targets="Restore" />
              </Target>
              <Target Name="Build">
                <MSBuild Projects="{whole}/program.csproj;{without}/without.csproj" />
                <MSBuild Projects="{without}/without.csproj" Targets="ResolvePackageAssets"
                         Properties="TargetFramework=net10.0;DiscreteGradientsCheckLibtorch=false" />
                <MSBuild Projects="{without}/without.csproj" Targets="ResolvePackageAssets"
                         Properties="TargetFramework=net10.0;OutputType=Library" />
              </Target>
            </Project>
            """);
        var (exitCode, output) = await Dotnet.Run(["build", both, Dotnet.OneNode], TestContext.Current.CancellationToken);
        return (exitCode, output, whole, without);
    }

    public ValueTask DisposeAsync()
    {
        Folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
