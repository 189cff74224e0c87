using System.Globalization;
using System.Text.RegularExpressions;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

/// <summary>What the documents say of the code is compared with the code.</summary>
public partial class DocsTests
{
    private static string Root => Repository.Root;

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
    public void The_table_of_estimators_is_the_registry(string document) => Repository.IsMade(document, Table(), "estimators");

    [Fact]
    public void Every_estimator_has_a_section_in_the_order_of_the_registry()
    {
        var sections = SectionOfEstimator().Matches(Repository.Read("docs/estimators.md")).Select(m => m.Groups[1].Value);

        Assert.Equal(Estimators.All.Select(e => e.Name), sections);
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_link_leads_to_a_file_and_to_a_heading_that_is_there(string document)
    {
        var dead = Links(document).Where(link =>
            !Path.Exists(link.Path) || (link.Heading is not null && !Headings(link.Path).Contains(link.Heading)));

        Assert.Empty(dead);
    }

    [Fact]
    public void Every_page_stands_in_the_index()
    {
        const string Index = "docs/README.md";
        var linked = Links(Index).Select(link => link.Path).Append(Path.Combine(Root, Index)).ToHashSet();

        var missing = Documents.Select(row => Path.Combine(Root, row.Data)).Where(path => !linked.Contains(path));

        Assert.Empty(missing);
        Assert.Contains(Path.Combine(Root, Index), Links("README.md").Select(link => link.Path));
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_test_that_is_named_exists(string document)
    {
        var methods = typeof(DocsTests).Assembly.GetTypes().SelectMany(t => t.GetMethods()).Select(m => m.Name).ToHashSet();

        var unknown = TestName().Matches(Repository.Read(document)).Select(m => m.Groups[1].Value).Except(methods);

        Assert.Empty(unknown);
    }

    /// <summary>The samples are run by tests, so a block of code that stands in one of them works.</summary>
    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/tutorial.md")]
    public void Every_block_of_code_is_part_of_a_sample(string document)
    {
        var samples = Directory.GetFiles(Path.Combine(Root, "samples"), "*.cs").Select(path => Squeeze(File.ReadAllText(path))).ToList();

        var blocks = CodeBlock().Matches(Repository.Read(document)).Select(m => m.Groups[1].Value).ToList();

        Assert.NotEmpty(blocks);
        Assert.All(blocks, block => Assert.Contains(samples, sample => sample.Contains(Squeeze(block), StringComparison.Ordinal)));
    }

    /// <summary>The links of a document to files of this repository, as whole paths, and the headings that they lead to.</summary>
    private static IEnumerable<(string Path, string? Heading)> Links(string document)
    {
        var own = Path.Combine(Root, document);
        return Link().Matches(Repository.Read(document)).Select(m => m.Groups[1].Value)
            .Where(link => !link.Contains("://", StringComparison.Ordinal))
            .Select(link => link.Split('#'))
            .Select(parts => (
                parts[0].Length == 0 ? own : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(own)!, parts[0])),
                parts.Length > 1 ? parts[1] : null));
    }

    /// <summary>The anchors of a document's headings, as GitHub makes them.</summary>
    private static IEnumerable<string> Headings(string path) => Heading().Matches(File.ReadAllText(path))
        .Select(m => m.Groups[1].Value.Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_').Select(char.ToLowerInvariant))
        .Select(letters => string.Concat(letters).Replace(' ', '-'));

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

    private static string Squeeze(string code) => Spaces().Replace(code, " ").Trim();

    [GeneratedRegex(@"^## `([^`]+)`$", RegexOptions.Multiline)]
    private static partial Regex SectionOfEstimator();

    [GeneratedRegex(@"^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`(?:\w+Tests\.)?([A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+){2,})`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
