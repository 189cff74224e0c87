using System.Text;

namespace DiscreteGradients.Experiments.Bench;

/// <summary>Measured cells as the tables of docs/performance.md.</summary>
internal static class BenchMarkdown
{
    /// <summary>Ratios by pass and number of threads, then every cell in full, one table per estimator.</summary>
    public static string Of(IReadOnlyList<BenchRow> rows)
    {
        var text = new StringBuilder();
        foreach (var machine in rows.Select(row => row.Machine).Distinct())
            text.Append(CultureInfo.InvariantCulture, $"Machine: {machine}. Logits in float32. Times are medians.\n\n");
        foreach (var group in rows.GroupBy(row => row.Threads))
        {
            var row = group.First();
            text.Append(CultureInfo.InvariantCulture, $"{Format.Count(group.Key, "thread")}: copy of 128 MiB ");
            text.Append(CultureInfo.InvariantCulture, $"{row.LargeCopyGbPerSecond:0.0} GB/s, to fresh memory ");
            text.Append(CultureInfo.InvariantCulture, $"{row.FreshCopyGbPerSecond:0.0} GB/s; ");
            text.Append(CultureInfo.InvariantCulture, $"exponential {row.ExpNs:0.000} ns, logarithm {row.LogNs:0.000} ns.\n\n");
        }

        var (calls, cells) = (rows.Where(row => row.IsCallFloor).ToList(), rows.Where(row => !row.IsCallFloor).ToList());
        if (calls.Count > 0)
            AppendCalls(text, calls);
        foreach (var group in cells.GroupBy(row => (row.Pass, row.Threads)))
            AppendRatios(text, group.Key.Pass, group.Key.Threads, [.. group]);
        foreach (var group in cells.GroupBy(row => row.Estimator))
            AppendCells(text, group.Key, group);
        return text.ToString();
    }

    /// <summary>A pass as people call it.</summary>
    public static string Words(BenchPass pass) => pass == BenchPass.Forward ? "forward" : "forward + backward";

    /// <summary>The geometric mean of the ratios that were measured; null if none was.</summary>
    public static double? MeanRatio(IEnumerable<BenchRow> rows)
    {
        var logarithms = rows.Where(row => row.Ratio is not null).Select(row => Math.Log(row.Ratio!.Value)).ToList();
        return logarithms.Count == 0 ? null : Math.Exp(logarithms.Average());
    }

    private static void AppendCalls(StringBuilder text, List<BenchRow> rows)
    {
        text.Append("### Call floor: an empty autograd function\n\n");
        AppendLine(text, ["pass", "threads", "this library's node, µs", "TorchSharp's function, µs", "ratio (quartiles)"]);
        AppendLine(text, ["---", "---:", "---:", "---:", "---:"]);
        foreach (var row in rows)
        {
            AppendLine(text,
            [
                Words(row.Pass), row.Threads.ToString(CultureInfo.InvariantCulture),
                Number(row.LibraryUs, "0.0"), Number(row.ComposedUs, "0.0"), Ratio(row),
            ]);
        }

        text.Append('\n');
    }

    private static void AppendRatios(StringBuilder text, BenchPass pass, int threads, List<BenchRow> rows)
    {
        var estimators = rows.Select(row => row.Estimator).Distinct().ToList();
        text.Append($"### Times faster than the composed form: {Words(pass)}, {Format.Count(threads, "thread")}\n\n");
        AppendLine(text, ["shape", .. estimators]);
        AppendLine(text, ["---", .. estimators.Select(_ => "---:")]);
        foreach (var shape in rows.GroupBy(row => row.Shape))
        {
            var ratios = estimators.Select(e => Number(shape.FirstOrDefault(row => row.Estimator == e)?.Ratio, "0.0"));
            AppendLine(text, [shape.Key.ToString(), .. ratios]);
        }

        AppendLine(text, ["geometric mean", .. estimators.Select(e => Number(MeanRatio(rows.Where(row => row.Estimator == e)), "0.0"))]);
        text.Append('\n');
    }

    private static void AppendCells(StringBuilder text, string estimator, IEnumerable<BenchRow> rows)
    {
        text.Append(CultureInfo.InvariantCulture, $"### {estimator}\n\n");
        string[] header =
        [
            "shape", "pass", "threads", "µs", "composed µs", "ratio (quartiles)", "GB/s", "copy GB/s", "floor µs", "× floor",
            "peak MiB", "composed MiB", "tensors", "composed tensors",
        ];
        AppendLine(text, header);
        AppendLine(text, header.Select((_, i) => i < 2 ? "---" : "---:"));
        foreach (var row in rows)
        {
            AppendLine(text,
            [
                row.Shape.ToString(), Words(row.Pass), row.Threads.ToString(CultureInfo.InvariantCulture),
                Number(row.LibraryUs, "#,0"), Number(row.ComposedUs, "#,0"),
                Ratio(row),
                Number(row.GbPerSecond, "0.0"), Number(row.CopyGbPerSecond, "0.0"),
                $"{Number(row.LeastUs, "#,0")} to {Number(row.LeastSumUs, "#,0")}",
                $"{Number(row.TimesFloorSum, "0.0")} to {Number(row.TimesFloor, "0.0")}",
                Number(row.LibraryPeakMb, "#,0.0"), Number(row.ComposedPeakMb, "#,0.0"),
                Number(row.LibraryTensors, "0"), Number(row.ComposedTensors, "0"),
            ]);
        }

        text.Append('\n');
    }

    private static string Ratio(BenchRow row) =>
        row.Ratio is null ? "–" : $"{Number(row.Ratio, "0.0")} ({Number(row.RatioLow, "0.0")} to {Number(row.RatioHigh, "0.0")})";

    private static void AppendLine(StringBuilder text, IEnumerable<string> cells) =>
        text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
}
