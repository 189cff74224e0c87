namespace DiscreteGradients.Cli.Plots;

/// <summary>The parts of a metric side by side, with a line for each method: means and one standard deviation over seeds.</summary>
internal static class PartsPlot
{
    /// <summary>Writes the plot; false if there is nothing to show.</summary>
    internal static bool Write(
        OutputFolder folder, string file, string title, Metric metric, IReadOnlyList<string> parts,
        IEnumerable<(string Label, string Method, int Alike, Func<string, Spread?> At)> rows)
    {
        var curves = rows.Select(row => new Curve(
                row.Label, row.Method,
                [
                    .. parts.Select((part, place) => (Place: place, Value: row.At(part))).Where(point => point.Value is not null)
                        .Select(point => (point.Place, point.Value!.Value)),
                ],
                row.Alike))
            .Where(curve => curve.Points.Count > 0).ToList();
        if (curves.Count == 0)
            return false;
        using var plot = CurvePlot.Create(title, metric.AxisWithUnit, curves);
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. Enumerable.Range(0, parts.Count).Select(part => (double)part)], [.. parts]);
        plot.Axes.Bottom.Label.Text = metric.Title.Split(' ')[^1];
        PlotStyle.Save(plot, folder, file);
        return true;
    }
}
