using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using DiscreteGradients.Testing;

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
        foreach (var folder in new[] { Repository.Root, package.Folder.FullName }.Select(Path.TrimEndingDirectorySeparator))
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
        var built = await package.Programs.Value;
        Assert.True(built.ExitCode == 0, built.Output);
        Assert.DoesNotContain(Warnings(built.Output), warning => warning.Contains(Name(built.Whole), StringComparison.Ordinal));

        var (exitCode, output) = await Dotnet.Run([Program(built.Whole)], Stop);
        Assert.Equal((0, "16 3"), (exitCode, output.Trim()));

        var native = Path.Combine("runtimes", "linux-x64", "native", "libLibTorchSharp.so");
        Assert.NotEqual(
            File.ReadAllBytes(Path.Combine(Dotnet.PackagesFolder, "torchsharp", PackedLibrary.Versions["TorchSharp"], native)),
            File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(Program(built.Whole))!, native)));
    }

    [Fact]
    public async Task A_program_without_libtorch_is_told_which_package_to_reference()
    {
        var built = await package.Programs.Value;
        Assert.True(built.ExitCode == 0, built.Output);
        Assert.Contains(
            "warning DG0003: A program that uses DiscreteGradients needs the native libtorch, but none of its packages has it: "
            + "reference the package "
            + $"libtorch-cpu-linux-x64, libtorch-cpu-win-x64 or libtorch-cpu-osx-arm64, version {PackedLibrary.LibtorchVersion}, "
            + "or set DiscreteGradientsCheckLibtorch to false if libtorch comes from elsewhere. [", built.Output, StringComparison.Ordinal);
        Assert.Contains("1 Warning(s)", built.Output, StringComparison.Ordinal);  // not in a library, nor where the check is off

        var (exitCode, output) = await Dotnet.Run([Program(built.WithoutLibtorch)], Stop);
        var sentence = "TorchSharp needs the native libtorch, but found none that loads; "
            + $"reference the package {PackedLibrary.Libtorch}, version {PackedLibrary.LibtorchVersion}.";
        Assert.Equal(0, exitCode);
        Assert.Equal(  // Other lines are TorchSharp's, which prints what it tried.
            [$"told: {sentence}", $"told: {sentence}", $"told: {sentence}"],
            output.Split('\n', StringSplitOptions.TrimEntries).Where(line => line.StartsWith("told: ", StringComparison.Ordinal)));
    }

    private static IEnumerable<string> Warnings(string output) =>
        output.Split('\n').Where(line => line.Contains("warning ", StringComparison.Ordinal));

    private static string Name(string project) => $"{Path.GetFileName(project)}.csproj";

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
