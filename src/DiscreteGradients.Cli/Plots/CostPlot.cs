using DiscreteGradients.Experiments.Bench;
using ScottPlot;

namespace DiscreteGradients.Cli.Plots;

/// <summary>What an element costs in rows of few and of many categories: the library, the composed form and the floor.</summary>
internal static class CostPlot
{
    /// <summary>Powers of 4, and the size of a vocabulary in place of the next.</summary>
    private static readonly int[] Categories = [2, 8, 32, 128, 512, 2048, 8192, 32768, 151936];

    private static readonly (string Name, LinePattern Pattern, float Width, Func<BenchRow, double?> Time)[] Forms =
    [
        ("library", LinePattern.Solid, 3, row => row.LibraryUs),
        ("composed form", LinePattern.Dashed, 1.5f, row => row.ComposedUs),
        ("floor", LinePattern.Dotted, 2, row => row.LeastUs),
    ];

    /// <summary>A picture of each pass and number of threads; returns the files, without an extension.</summary>
    /// <param name="path">The file of the rows, beside which the pictures go.</param>
    internal static IReadOnlyList<string> Write(string path, IReadOnlyList<BenchRow> rows, int elements)
    {
        var folder = OutputFolder.Open(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var names = new List<string>();
        foreach (var group in rows.GroupBy(row => (row.Pass, row.Threads)))
        {
            var (pass, threads) = group.Key;
            var what = $"{BenchMarkdown.Words(pass)}, {Format.Count(threads, "thread")}";
            using var plot = Create(FormattableString.Invariant($"What an element costs: {what}, {elements:#,0} logits"), [.. group]);
            names.Add($"{Path.GetFileNameWithoutExtension(path)}-{Flag.Text(pass)}-{threads}");
            PlotStyle.SaveInPlace(plot, folder, names[^1]);
        }

        return [.. names.Select(name => folder[name])];
    }

    private static Plot Create(string title, List<BenchRow> rows)
    {
        var plot = PlotStyle.Create(title, "categories", "nanoseconds an element");
        foreach (var estimator in rows.GroupBy(row => row.Estimator))
        {
            foreach (var form in Forms)
                Add(plot, form, estimator.Where(row => form.Time(row) is > 0).OrderBy(row => row.Categories).ToList());
        }

        foreach (var (name, pattern, width, _) in Forms)
        {
            plot.Legend.ManualItems.Add(
                new LegendItem { LabelText = name, LinePattern = pattern, LineWidth = width, LineColor = Colors.Gray });
        }

        plot.Axes.Margins(0.02, 0.05);
        plot.Axes.AutoScale();
        plot.Axes.Bottom.TickGenerator = PlotStyle.LogTicks(Categories.Select(k => (double)k), "#,0");
        plot.Axes.Left.TickGenerator = PlotStyle.LogTicks(
            Enumerable.Range(-4, 13).Select(power => Math.Pow(10, power)).SelectMany(ten => (double[])[ten, 2 * ten, 5 * ten]), "#,0.####");
        PlotStyle.LegendAtTheRight(plot);
        return plot;
    }

    private static void Add(
        Plot plot, (string Name, LinePattern Pattern, float Width, Func<BenchRow, double?> Time) form, List<BenchRow> rows)
    {
        if (rows.Count == 0)
            return;
        var line = plot.Add.Scatter(
            rows.Select(row => Math.Log10(row.Categories)).ToArray(),
            rows.Select(row => Math.Log10(form.Time(row)!.Value * 1e3 / row.Shape.Count)).ToArray(),
            PlotStyle.LookOf(rows[0].Estimator).Color);
        var isPoint = rows.Count == 1;
        (line.LineWidth, line.MarkerSize) = (form.Width, isPoint ? 9 : 0);
        if (!isPoint)  // Skia complains on standard error of markers with a pattern in an SVG
            line.LinePattern = form.Pattern;
        if (form.Name == Forms[0].Name)
            line.LegendText = rows[0].Estimator;
    }
}
