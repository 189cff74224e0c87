using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

/// <summary>The bounds that keep files readable.</summary>
public sealed class SizeTests
{
    private const int LongestLine = 140;

    private static readonly string[] BaseTypes = ["GradientEstimator", "PathwiseEstimator", "ScoreFunctionEstimator", "AdaptiveEstimator"];

    [Fact]
    public void No_line_of_code_is_longer_than_140_characters()
    {
        var files = ((string[])["src", "tests", "bench", "samples"])
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories))
            .ToList();

        Assert.True(files.Count > 300);
        Assert.Empty(
            from file in files
            from line in File.ReadLines(file).Index()
            where line.Item.Length > LongestLine
            select $"{file}, line {line.Index + 1}");
    }

    [Fact]
    public void The_base_types_are_read_in_one_sitting_and_an_estimator_at_one_glance()
    {
        var library = Path.Combine(Repository.Root, "src", "DiscreteGradients");

        Assert.InRange(BaseTypes.Sum(type => File.ReadLines(Path.Combine(library, type + ".cs")).Count()), 1, 200);
        Assert.All(
            Estimators.All.Select(entry => entry.Default.GetType().Name).Distinct(),
            name => Assert.InRange(
                File.ReadLines(Assert.Single(Directory.GetFiles(library, name + ".cs", SearchOption.AllDirectories))).Count(), 1, 60));
    }

    [Fact]
    public void The_file_of_an_experiment_has_at_most_300_lines() => Assert.All(
        ((string[])["Polynomial", "Vae", "BernoulliVae", "ListOps", "ArchitectureSearch", "Moe"])
            .Select(folder => Path.Combine(Repository.Root, "src", "DiscreteGradients.Experiments", folder))
            .SelectMany(folder => Directory.GetFiles(folder, "*.cs")),
        file => Assert.InRange(File.ReadLines(file).Count(), 1, 300));
}
