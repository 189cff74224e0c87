using DiscreteGradients.Testing;

namespace DiscreteGradients.Cli.Tests;

public sealed class ListOpsRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_leaves_tables_plots_and_trees_beside_the_shortcuts_and_the_controls()
    {
        var result = Tool.Run(
            [
                .. TinyListOps.Command(_folder), "--epochs", "2", "--longest", "12", "--seeds", "2", "--estimator", Methods,
                "--out", _folder["run"],
            ]);

        Assert.Equal((0, ""), (result.Code, result.Error));
        var lines = result.Lines.Select(Words).ToList();
        Assert.Contains(lines, line => line.StartsWith("accuracy by depth 1", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("accuracy by length 3-4 5-6", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("F1 by depth 1", StringComparison.Ordinal));
        Assert.Contains(lines, line => line
            is "Trees of reinmax, seed 0:" or "Trees of random-trees, seed 0:" or "Trees of true-trees, seed 0:");
        Assert.Contains("Selected accuracy: the test accuracy of the epoch with the best validation.", lines);
        Assert.DoesNotContain(lines, line => line.Contains("published rule", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("no steps/s", StringComparison.Ordinal));
        string[] names = ["accuracy-by-depth", "F1-by-depth", "test-accuracy", "reinmax-seed1-epoch2-trees"];
        Assert.All(names, name => Assert.True(File.Exists(_folder["run", "plots", $"{name}.png"]), name));
        Assert.All(names, name => Assert.EndsWith("</svg>", File.ReadAllText(_folder["run", "plots", $"{name}.svg"]).TrimEnd(), Exactly));
        Assert.StartsWith("value ", File.ReadAllText(_folder["run", "plots", "reinmax-seed1-epoch2-trees.txt"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_has_the_parts_side_by_side()
    {
        Tool.Run([.. TinyListOps.Command(_folder), "--epochs", "1", "--longest", "12", "--estimator", Methods, "--out", _folder["run"]]);

        var result = Tool.Run("report", _folder["run"], "--out", _folder["out"]);

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Contains(result.Lines, line => Words(line).StartsWith("accuracy by depth n 1", StringComparison.Ordinal));
        var report = File.ReadAllText(_folder["out", "report.md"]);
        Assert.Contains("\n| accuracy by depth | settings | n |", report, StringComparison.Ordinal);
        Assert.Contains("- Selected accuracy: ", report, StringComparison.Ordinal);
        Assert.True(File.Exists(_folder["out", "plots", "listops-accuracy-by-depth.png"]));
    }

    [Fact]
    public void A_report_says_no_learning_rate_of_what_is_not_trained_and_shows_it_once()
    {
        foreach (var rate in (string[])["0.001", "0.002"])
        {
            Tool.Run(
                [.. TinyListOps.Command(_folder), "--epochs", "1", "--estimator", Methods, "--lr", rate, "--out", _folder["runs", rate]]);
        }

        var result = Tool.Run("report", _folder["runs"], "--out", _folder["out"]);

        Assert.Equal((0, ""), (result.Code, result.Error));
        var table = File.ReadAllText(_folder["out", "report.md"]).Split("\n\n").First(part => part.Contains("| test accuracy |", Exactly));
        var rows = table.Split('\n').Skip(2).Select(row => string.Join(',', row.Split('|')[1..3].Select(cell => cell.Trim()))).ToList();
        Assert.Equal(
            [
                "reinmax,optimizer radam, lr 0.001, temperature 1", "reinmax,optimizer radam, lr 0.002, temperature 1",
                "random-trees,optimizer radam, lr 0.001", "random-trees,optimizer radam, lr 0.002",
                "true-trees,optimizer radam, lr 0.001", "true-trees,optimizer radam, lr 0.002", "majority,", "depth-1,",
            ],
            rows);
    }

    [Theory]
    [InlineData("0\t( ( [MAX 7 ) ] )\n", "Line 1 of '{0}' has the label 0, but its expression is 7; correct or remove the line.")]
    [InlineData("7\t( ( [MAX 7 ) ]\n", "Line 1 of '{0}' is unbalanced: 1 '(' has no ')'; correct or remove the line.")]
    [InlineData("", "'{0}' is empty; expected a table of ListOps sentences.")]
    public void A_wrong_file_is_one_sentence_and_no_run(string text, string sentence)
    {
        foreach (var option in (ReadOnlySpan<string>)["train", "valid", "test"])
        {
            File.WriteAllText(_folder["wrong.tsv"], text);
            var line = TinyListOps.Command(_folder).ToList();
            line[line.IndexOf("--" + option) + 1] = _folder["wrong.tsv"];

            var result = Tool.Run([.. line, "--estimator", "majority", "--out", _folder["run"]]);

            Assert.Equal((2, ""), (result.Code, result.Out));
            Assert.Equal(string.Format(null, sentence, _folder["wrong.tsv"]) + Environment.NewLine, result.Error);
            Assert.False(Directory.Exists(_folder["run"]));
        }
    }

    [Fact]
    public void A_machine_without_files_and_network_runs_at_once_and_says_that_everything_is_made()
    {
        var result = Tool.Shell(
            "env -u DGRAD_DATA HOME=$PWD XDG_CACHE_HOME=$PWD/cache DGRAD_OFFLINE=1 \"$dgrad\" run listops --rows 20 --longest 8 --hidden 4 "
            + "--epochs 1 --steps 1 --estimator reinmax,depth-1 --threads 1 --out run",
            _folder["."]);

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Contains("Training sentences are made by the published rule; they are not the published ones.", result.Lines);
        Assert.Contains("Test sentences are made by the published rule too; accuracies on the published ones are others.", result.Lines);
        Assert.Contains("\"dataset\": \"made-listops\"", File.ReadAllText(_folder["run", "run.json"]), StringComparison.Ordinal);
        Assert.True(File.Exists(_folder["cache", "dgrad", "listops", "made.tsv.gz"]));
    }

    private const string Methods = "reinmax,random-trees,true-trees,majority,depth-1";

    private const StringComparison Exactly = StringComparison.Ordinal;

    private static string Words(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
