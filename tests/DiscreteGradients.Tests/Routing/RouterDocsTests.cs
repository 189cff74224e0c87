using System.Globalization;
using System.Text.RegularExpressions;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.Routing;

/// <summary>What the page about mixtures of experts says is compared with the code.</summary>
public sealed partial class RouterDocsTests
{
    private const string Document = "docs/mixture-of-experts.md";

    private static readonly string Page = Repository.Read(Document);

    [Fact]
    public void The_table_of_routers_is_the_registry() => Repository.IsMade(Document, Table(), "routers");

    [Fact]
    public void Every_router_says_which_objective_it_stands_for() =>
        Assert.Equal(Routers.All.Select(entry => entry.Name), Objective().Matches(Page).Select(m => m.Groups[1].Value));

    [Fact]
    public void Every_block_of_code_is_part_of_the_sample()
    {
        var sample = Squeeze(Repository.Read("samples/mixture-of-experts.cs"));
        var blocks = CodeBlock().Matches(Page).Select(m => m.Groups[1].Value).ToList();

        Assert.NotEmpty(blocks);
        Assert.All(blocks, block => Assert.Contains(Squeeze(block), sample, StringComparison.Ordinal));
    }

    [Fact]
    public void A_router_is_read_at_one_glance() => Assert.All(
        Routers.All.Select(entry => entry.Default.GetType().Name).Distinct(),
        name => Assert.InRange(
            File.ReadLines(Path.Combine(Repository.Root, "src/DiscreteGradients/Routing", name + ".cs")).Count(), 1, 60));

    private static string Table()
    {
        string[] header = ["router", "exact up to degree", "forward", "backward", "settings", "summary"];
        return string.Concat(Routers.All.Select(Cells).Prepend([.. header.Select(_ => "---")]).Prepend(header)
            .Select(cells => $"| {string.Join(" | ", cells)} |\n"));
    }

    private static string[] Cells(RouterEntry entry) =>
    [
        $"`{entry.Name}`",
        entry.Default.Order == GradientEstimator.Unbiased ? "any g" : Text(entry.Default.Order),
        Cost(entry.Default.ForwardExperts),
        Cost(entry.Default.BackwardExperts),
        entry.Settings.Count == 0 ? "none" : string.Join(", ", entry.Settings.Select(s => $"{s.Title} {Text(s.Default)}")),
        entry.Summary,
    ];

    private static string Cost(Func<long, double> experts) => experts(8) == experts(16) ? Text(experts(8)) : "N";

    private static string Text(object number) => Convert.ToString(number, CultureInfo.InvariantCulture)!;

    private static string Squeeze(string code) => Spaces().Replace(code, " ").Trim();

    [GeneratedRegex(@"^\| `([^`]+)` \| (?:[^|]*[^|\d\s][^|]*) \| [^|]* \|$", RegexOptions.Multiline)]
    private static partial Regex Objective();

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
