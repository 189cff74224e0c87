using System.CommandLine;
using System.Diagnostics;
using DiscreteGradients.Cli.Display;
using DiscreteGradients.Cli.Plots;
using DiscreteGradients.Experiments.Bench;
using Spectre.Console;

namespace DiscreteGradients.Cli.Commands;

/// <summary><c>dgrad bench</c>: the library's samples and gradients timed against the published algorithms, in one process.</summary>
internal static class BenchCommand
{
    /// <summary>Columns of a terminal from which the memory fits beside the times.</summary>
    private const int Wide = 100;

    internal static Command Create(Terminal terminal)
    {
        var command = new Command("bench",
            "Time samples and gradients against the published algorithms, and against what the machine can do.");
        var defaults = new BenchSettings
        {
            Shapes = string.Join(',', BenchShape.Defaults),
            Threads = Environment.ProcessorCount > 1 ? "1,2" : "1",
        };
        var flags = new CommandFlags(command, OptionRecord.Flags(defaults).Concat(MethodSettings.OfEstimators.Flags()));
        command.SetAction(parsed =>
        {
            var given = flags.Given(parsed);
            if (given.ContainsKey("--shapes") && given.ContainsKey("--curve"))
                throw new OptionException("--shapes and --curve were both given; choose one.");
            return Bench(OptionRecord.Bind(defaults, given), MethodSettings.OfEstimators.Parse(given), terminal);
        });
        return command;
    }

    private static int Bench(BenchSettings settings, IReadOnlyDictionary<string, object> given, Terminal terminal)
    {
        if (settings is { Json: true, Markdown: true })
            throw new OptionException("--json and --markdown were both given; choose one.");
        if (settings.Curve is { } elements)
            Require.Between(2, BenchShape.Most, elements, "curve");
        if (settings.From is { } stored)
        {
            var read = Read(stored);
            Print(read, settings, terminal, Draw(stored, read, settings));
            return DgradApp.Done;
        }

        if (settings is { Curve: not null, Out: null })
            throw new OptionException("--curve needs --out, a new file for its rows; the pictures go beside it.");

        Require.Positive(settings.Seconds, "seconds");
        var cells = Cells(settings, given);
        var file = settings.Out is { } path ? new CsvFile(path) : null;
        Machine.Use(cells[0].Threads);

        var rows = new List<BenchRow>();
        var watch = Stopwatch.StartNew();
        var finished = true;
        if (settings.Json || settings.Markdown)
            finished = Measure(_ => { });
        else if (terminal.Interactive)
        {
            terminal.Console.Live(new Text("")).AutoClear(true).Start(
                live => finished = Measure(cell => live.UpdateTarget(new Text(Progress(cell)))));
        }
        else
            finished = Measure(_ => { }, row => terminal.Out.WriteLine(Line(row)));

        var pictures = finished && settings.Out is not null ? Draw(settings.Out, rows, settings) : [];
        if (!settings.Json && rows.Count > 0)
            Print(rows, settings, terminal, pictures);
        if (finished)
            return DgradApp.Done;
        terminal.Error.WriteLine(file is null
            ? $"Interrupted after {rows.Count} of {cells.Count} measurements."
            : $"Interrupted after {rows.Count} of {cells.Count} measurements; they are in {settings.Out}.");
        return DgradApp.Interrupted;

        bool Measure(Action<BenchCell> begin, Action<BenchRow>? end = null)
        {
            var bench = new KernelBench(settings.Seconds, Description);
            foreach (var cell in cells)
            {
                begin(cell);
                try
                {
                    rows.Add(bench.Measure(cell, terminal.Cancellation));
                }
                catch (OperationCanceledException)
                {
                    return false;
                }

                file?.Append(rows[^1]);
                if (settings.Json)
                    terminal.Out.Write(JsonLine.Of(rows[^1]) + "\n");
                end?.Invoke(rows[^1]);
            }

            return true;
        }

        string Progress(BenchCell cell)
        {
            var left = rows.Count == 0 ? ""
                : $", about {Format.Duration(watch.Elapsed.TotalSeconds / rows.Count * (cells.Count - rows.Count))} left";
            var last = rows.Count == 0 ? "" : $"{Line(rows[^1])}\n";
            return $"{last}{rows.Count + 1} of {cells.Count}: {cell.Name} {cell.Shape}, "
                + $"{BenchMarkdown.Words(cell.Pass)}, {Format.Count(cell.Threads, "thread")}{left}.\n"
                + "Ctrl-C stops and keeps what there is.";
        }
    }

    /// <summary>Everything asked for; the shapes of one estimator stand together.</summary>
    private static List<BenchCell> Cells(BenchSettings settings, IReadOnlyDictionary<string, object> given)
    {
        var estimators = Methods.Select(
            MethodEntry.AllEstimators, "estimator", settings.Estimator, given,
            method => Composed.FormOf(method.Estimator) is null ? "no published form is there to time it against." : null);
        var shapes = settings.Curve is { } elements ? BenchShape.Curve(elements) : BenchShape.Parse(settings.Shapes);
        var threads = settings.Threads.Split(',', StringSplitOptions.TrimEntries).Select(text =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= 1
                ? count
                : throw new OptionException(
                    $"--threads must be whole numbers of at least 1, separated by commas, such as 1,2; got '{text}'.")).ToList();
        threads.ForEach(Machine.Check);
        BenchPass[] passes = settings.Pass switch
        {
            BenchPasses.Forward => [BenchPass.Forward],
            BenchPasses.ForwardBackward => [BenchPass.ForwardBackward],
            _ => [BenchPass.Forward, BenchPass.ForwardBackward],
        };
        return
        [
            .. from pass in passes
               from count in threads
               from cell in estimators
                   .SelectMany(_ => shapes, (e, shape) => new BenchCell(e.Name, (PathwiseEstimator)e.Estimator, shape, pass, count))
                   .Prepend(BenchCell.CallFloor(pass, count))
               select cell,
        ];
    }

    /// <summary>The pictures of --curve, of the rows that belong to it.</summary>
    private static IReadOnlyList<string> Draw(string path, IReadOnlyList<BenchRow> rows, BenchSettings settings)
    {
        if (settings.Curve is not { } elements)
            return [];
        var shapes = BenchShape.Curve(elements);
        var shown = rows.Where(row => !row.IsCallFloor && shapes.Contains(row.Shape)).ToList();
        return shown.Count > 0
            ? CostPlot.Write(path, shown, elements)
            : throw new OptionException($"--curve {elements} has no row in '{path}'; give the number of the curve that was measured.");
    }

    private static IReadOnlyList<BenchRow> Read(string path)
    {
        var flaw = Directory.Exists(path) ? "is a folder" : "does not exist";
        if (!File.Exists(path))
            throw new OptionException($"--from must be a file that 'dgrad bench --out' wrote; '{path}' {flaw}.");
        try
        {
            return BenchRow.Read(File.ReadAllLines(path));
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"--from must be a file that 'dgrad bench --out' wrote; of '{path}' {e.Message.TrimEnd('.')}.");
        }
    }

    private static void Print(
        IReadOnlyList<BenchRow> rows, BenchSettings settings, Terminal terminal, IReadOnlyList<string> pictures)
    {
        if (settings.Json)
        {
            foreach (var row in rows)
                terminal.Out.Write(JsonLine.Of(row) + "\n");
        }
        else if (settings.Markdown)
        {
            terminal.Out.Write(BenchMarkdown.Of(rows));
        }
        else
        {
            Print(rows, settings.Out, terminal);
            foreach (var picture in pictures)
                terminal.Out.WriteLine($"Picture: {picture}.png");
        }
    }

    private static void Print(IReadOnlyList<BenchRow> rows, string? file, Terminal terminal)
    {
        foreach (var group in rows.GroupBy(row => (row.Pass, row.Threads)))
        {
            var first = group.First();
            terminal.Out.WriteLine();
            terminal.Out.WriteLine(
                $"{BenchMarkdown.Words(group.Key.Pass)}, {Format.Count(group.Key.Threads, "thread")} (copy "
                + $"{Number(first.LargeCopyGbPerSecond, "0.0")} GB/s, to fresh memory {Number(first.FreshCopyGbPerSecond, "0.0")} GB/s, "
                + $"exponential {Number(first.ExpNs, "0.00")} ns):");
            terminal.Write(Grid([.. group], terminal.Width >= Wide));
        }

        terminal.Out.WriteLine();
        terminal.Out.WriteLine("ratio: composed time over ours, medians of interleaved timings, with the quartiles of the pairs.");
        terminal.Out.WriteLine("× floor: time over that of the call, the bytes and the exponentials; these two without and with overlap.");
        if (rows.Any(row => row.IsCallFloor))
            terminal.Out.WriteLine($"{BenchRow.CallFloor}: an empty autograd function, the library's and TorchSharp's (composed).");
        if (terminal.Width >= Wide)
            terminal.Out.WriteLine("peak: resident memory that one call takes, ours and composed, MiB.");
        if (file is not null)
            terminal.Out.WriteLine($"File: {file}");
    }

    private static Table Grid(List<BenchRow> rows, bool wide)
    {
        var memory = wide ? ["peak", "composed"] : Array.Empty<string>();
        var table = FittingTable.Of("estimator", ["shape", "time", "composed", "ratio", "quartiles", "GB/s", "× floor", .. memory]);
        table.Columns[1].LeftAligned();
        foreach (var estimator in rows.GroupBy(row => row.Estimator))
        {
            foreach (var row in estimator)
            {
                List<string> cells =
                [
                    row.Estimator, row.IsCallFloor ? "" : row.Shape.ToString(),
                    Time(row.LibraryUs), Time(row.ComposedUs), Number(row.Ratio, "0.0"),
                    row.Ratio is null ? "" : $"{Number(row.RatioLow, "0.0")}-{Number(row.RatioHigh, "0.0")}",
                    Number(row.GbPerSecond, "0.0"), $"{Number(row.TimesFloorSum, "0.0")}-{Number(row.TimesFloor, "0.0")}",
                ];
                if (wide)
                    cells.AddRange([Number(row.LibraryPeakMb, "0.0"), Number(row.ComposedPeakMb, "0.0")]);
                table.AddRow(cells.Select(cell => new Text(cell)));
            }

            if (estimator.Count() > 1)
            {
                string[] mean = [estimator.Key, "geom. mean", "", "", Number(BenchMarkdown.MeanRatio(estimator), "0.0")];
                table.AddRow(mean.Select(cell => new Text(cell, new Style(Color.Green))));
            }
        }

        return table;
    }

    private static string Line(BenchRow row) =>
        $"{row.Estimator,-10} {row.Shape,-10} {(row.Pass == BenchPass.Forward ? "forward" : "+ backward"),-10} "
        + $"{Format.Count(row.Threads, "thread"),-9} {Time(row.LibraryUs),7}"
        + (row.Ratio is null ? "" : $" composed {Time(row.ComposedUs),7} ratio {Number(row.Ratio, "0.0"),5}");

    private static string Description =>
        $"{Machine.Description["cpu"]}; vectors of {Machine.VectorWidth}; {Environment.ProcessorCount} processors; "
        + $"libtorch {Machine.Versions["libtorch"]}; .NET {Machine.Versions["dotnet"]}";

    private static string Time(double? microseconds) => microseconds switch
    {
        null => "",
        < 100 => Number(microseconds, "0.0") + " µs",
        < 10_000 => Number(microseconds, "0") + " µs",
        < 100_000 => Number(microseconds / 1e3, "0.0") + " ms",
        < 10_000_000 => Number(microseconds / 1e3, "0") + " ms",
        _ => Number(microseconds / 1e6, "0.0") + " s",
    };

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    /// <summary>A new file that grows by a line per measurement, so that what was measured stays whatever happens.</summary>
    private sealed class CsvFile
    {
        private readonly string _path;

        internal CsvFile(string path)
        {
            _path = path;
            if (Path.Exists(path))
                throw new OptionException($"--out must be a new file; '{path}' is there already. Name another or remove it.");
            Append(BenchRow.CsvHeader);
        }

        internal void Append(BenchRow row) => Append(row.ToCsv());

        private void Append(string line)
        {
            try
            {
                File.AppendAllText(_path, line + "\n");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                throw new OptionException($"--out must be a file that can be written; '{_path}' cannot: {e.Message.TrimEnd('.')}.");
            }
        }
    }
}
