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
        { Description = "JSON: {\"cases\": [...]}, each with its draws and the expected gradient." };
        var command = new Command("verify", "Recompute stored gradient cases in float64 and compare.") { file };
        command.SetAction(parsed => Verify(parsed.GetRequiredValue(file), terminal));
        return command;
    }

    private static int Verify(string path, Terminal terminal)
    {
        var cases = Read(path);
        Machine.Use(1);
        var checks = new List<(int Index, string Method, double Error)>();
        foreach (var (index, gradientCase) in cases.Index())
        {
            terminal.Cancellation.ThrowIfCancellationRequested();
            checks.Add((index, gradientCase.Method, gradientCase.LargestError()));
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
        var failed = checks.Count(c => Fails(c.Error));
        terminal.Out.WriteLine(failed == 0
            ? $"All {checks.Count} cases agree: no error above 1e-09, relative to max(1, |expected|)."
            : $"{failed} of {checks.Count} cases are off by more than 1e-09, relative to max(1, |expected|).");
        return failed == 0 ? DgradApp.Done : DgradApp.CheckFailed;
    }

    private static bool Fails(double error) => !(error <= Bound);

    private static IReadOnlyList<GradientCase> Read(string path)
    {
        if (Directory.Exists(path))
            throw new OptionException($"FILE must be a file of gradient cases; '{path}' is a folder.");
        if (!File.Exists(path))
            throw new OptionException($"FILE must be a file of gradient cases; '{path}' does not exist.");
        try
        {
            using var stream = File.OpenRead(path);
            return GradientCases.Read(stream);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"'{path}': {e.Message}");
        }
    }
}
