using System.Globalization;
using System.Text.RegularExpressions;

namespace DiscreteGradients.Tests;

/// <summary>What the documents say of the code is compared with the code.</summary>
public partial class DocsTests
{
    private const string Begin = "<!-- estimators -->\n";
    private const string End = "<!-- /estimators -->\n";

    private static readonly string Root = FindRoot();

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "DiscreteGradients.slnx")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException($"no DiscreteGradients.slnx above {AppContext.BaseDirectory}");
        return folder.FullName;
    }

    public static TheoryData<string> Documents { get; } =
    [
        .. Directory.GetFiles(Root, "*.md")
            .Concat(Directory.GetFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Order(StringComparer.Ordinal),
    ];

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/estimators.md")]
    public void The_table_of_estimators_is_the_registry(string document)
    {
        var text = Read(document);
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal), text.IndexOf(End, StringComparison.Ordinal));
        Assert.True(begin >= 0 && end > begin, $"{document} has no {Begin.Trim()} … {End.Trim()}.");

        var stored = text[(begin + Begin.Length)..end];

        Assert.True(stored == Table(), $"{document} has another table than the registry. Put this between the markers:\n\n{Table()}");
    }

    [Fact]
    public void Every_estimator_has_a_section_in_the_order_of_the_registry()
    {
        var sections = SectionOfEstimator().Matches(Read("docs/estimators.md")).Select(m => m.Groups[1].Value);

        Assert.Equal(Estimators.All.Select(e => e.Name), sections);
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_link_to_a_file_leads_to_a_file(string document)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Root, document))!;

        var missing = Link().Matches(Read(document)).Select(m => m.Groups[1].Value)
            .Where(link => !link.Contains("://", StringComparison.Ordinal) && !link.StartsWith('#'))
            .Where(link => !Path.Exists(Path.Combine(folder, link.Split('#')[0])));

        Assert.Empty(missing);
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_test_that_is_named_exists(string document)
    {
        var methods = typeof(DocsTests).Assembly.GetTypes().SelectMany(t => t.GetMethods()).Select(m => m.Name).ToHashSet();

        var unknown = TestName().Matches(Read(document)).Select(m => m.Groups[1].Value).Except(methods);

        Assert.Empty(unknown);
    }

    /// <summary>The samples are run by tests, so a block of code that stands in one of them works.</summary>
    [Fact]
    public void Every_block_of_code_in_the_readme_is_part_of_a_sample()
    {
        var samples = Directory.GetFiles(Path.Combine(Root, "samples"), "*.cs").Select(path => Squeeze(File.ReadAllText(path))).ToList();

        var blocks = CodeBlock().Matches(Read("README.md")).Select(m => m.Groups[1].Value).ToList();

        Assert.NotEmpty(blocks);
        Assert.All(blocks, block => Assert.Contains(samples, sample => sample.Contains(Squeeze(block), StringComparison.Ordinal)));
    }

    private static string Table()
    {
        string[] header = ["name", "kind", "exact up to degree", "evaluations of f", "settings", "summary"];
        return string.Concat(Estimators.All.Select(Cells).Prepend([.. header.Select(_ => "---")]).Prepend(header)
            .Select(cells => $"| {string.Join(" | ", cells)} |\n"));
    }

    private static string[] Cells(EstimatorEntry entry) =>
    [
        $"`{entry.Name}`",
        entry.Kind,
        entry.Default.Order == GradientEstimator.Unbiased ? "any f" : entry.Default.Order.ToString(CultureInfo.InvariantCulture),
        Evaluations(entry.Default),
        entry.Settings.Count == 0
            ? "none"
            : string.Join(", ", entry.Settings.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Title} {s.Default}"))),
        entry.Summary,
    ];

    /// <summary>A number if it does not depend on the size of the problem, else the power of it.</summary>
    private static string Evaluations(GradientEstimator estimator)
    {
        var (small, large) = (estimator.Evaluations(latents: 2, categories: 3), estimator.Evaluations(latents: 3, categories: 5));
        return (small, large) switch
        {
            (9, 125) => "Kᴸ",
            _ when small == large => small.ToString(CultureInfo.InvariantCulture),
            _ => throw new NotSupportedException($"{estimator} evaluates f {small} and {large} times; the table has no words for that."),
        };
    }

    private static string Read(string document) => File.ReadAllText(Path.Combine(Root, document)).ReplaceLineEndings("\n");

    private static string Squeeze(string code) => Spaces().Replace(code, " ").Trim();

    [GeneratedRegex(@"^## `([^`]+)`$", RegexOptions.Multiline)]
    private static partial Regex SectionOfEstimator();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`(?:\w+Tests\.)?([A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+){2,})`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
