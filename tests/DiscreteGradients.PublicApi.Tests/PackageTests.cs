using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace DiscreteGradients.PublicApi.Tests;

/// <summary>The NuGet package as its users meet it: what is in it, and programs outside the repository that use it.</summary>
public sealed partial class PackageTests(PackedLibrary package) : IClassFixture<PackedLibrary>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void Packing_gives_no_warning() => Assert.DoesNotContain("warning", package.Output, StringComparison.OrdinalIgnoreCase);

    [Fact]
    public void The_package_holds_the_library_for_its_framework_and_nothing_for_others()
    {
        using var archive = ZipFile.OpenRead(package.File);

        Assert.Equal(
            [
                "README.md",
                "buildTransitive/net10.0/DiscreteGradients.targets",
                "buildTransitive/net10.0/NativePortability/GlibcxxPatcher.cs",
                "buildTransitive/net10.0/NativePortability/NativePortability.targets",
                "lib/net10.0/DiscreteGradients.dll",
                "lib/net10.0/DiscreteGradients.xml",
            ],
            archive.Entries.Select(entry => entry.FullName)
                .Where(name => name is not ("DiscreteGradients.nuspec" or "[Content_Types].xml"))
                .Where(name => name.Split('/')[0] is not ("_rels" or "package"))
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_package_depends_on_the_two_packages_that_the_library_references()
    {
        var specification = XDocument.Load(new MemoryStream(Entry("DiscreteGradients.nuspec")));
        var groups = specification.Descendants().Where(element => element.Name.LocalName == "group");

        Assert.Equal("net10.0", Assert.Single(groups).Attribute("targetFramework")!.Value);
        Assert.Equal(
            new[] { "System.Numerics.Tensors", "TorchSharp" }.Select(id => (id, PackedLibrary.Versions[id])),
            specification.Descendants().Where(element => element.Name.LocalName == "dependency")
                .Select(element => (element.Attribute("id")!.Value, element.Attribute("version")!.Value)).Order());
    }

    [Fact]
    public unsafe void The_library_names_no_folder_of_the_machine_that_built_it()
    {
        var library = Entry("lib/net10.0/DiscreteGradients.dll");
        using var image = new PEReader(new MemoryStream(library));
        var symbols = image.ReadDebugDirectory().Single(entry => entry.Type == DebugDirectoryEntryType.EmbeddedPortablePdb);
        using var provider = image.ReadEmbeddedPortablePdbDebugDirectoryData(symbols);
        var reader = provider.GetMetadataReader();

        var sources = reader.Documents.Select(document => reader.GetString(reader.GetDocument(document).Name)).ToArray();

        Assert.Contains(sources, source => source.EndsWith("/src/DiscreteGradients/Latents/OneHot.cs", StringComparison.Ordinal));
        Assert.All(sources, source => Assert.Matches("^/_[0-9]?/(src|artifacts)/", source));
        foreach (var folder in new[] { Dotnet.RepositoryRoot, package.Folder.FullName }.Select(Path.TrimEndingDirectorySeparator))
        {
            Assert.Equal(-1, library.AsSpan().IndexOf(Encoding.UTF8.GetBytes(folder)));
            Assert.Equal(-1, library.AsSpan().IndexOf(Encoding.Unicode.GetBytes(folder)));
            Assert.Equal(-1, new ReadOnlySpan<byte>(reader.MetadataPointer, reader.MetadataLength).IndexOf(Encoding.UTF8.GetBytes(folder)));
        }
    }

    [Fact]
    public async Task A_program_for_an_older_framework_is_told_so_by_restore()
    {
        string[] frameworks = ["net8.0", "net9.0", "netstandard2.0"];
        var project = package.Project("older", string.Join(';', frameworks), libtorch: false, "");

        var (exitCode, output) = await Dotnet.Run(["restore", project], Stop);

        Assert.NotEqual(0, exitCode);
        foreach (var framework in frameworks)
        {
            Assert.Contains(
                $"error NU1202: Package DiscreteGradients 0.1.0 is not compatible with {framework} ", output, StringComparison.Ordinal);
        }

        Assert.Equal(["NU1202"], Errors().Matches(output).Select(match => match.Groups[1].Value).Distinct());
    }

    [Fact]
    public async Task A_program_builds_without_a_warning_gets_the_patched_native_library_and_runs()
    {
        var project = package.Project("program", "net10.0", libtorch: true, """
            using DiscreteGradients;
            using static TorchSharp.torch;
            using static TorchSharp.torch.nn;

            var logits = Parameter(zeros(8, 2, 3));
            var (sample, _) = Functional.reinmax(logits, tau: 1);
            functional.relu(sample).sum().backward();
            Console.WriteLine($"{sample.sum().item<float>()} {logits.grad!.shape.Length}");
            """);

        var (exitCode, output) = await Dotnet.Run(["build", project], Stop);
        Assert.True(exitCode == 0, output);
        Assert.Contains("0 Warning(s)", output, StringComparison.Ordinal);

        (exitCode, output) = await Dotnet.Run([Program(project)], Stop);
        Assert.Equal((0, "16 3"), (exitCode, output.Trim()));

        var native = Path.Combine("runtimes", "linux-x64", "native", "libLibTorchSharp.so");
        Assert.NotEqual(
            File.ReadAllBytes(Path.Combine(Dotnet.PackagesFolder, "torchsharp", PackedLibrary.Versions["TorchSharp"], native)),
            File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(Program(project))!, native)));
    }

    [Fact]
    public async Task A_program_without_libtorch_is_told_which_package_to_reference()
    {
        var project = package.Project("without", "net10.0", libtorch: false, """
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

        var (exitCode, output) = await Dotnet.Run(["build", project], Stop);
        Assert.True(exitCode == 0, output);
        Assert.Contains(
            "warning DG0003: A program that uses DiscreteGradients needs the native libtorch, but none of its packages has it: "
            + "reference the package "
            + $"libtorch-cpu-linux-x64, libtorch-cpu-win-x64 or libtorch-cpu-osx-arm64, version {PackedLibrary.LibtorchVersion}, "
            + "or set DiscreteGradientsCheckLibtorch to false if libtorch comes from elsewhere. [", output, StringComparison.Ordinal);
        Assert.Contains("1 Warning(s)", output, StringComparison.Ordinal);

        (exitCode, output) = await Dotnet.Run([Program(project)], Stop);
        var sentence = "TorchSharp needs the native libtorch, but found none that loads; "
            + $"reference the package {PackedLibrary.Libtorch}, version {PackedLibrary.LibtorchVersion}.";
        Assert.Equal(0, exitCode);
        Assert.Equal(  // Other lines are TorchSharp's, which prints what it tried.
            [$"told: {sentence}", $"told: {sentence}", $"told: {sentence}"],
            output.Split('\n', StringSplitOptions.TrimEntries).Where(line => line.StartsWith("told: ", StringComparison.Ordinal)));

        foreach (var off in new[] { "-p:DiscreteGradientsCheckLibtorch=false", "-p:OutputType=Library" })
        {
            (exitCode, output) = await Dotnet.Run(["msbuild", project, "-t:ResolvePackageAssets", "-p:TargetFramework=net10.0", off], Stop);
            Assert.True(exitCode == 0, output);
            Assert.DoesNotContain("DG0003", output, StringComparison.Ordinal);
        }
    }

    private static string Program(string project) => Path.Combine(project, "bin", "Debug", "net10.0", $"{Path.GetFileName(project)}.dll");

    private byte[] Entry(string name)
    {
        using var archive = ZipFile.OpenRead(package.File);
        using var stream = archive.GetEntry(name)!.Open();
        var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    [GeneratedRegex(@"error (\w+):")]
    private static partial Regex Errors();
}
