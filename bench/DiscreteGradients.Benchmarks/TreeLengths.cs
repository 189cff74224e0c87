using System.Globalization;
using DiscreteGradients.Cli.Plots;
using DiscreteGradients.Experiments;
using TorchSharp;
using static TorchSharp.torch;
using LinePattern = ScottPlot.LinePattern;

namespace DiscreteGradients.Benchmarks;

/// <summary>
/// The time of a training step of the ListOps model without the optimiser (16 sentences of one length, ReinMax, dropout, float32, one
/// thread) against that length, in both forms and two sizes: a table, a picture, and the powers of the length.
/// </summary>
internal static class TreeLengths
{
    private const int Batch = 16;
    private const int Symbols = 23;
    private const int Rounds = 5;

    /// <summary>Steps are repeated until they take so many seconds of processor.</summary>
    private const double LeastTime = 0.1;

    /// <summary>Shorter sentences do not count for the powers: there, what every step costs is seen.</summary>
    private const int LeastFitted = 10;

    /// <summary>Of longer sentences the plain form takes gigabytes and half a minute a step.</summary>
    private const int LongestPlain = 100;

    private static readonly int[] Lengths = [5, 10, 20, 30, 50, 70, 100, 140, 200];
    private static readonly int[] Sizes = [100, 300];

    internal static void Run(string[] args)
    {
        if (args is not [_, var file])
            throw new ArgumentException("tree-lengths needs the file for the table, beside which the picture goes: tree-lengths FILE.csv.");
        set_num_threads(1);
        var rows = Sizes.SelectMany(Measure).ToList();
        File.WriteAllLines(file, rows.Select(row => FormattableString.Invariant(
            $"{row.Form.ToString().ToLowerInvariant()},{row.Size},{row.Leaves},{1000 * row.Seconds:g4}"))
            .Prepend("form,size,leaves,ms_per_step"));
        var curves = rows.GroupBy(row => (row.Form, row.Size)).Select(group => (group.Key, Rows: group.ToList(), Power: Power(group)))
            .ToList();
        foreach (var ((form, size), own, power) in curves)
        {
            Console.WriteLine(FormattableString.Invariant(
                $"{form} form, size {size}: time grows with the power {power:0.00} from {LeastFitted} to {own[^1].Leaves} leaves"));
        }

        using var plot = PlotStyle.Create($"A step of {Batch} sentences, forward and backward", "leaves of a sentence", "milliseconds");
        foreach (var ((form, size), own, power) in curves)
        {
            var line = plot.Add.Scatter(
                own.Select(row => Math.Log10(row.Leaves)).ToArray(), own.Select(row => Math.Log10(1000 * row.Seconds)).ToArray(),
                PlotStyle.LookOf(form == ListOpsForm.Linear ? "reinmax" : "st").Color);
            (line.LineWidth, line.MarkerSize) = (2.5f, 0);
            line.LinePattern = size == Sizes[0] ? LinePattern.DenselyDashed : LinePattern.Solid;
            line.LegendText = FormattableString.Invariant($"{form.ToString().ToLowerInvariant()}, size {size}: power {power:0.00}");
        }

        plot.Axes.AutoScale();
        plot.Axes.Bottom.TickGenerator = PlotStyle.LogTicks(Lengths.Select(length => (double)length), "0");
        plot.Axes.Left.TickGenerator = PlotStyle.LogTicks(Enumerable.Range(-1, 7).Select(power => Math.Pow(10, power)), "#,0.#");
        PlotStyle.LegendAtTheRight(plot);
        PlotStyle.SaveInPlace(
            plot, OutputFolder.Open(Path.GetDirectoryName(Path.GetFullPath(file))!), Path.GetFileNameWithoutExtension(file));
    }

    /// <summary>The forms in turns, so that both meet the same machine; the least of the rounds.</summary>
    private static List<Row> Measure(int size)
    {
        using var generator = new Generator(1);
        using var model = new TreeLstm(Symbols, 10, size, 0.5, ScalarType.Float32, generator);
        using var linear = new LinearTreeLstm(model);
        using var plain = new PlainTreeLstm(model);
        var rule = new EstimatedMerges(new ReinMax(1.1));
        var cells = Lengths.SelectMany(length => Forms(length).Select(form => (Form: form, Leaves: length))).ToList();
        var least = cells.ToDictionary(cell => cell, _ => double.PositiveInfinity);
        for (var round = 0; round <= Rounds; round++)
        {
            foreach (var cell in cells)
            {
                var batch = Of(cell.Leaves);
                var seconds = Seconds(() => (cell.Form == ListOpsForm.Linear ? (ITreeForm)linear : plain).Train(batch, rule));
                if (round > 0)  // the first warms up
                    least[cell] = Math.Min(least[cell], seconds);
            }
        }

        foreach (var (form, leaves) in cells)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"size {size}, {form,-6} {leaves,4} leaves: {1000 * least[(form, leaves)]:0.0} ms a step"));
        }

        return cells.ConvertAll(cell => new Row(cell.Form, size, cell.Leaves, least[cell]));

        static ListOpsForm[] Forms(int length) => length <= LongestPlain ? [ListOpsForm.Linear, ListOpsForm.Plain] : [ListOpsForm.Linear];
    }

    private static Sentences Of(int length) => TreeStep.Sentences(
        [.. Enumerable.Range(0, Batch).Select(sentence => Enumerable.Range(sentence, length).Select(i => i % Symbols).ToArray())]);

    /// <summary>Of one step.</summary>
    private static double Seconds(Action step)
    {
        var (steps, seconds) = (0, 0.0);
        for (; seconds < LeastTime; steps++)
            seconds += TreeStep.Time(step);
        return seconds / steps;
    }

    /// <summary>The slope of the logarithms.</summary>
    private static double Power(IEnumerable<Row> rows)
    {
        var points = rows.Where(row => row.Leaves >= LeastFitted)
            .Select(row => (X: Math.Log(row.Leaves), Y: Math.Log(row.Seconds))).ToList();
        var (x, y) = (points.Average(p => p.X), points.Average(p => p.Y));
        return points.Sum(p => (p.X - x) * (p.Y - y)) / points.Sum(p => (p.X - x) * (p.X - x));
    }

    private sealed record Row(ListOpsForm Form, int Size, int Leaves, double Seconds);
}
