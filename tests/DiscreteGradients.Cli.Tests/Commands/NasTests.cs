using System.Text.Json;
using DiscreteGradients.Testing;
using SkiaSharp;

namespace DiscreteGradients.Cli.Tests.Commands;

public sealed class NasTests : IDisposable
{
    private const string Best = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_cell_is_shown_with_its_accuracies_and_who_is_like_it()
    {
        var result = Tool.Run("nas", "lookup", "6111");

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal(Tool.Run("nas", "lookup", $"{NasTable.Shipped.Rows[6111].Cell}").Out, result.Out);
        Assert.Equal(Best, result.Lines[0]);
        Assert.Contains("   3  skip      conv 3x3  conv 1x1", result.Lines.Select(line => line.TrimEnd()));
        Assert.Contains(result.Lines, line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            is ["CIFAR-10", "94.37", "0.00", "1", "100.00", "84.38", "88.79"]);
    }

    [Fact]
    public void A_cell_fits_80_columns()
    {
        var output = new StringWriter();

        DgradApp.Run(["nas", "lookup", "6"], new Terminal(output, TextWriter.Null) { Width = 80 });

        var lines = output.ToString().Split('\n').Select(line => line.TrimEnd()).ToList();
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 80));
        Assert.Contains(lines, line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            is ["ImageNet16-120", "39.87", "7.44", "4170", "73.32", "29.13", "27.73"]);
    }

    [Fact]
    public void A_cell_is_one_json_object()
    {
        var result = Tool.Run("nas", "lookup", "6111", "--json");

        var cell = JsonDocument.Parse(Assert.Single(result.Lines)).RootElement;
        var row = NasTable.Shipped.Rows[6111];
        Assert.Contains($"\"arch\":\"{row.Cell}\"", result.Out, StringComparison.Ordinal);
        Assert.Equal((6111, $"{row.Cell}"), (cell.GetProperty("index").GetInt32(), cell.GetProperty("arch").GetString()));
        Assert.Equal(row.IsoClass, cell.GetProperty("iso_class").GetInt32());
        var cifar = cell.GetProperty("accuracies").GetProperty("cifar100");
        Assert.Equal(row.Cifar100.Test, cifar.GetProperty("test").GetDouble());
        Assert.Equal(row.Cifar100.EarlyValidation, cifar.GetProperty("early_validation").GetDouble());
        Assert.Equal(NasTable.Shipped.Percentile(row, NasSet.Cifar100), cifar.GetProperty("percentile").GetDouble());
        Assert.Equal(
            NasTable.Shipped.Alike(row).Select(other => other.Index).Where(index => index != 6111),
            cell.GetProperty("isomorphic").EnumerateArray().Select(index => index.GetInt32()));
    }

    [Fact]
    public void A_drawing_has_the_colours_of_the_operations()
    {
        var (png, svg) = (_folder["cell.png"], _folder["cell.SVG"]);

        foreach (var path in (string[])[png, svg])
            Assert.Equal("", Tool.Run("nas", "lookup", "6111", "--draw", path).Error);
        var text = File.ReadAllText(svg).Replace("black", "#000000", StringComparison.Ordinal);

        using var picture = SKBitmap.Decode(png);
        var pixels = picture.Pixels.ToHashSet();
        foreach (var operation in NasTable.Shipped.Rows[6111].Cell.Operations)
        {
            Assert.Contains(SKColor.Parse(NasCellSketch.Color(operation)), pixels);
            Assert.Contains(NasCellSketch.Color(operation), text, StringComparison.OrdinalIgnoreCase);
        }

        Assert.DoesNotContain(SKColor.Parse(NasCellSketch.Color(NasOperation.Pool3x3)), pixels);
        var again = Tool.Run("nas", "lookup", "6111", "--draw", png);
        Assert.Equal(
            (2, $"--draw must be a new file; '{png}' is there already. Name another or remove it.\n"), (again.Code, again.Error));
    }

    [Fact]
    public void Baselines_are_tables_that_fit_80_columns()
    {
        var output = new StringWriter();

        var code = DgradApp.Run(["nas", "baselines"], new Terminal(output, TextWriter.Null) { Width = 80 });

        var lines = output.ToString().Split('\n').Select(line => line.TrimEnd()).ToList();
        Assert.Equal(0, code);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 80));
        Assert.Contains(lines, line => line.StartsWith("best of 50 by validation", StringComparison.Ordinal)
            && line.Contains("93.47 ± 0.56", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("every edge conv 3x3", StringComparison.Ordinal)
            && line.Contains("93.76", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("convolutions", StringComparison.Ordinal)
            && line.Contains("0.774", StringComparison.Ordinal));
    }

    [Fact]
    public void Baselines_are_json_objects()
    {
        var rows = Tool.Run("nas", "baselines", "--cells", "7, 3,7", "--json").Lines
            .Select(line => JsonDocument.Parse(line).RootElement).ToList();

        Assert.Equal(
            [
                "one random cell", "best of 3 by validation", "best of 3 by convolutions",
                "best of 7 by validation", "best of 7 by convolutions",
            ],
            rows.Take(5).Select(row => row.GetProperty("baseline").GetString()));
        Assert.Equal(
            NasBaselines.Choose(NasTable.Shipped, NasSet.Cifar10, row => row.Cifar10.EarlyValidation, 7).Mean,
            rows[3].GetProperty("accuracies").GetProperty("cifar10").GetProperty("mean").GetDouble());
        Assert.False(rows[11].GetProperty("accuracies").GetProperty("cifar10").TryGetProperty("std", out _));
        Assert.Equal(6, rows.Count(row => row.TryGetProperty("proxy", out _)));
        Assert.Equal(4, rows[^1].GetProperty("spearman").GetArrayLength());
    }

    [Fact]
    public void The_best_cells_are_listed_and_where_another_stands()
    {
        var result = Tool.Run("nas", "rank", "3", "--dataset", "cifar100", "--top", "2");

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal(
            [["1", "9930"], ["2"], [$"{NasTable.Shipped.Rank(NasTable.Shipped.Rows[3], NasSet.Cifar100)}", "3"]],
            result.Lines.Skip(1).Take(3).Select((line, i) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(i == 1 ? 1 : 2)));
        Assert.StartsWith("Cell 3 is number ", result.Lines[^2], StringComparison.Ordinal);
        Assert.Equal($"Table: {NasTable.Source}.", result.Lines[^1].TrimEnd());

        var rows = Tool.Run("nas", "rank", "--json").Lines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(10, rows.Count);
        Assert.Equal((1, 6111), (rows[0].GetProperty("rank").GetInt32(), rows[0].GetProperty("index").GetInt32()));
    }

    [Fact]
    public void A_table_of_the_users_own_is_used_and_a_damaged_one_refused()
    {
        var path = _folder.Write("index\n"u8.ToArray(), "own.csv");

        foreach (var command in (string[][])[["lookup", "1"], ["baselines"], ["rank"]])
        {
            var result = Tool.Run(["nas", .. command, "--table", path]);
            Assert.Equal((2, ""), (result.Code, result.Out));
            Assert.StartsWith($"'{path}' does not begin with the column names index, arch, ", result.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("nas", "'dgrad nas' needs one of: lookup, baselines, rank. Run 'dgrad nas --help'.")]
    [InlineData("nas look", "Unknown command 'look'. Did you mean 'lookup'? Run 'dgrad nas --help'.")]
    [InlineData("nas lookup", "'dgrad nas lookup' needs ARCH. Run 'dgrad nas lookup --help'.")]
    [InlineData("nas lookup 15625", "ARCH must be a number from 0 to 15624, or |OP~0|+|OP~0|OP~1|+|OP~0|OP~1|OP~2| in quotes; got 15625.")]
    [InlineData(
        "nas lookup |none~0|+|none~0|nun~1|+|none~0|none~1|none~2|",
        "Edge 2<-1 must be one of none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3, followed by ~1; got 'nun~1'.")]
    [InlineData("nas rank |none~0|", "Edge 2<-0 is missing: an architecture is |OP~0|+|OP~0|OP~1|+|OP~0|OP~1|OP~2|; got '|none~0|'.")]
    [InlineData("nas rank --dataset imagenet", "Unknown dataset 'imagenet'. Did you mean 'imagenet16'?")]
    [InlineData("nas rank --top 0", "--top must be from 1 to 15625; got 0.")]
    [InlineData(
        "nas baselines --cells 10,0",
        "--cells must be whole numbers from 1 to 15625, separated by commas, such as 10,50,100,500; got '0'.")]
    [InlineData("nas lookup 1 --draw cell.pdf", "--draw must be a file that ends with .png or .svg; got 'cell.pdf'.")]
    [InlineData(
        "nas lookup 1 --draw nowhere/cell.png",
        "--draw must be a file that can be written; 'nowhere/cell.png' cannot: Could not find a part of the path '*nowhere/cell.png'.")]
    [InlineData("nas lookup 1 --table nowhere.csv", "'nowhere.csv' cannot be read: Could not find file '*nowhere.csv'.")]
    public void Wrong_input_is_one_sentence_and_exit_code_2(string line, string sentence)
    {
        var result = Tool.Run(line.Split(' '));

        Assert.Equal((2, ""), (result.Code, result.Out));
        Assert.Equal(sentence.Replace("'*", $"'{Path.GetFullPath("x")[..^1]}"), result.Error.TrimEnd());
    }
}
