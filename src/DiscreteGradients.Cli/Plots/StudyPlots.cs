using ScottPlot;

namespace DiscreteGradients.Cli.Plots;

/// <summary>
/// Heat maps of a study: with one axis, estimators by its values; with two or more, a small map of each estimator over the last two, and a
/// map of which family of estimators comes closer, one pair for each combination of the other axes.
/// </summary>
internal static class StudyPlots
{
    /// <summary>Values whose largest is that many times the smallest are coloured by their logarithm.</summary>
    private const double WideRange = 20;

    /// <summary>The ratio of values at which a family has its full colour.</summary>
    private const double ClearlyCloser = 8;

    private static readonly Color PathwiseColor = Color.FromHex("#2166AC");
    private static readonly Color UnbiasedColor = Color.FromHex("#B2561B");

    /// <summary>Returns the names of the files, below <c>plots/</c> and without an extension, and what they show.</summary>
    internal static IReadOnlyList<(string File, string Caption)> Write(OutputFolder folder, StudyResults results, string prefix = "")
    {
        if (results.Finished == 0)
            return [];
        if (results.Study.Axes.Count == 1)
            return [OneAxis(folder, results, prefix)];
        return
        [
            .. results.Study.Cells.GroupBy(cell => cell.Outer(2).Name).SelectMany(page =>
            {
                var map = new Map(results, [.. page], page.Key.Length == 0 ? "" : "-" + page.Key);
                return ((string, string)?[])[Losses(folder, map, prefix), Winners(folder, map, prefix)];
            }).OfType<(string, string)>(),
        ];
    }

    private static (string File, string Caption) OneAxis(OutputFolder folder, StudyResults results, string prefix)
    {
        var cells = new double?[results.Methods.Count, results.Study.Cells.Count];
        foreach (var (row, estimator) in results.Methods.Index())
        {
            foreach (var (column, cell) in results.Study.Cells.Index())
                cells[row, column] = results.Value(estimator, cell)?.Mean;
        }

        var axis = results.Study.Axes[0];
        var caption = $"{results.Study.Experiment}: {results.ValueName} by {axis.Name}";
        using var plot = HeatMap.Create(caption, axis.Name, axis.Values, results.Methods, cells, results.IsHigherBetter);
        PlotStyle.Save(plot, folder, prefix + "losses");
        return (prefix + "losses", caption);
    }

    /// <summary>A small map of each estimator, all with the same colours.</summary>
    private static (string File, string Caption)? Losses(OutputFolder folder, Map map, string prefix)
    {
        var shown = map.Results.Methods.Where(e => map.Cells.Any(cell => map.Results.Value(e, cell) is not null)).ToList();
        if (shown.Count == 0)
            return null;
        var means = shown.SelectMany(e => map.Cells.Select(cell => map.Results.Value(e, cell)?.Mean));
        double[] known = [.. means.OfType<double>().Where(double.IsFinite)];
        var thousandths = known.All(value => Math.Abs(value) < 0.9);
        var caption = $"{map.Title}: {map.Results.ValueName}{(thousandths ? ", in thousandths" : "")}";
        using var plot = PlotStyle.Create($"{caption} (blue: pathwise, brown: unbiased)", map.Columns.Name, map.Rows.Name);
        var across = shown.Count <= 3 ? shown.Count : shown.Count <= 8 ? (shown.Count + 1) / 2 : 4;
        var (width, height) = (map.Columns.Values.Count + 0.4, map.Rows.Values.Count + 0.9);
        var (ticksX, ticksY) = (new List<(double, string)>(), new List<(double, string)>());
        foreach (var (index, estimator) in shown.Index())
        {
            var (left, top) = (index % across * width, -(index / across) * height);
            var name = HeatMap.Label(plot, estimator, left + ((map.Columns.Values.Count - 1) / 2.0), top + 0.78, 16);
            name.LabelFontColor = Family(estimator) is { } family ? ColorOf(family) : Colors.Black;
            foreach (var (row, column, cell) in map.Places)
            {
                if (map.Results.Value(estimator, cell) is { Mean: var value })
                {
                    var shade = HeatMap.Shade(Lightness(map.Results, value, known));
                    HeatMap.Cell(plot, left + column, top - row, shade, Text(value * (thousandths ? 1000 : 1)), 13);
                }

                if (row == 0 && index < across)
                    ticksX.Add((left + column, map.Columns.Values[column]));
                if (column == 0 && index % across == 0)
                    ticksY.Add((top - row, map.Rows.Values[row]));
            }
        }

        var down = (shown.Count + across - 1) / across;
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. ticksX.Select(t => t.Item1)], [.. ticksX.Select(t => t.Item2)]);
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. ticksY.Select(t => t.Item1)], [.. ticksY.Select(t => t.Item2)]);
        HeatMap.Bare(plot, 13);
        plot.Axes.SetLimits(-0.5, (across * width) - 0.9, 1.35 - (down * height), 1.1);
        PlotStyle.Save(plot, folder, $"{prefix}losses{map.Suffix}");
        return ($"{prefix}losses{map.Suffix}", caption);
    }

    /// <summary>The best pathwise estimator of each cell against the best unbiased one; null where a family is missing.</summary>
    private static (string File, string Caption)? Winners(OutputFolder folder, Map map, string prefix)
    {
        var duels = map.Places.Select(place => (place.Row, place.Column,
            Pathwise: Best(map, place.Cell, true), Unbiased: Best(map, place.Cell, false)))
            .Where(duel => duel is { Pathwise: not null, Unbiased: not null }).ToList();
        if (duels.Count == 0)
            return null;
        var thousandths = duels.TrueForAll(duel =>
            Math.Max(Math.Abs(duel.Pathwise!.Value.Value), Math.Abs(duel.Unbiased!.Value.Value)) < 0.9);
        var caption = $"{map.Title}: who comes closest, by {map.Results.ValueName}{(thousandths ? " in thousandths" : "")}";
        using var plot = PlotStyle.Create(caption, map.Columns.Name, map.Rows.Name);
        foreach (var (row, column, pathwise, unbiased) in duels)
        {
            var ((winner, won), (loser, lost)) = map.Results.Rank(pathwise!.Value.Value) <= map.Results.Rank(unbiased!.Value.Value)
                ? (pathwise.Value, unbiased.Value)
                : (unbiased.Value, pathwise.Value);
            var strength = won > 0 && lost > 0 ? Math.Clamp(Math.Abs(Math.Log(lost / won)) / Math.Log(ClearlyCloser), 0, 1) : 1;
            var scale = thousandths ? 1000 : 1;
            var (x, y) = (column, map.Rows.Values.Count - 1 - row);
            var color = Colors.White.MixedWith(ColorOf(Family(winner)!.Value), strength);
            HeatMap.Cell(plot, x, y, color, "", 1);
            foreach (var (text, down, size) in ((string, float, float)[])
                [(winner, -14, 22), ($"{Text(won * scale)}, {loser} {Text(lost * scale)}", 17, 14)])
            {
                var label = HeatMap.Label(plot, text, x, y, size);
                (label.OffsetY, label.LabelFontColor) = (down, HeatMap.Ink(color));
            }
        }

        HeatMap.Frame(plot, map.Columns.Values, map.Rows.Values);
        plot.Legend.ManualItems.Add(new LegendItem { LabelText = " " });  // of the first line, the upper edge is cut off
        foreach (var (pathwise, factor) in ((bool, double)[])[(true, 8), (true, 3), (true, 1.3), (false, 1.3), (false, 3), (false, 8)])
        {
            plot.Legend.ManualItems.Add(new LegendItem
            {
                LabelText = $"{(pathwise ? "pathwise" : "unbiased")} {factor.ToString(CultureInfo.InvariantCulture)} × closer",
                FillColor = Colors.White.MixedWith(ColorOf(pathwise), Math.Log(factor) / Math.Log(ClearlyCloser)),
            });
        }

        PlotStyle.LegendAtTheRight(plot);
        plot.Legend.Padding = new PixelPadding(8);
        PlotStyle.Save(plot, folder, $"{prefix}winners{map.Suffix}");
        return ($"{prefix}winners{map.Suffix}", caption);
    }

    private static (string Estimator, double Value)? Best(Map map, StudyCell cell, bool pathwise) => map.Results.Methods
        .Where(estimator => Family(estimator) == pathwise)
        .Select(estimator => ((string Estimator, double Value)?)(
            map.Results.Value(estimator, cell) is { Mean: var mean } && double.IsFinite(mean) ? (estimator, mean) : null))
        .Where(best => best is not null).MinBy(best => map.Results.Rank(best!.Value.Value));

    /// <summary>True for pathwise, false for unbiased; null for enumeration, which is above the contest, and what is not known.</summary>
    private static bool? Family(string estimator) => Estimators.All.FirstOrDefault(entry => entry.Name == estimator)?.Default switch
    {
        PathwiseEstimator => true,
        null or ExactEnumeration => null,
        { Order: int.MaxValue } => false,
        _ => null,
    };

    private static Color ColorOf(bool pathwise) => pathwise ? PathwiseColor : UnbiasedColor;

    /// <summary>The better, the lighter.</summary>
    private static double Lightness(StudyResults results, double value, double[] known) =>
        results.IsHigherBetter ? 1 - Lightness(value, known) : Lightness(value, known);

    private static double Lightness(double value, double[] known)
    {
        if (!double.IsFinite(value))
            return 0;
        var (least, most) = (known.Min(), known.Max());
        if (!(most > least))
            return 1;
        if (most > 0 && least * WideRange < most && known.All(v => v >= 0))
        {
            var floor = Math.Max(least, most / 1e4);
            return 1 - (Math.Log(Math.Max(value, floor) / floor) / Math.Log(most / floor));
        }

        return 1 - ((value - least) / (most - least));
    }

    /// <summary>As many digits as fit into a small cell.</summary>
    private static string Text(double value) =>
        value.ToString(Math.Abs(value) switch { >= 100 => "0", >= 10 => "0.0", _ => "0.00" }, CultureInfo.InvariantCulture);

    /// <summary>One combination of the outer axes.</summary>
    private sealed record Map(StudyResults Results, IReadOnlyList<StudyCell> Cells, string Suffix)
    {
        internal StudyAxis Rows => Results.Study.Axes[^2];

        internal StudyAxis Columns => Results.Study.Axes[^1];

        internal string Title => string.Join(", ",
            Cells[0].Outer(2).Values.Select(value => value.ToString()).Prepend(Results.Study.Experiment));

        /// <summary>The cells by row, from the top, and column.</summary>
        internal IEnumerable<(int Row, int Column, StudyCell Cell)> Places =>
            Cells.Select((cell, i) => (i / Columns.Values.Count, i % Columns.Values.Count, cell));
    }
}
