namespace DiscreteGradients.Cli.Tests.Commands;

public sealed class ListTests
{
    [Fact]
    public void List_shows_every_estimator_every_experiment_and_the_versions()
    {
        var result = Tool.Run("list");

        Assert.Equal((0, ""), (result.Code, result.Error));
        var first = result.Lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault("")).ToList();
        Assert.All(Estimators.All, entry => Assert.Contains(entry.Name, first));
        Assert.All(ExperimentCatalog.All, entry => Assert.Contains(entry.Name, first));
        Assert.All(["dgrad", "torchsharp", "libtorch", "dotnet", "os", "vector", "threads"], fact => Assert.Contains(fact, first));
        Assert.All(result.Lines, line => Assert.InRange(line.Length, 0, 120));
    }

    [Fact]
    public void List_fits_80_columns()
    {
        var output = new StringWriter();

        DgradApp.Run(["list"], new Terminal(output, new StringWriter()) { Width = 80 });

        Assert.All(output.ToString().Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 80));
        Assert.Contains("reinmax-uniform     second order with a uniform baseline", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Version_is_one_line()
    {
        var result = Tool.Run("--version");

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Matches(@"^dgrad \d+\.\d+\.\d+$", Assert.Single(result.Lines).TrimEnd());
    }

    [Theory]
    [InlineData("")]
    [InlineData("run polynomial")]
    [InlineData("run vae")]
    [InlineData("compare")]
    [InlineData("verify")]
    [InlineData("data")]
    [InlineData("data fetch")]
    public void Help_ends_with_examples_of_the_command(string command)
    {
        var result = Tool.Run([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);

        Assert.Equal((0, ""), (result.Code, result.Error));
        var examples = result.Lines.SkipWhile(line => line.TrimEnd() != "Examples:").Skip(1).ToList();
        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.StartsWith($"  dgrad {command}".TrimEnd(), example, StringComparison.Ordinal));
    }

    [Fact]
    public void Without_arguments_the_tool_shows_its_help() => Assert.Equal(Tool.Run("--help"), Tool.Run());
}
