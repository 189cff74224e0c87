using System.Text.Json;
using DiscreteGradients.Testing;
using SkiaSharp;

namespace DiscreteGradients.Cli.Tests.Commands;

public sealed class CompareTests
{
    [Theory]
    [InlineData("linear", 1)]
    [InlineData("quadratic", 2)]
    [InlineData("cubic", 3)]
    [InlineData("quartic", 4)]
    public void A_problem_is_a_polynomial_of_the_degree_that_its_name_says(string problem, int degree)
    {
        var rows = Compare("--problem", problem, "--draws", "20000", "--estimator", "st,reinmax,rloo");

        Assert.Equal([1, 2, null], rows.Select(row => row.TryGetProperty("order", out var order) ? order.GetInt32() : (int?)null));
        Assert.Equal([degree <= 1, degree <= 2, true], rows.Select(row => row.GetProperty("largest_z").GetDouble() <= 5));
    }

    [Fact]
    public void With_three_categories_those_for_two_are_left_out()
    {
        var rows = Compare("--draws", "20", "--noise-draws", "2", "--learning-steps", "2");

        Assert.Equal(
            Estimators.All.Where(e => e.Default is not IBinaryEstimator).Select(e => e.Name),
            rows.Select(row => row.GetProperty("estimator").GetString()));
    }

    [Fact]
    public void With_two_categories_every_estimator_is_compared()
    {
        var rows = Compare("--categories", "2", "--draws", "20", "--noise-draws", "2", "--learning-steps", "2");

        Assert.Equal(Estimators.All.Select(e => e.Name), rows.Select(row => row.GetProperty("estimator").GetString()));
    }

    [Fact]
    public void No_polynomial_is_a_network()
    {
        var rows = Compare("--problem", "mlp", "--estimator", "reinmax,rloo", "--draws", "20000");

        Assert.Equal([true, false], rows.Select(row => row.GetProperty("largest_z").GetDouble() > 5));
    }

    [Fact]
    public void A_seed_gives_the_same_numbers_again()
    {
        string[] measured =
            ["--draws", "100", "--seed", "5", "--noise-draws", "2", "--learning-steps", "3", "--estimator", "gumbel-rao,carms,relax"];
        string[] Biases() => [.. Compare(measured).Select(row => row.GetProperty("bias").GetRawText())];

        Assert.Equal(Biases(), Biases());
    }

    [Fact]
    public void Estimators_that_learn_are_measured_after_they_have()
    {
        double Deviation(string steps) =>
            Compare("--estimator", "rodeo", "--problem", "quartic", "--draws", "4000", "--learning-steps", steps)[0]
                .GetProperty("standard_deviation").GetDouble();

        Assert.True(Deviation("300") < 0.95 * Deviation("0"));
    }

    [Fact]
    public void The_folder_holds_the_rows_and_a_plot()
    {
        using var folder = new TemporaryFolder();

        var result = Tool.Run("compare", "--draws", "100", "--estimator", "st,reinmax", "--out", folder["out"]);

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal(2, File.ReadAllLines(folder["out", "compare.jsonl"]).Length);
        using var bitmap = SKBitmap.Decode(folder["out", "plots", "gradient-quality.png"]);
        Assert.Equal((1200, 750), (bitmap.Width, bitmap.Height));
        Assert.Contains(
            result.Lines,
            line => line.StartsWith("reinmax ", StringComparison.Ordinal) && line.Contains("0 (within noise)", StringComparison.Ordinal));
        Assert.All(result.Lines.SkipLast(1), line => Assert.InRange(line.Length, 0, 120));
    }

    private static List<JsonElement> Compare(params string[] more)
    {
        var result = Tool.Run(["compare", "--json", .. more]);

        Assert.Equal((0, ""), (result.Code, result.Error));
        return [.. result.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
