using System.CommandLine;
using DiscreteGradients.Cli.Display;
using Spectre.Console;

namespace DiscreteGradients.Cli.Commands;

/// <summary><c>dgrad verify FILE</c>: recomputes gradients that were computed elsewhere.</summary>
internal static class VerifyCommand
{
    private const double Bound = 1e-9;

    internal static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("FILE")
        { Description = "JSON: {\"cases\": [...]}, each with its draws and the expected gradient; or readings by the ListOps model." };
        var command = new Command("verify", "Recompute stored gradient cases in float64 and compare.") { file };
        command.SetAction(parsed => Verify(parsed.GetRequiredValue(file), terminal));
        return command;
    }

    private static int Verify(string path, Terminal terminal)
    {
        var cases = Read(path);
        Machine.Use(1);
        var checks = new List<(int Index, string Method, double Error)>();
        foreach (var (index, method, largestError) in cases)
        {
            terminal.Cancellation.ThrowIfCancellationRequested();
            checks.Add((index, method, largestError()));
        }

        var table = new Table().Border(TableBorder.None).AddColumn("method");
        foreach (var column in (string[])["cases", "largest error", "in case"])
            table.AddColumn(new TableColumn(column).RightAligned().NoWrap());
        foreach (var method in checks.GroupBy(c => c.Method))
        {
            var worst = method.MaxBy(c => double.IsNaN(c.Error) ? double.PositiveInfinity : c.Error);
            var style = Fails(worst.Error) ? new Style(Color.Red) : Style.Plain;
            string[] row =
            [
                method.Key, $"{method.Count()}", worst.Error.ToString("0.0e+00", CultureInfo.InvariantCulture), $"{worst.Index}",
            ];
            table.AddRow(row.Select(cell => new Text(cell, style)));
        }

        terminal.Write(table);
        var count = checks.DistinctBy(c => c.Index).Count();
        var failed = checks.Where(c => Fails(c.Error)).DistinctBy(c => c.Index).Count();
        terminal.Out.WriteLine(failed == 0
            ? $"All {count} cases agree: no error above 1e-09, relative to max(1, |expected|)."
            : $"{failed} of {count} cases are off by more than 1e-09, relative to max(1, |expected|).");
        return failed == 0 ? DgradApp.Done : DgradApp.CheckFailed;
    }

    private static bool Fails(double error) => !(error <= Bound);

    /// <summary>What is to be recomputed: the number of a case, what it is called, and its largest error.</summary>
    private static IEnumerable<(int Index, string Method, Func<double> LargestError)> Read(string path)
    {
        if (Directory.Exists(path))
            throw new OptionException($"FILE must be a file of gradient cases; '{path}' is a folder.");
        if (!File.Exists(path))
            throw new OptionException($"FILE must be a file of gradient cases; '{path}' does not exist.");
        try
        {
            using var stream = File.OpenRead(path);
            if (TreeCases.Read(stream) is { } trees)
            {
                return trees.Index().SelectMany<(int Index, TreeCase Item), (int, string, Func<double>)>(c =>
                [
                    (c.Index, $"listops {c.Item.Method}, plain", () => c.Item.LargestError(model => new PlainTreeLstm(model))),
                    (c.Index, $"listops {c.Item.Method}, linear", () => c.Item.LargestError(model => new LinearTreeLstm(model))),
                ]);
            }

            stream.Position = 0;
            return GradientCases.Read(stream).Index().Select(c => (c.Index, c.Item.Method, (Func<double>)c.Item.LargestError));
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"'{path}': {e.Message}");
        }
    }
}
