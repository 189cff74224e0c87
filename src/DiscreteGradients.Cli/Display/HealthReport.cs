using Spectre.Console;

namespace DiscreteGradients.Cli.Display;

/// <summary>How healthy the training was, where the experiment tells: one line a method, and what its metrics warn of.</summary>
internal static class HealthReport
{
    internal static void Write(RunRecord record, IReadOnlyList<MetricsLine> lines, Terminal terminal)
    {
        var (entry, metrics) = (ExperimentCatalog.Find(record.Experiment), ExperimentCatalog.Metrics(record, lines));
        var columns = metrics.In(MetricPlace.Health).ToList();
        var last = lines.GroupBy(line => (line.Method, line.Seed)).Select(run => run.MaxBy(line => line.Epoch)!)
            .Where(line => columns.TrueForAll(metric => line[metric.Name] is not null)).ToList();
        if (columns.Count > 0 && last.Count > 0)
            WriteTable(entry, columns, last, terminal);

        foreach (var metric in metrics.Where(metric => metric.Warning is not null))
        {
            foreach (var method in last.Where(line => line[metric.Name] > 0).GroupBy(line => line.Method))
            {
                var seeds = method.Select(
                    line => $"{line[metric.Name]!.Value.ToString(CultureInfo.InvariantCulture)} with seed {line.Seed}");
                terminal.Out.WriteLine($"Warning: {method.Key} {metric.Warning}: {string.Join(", ", seeds)}.");
            }
        }

        if (columns.Count > 0 && last.Count > 0)
            terminal.Out.WriteLine();
    }

    private static void WriteTable(ExperimentEntry? entry, List<Metric> columns, List<MetricsLine> last, Terminal terminal)
    {
        var table = FittingTable.Of(entry?.MethodWord ?? "method", columns.Select(metric => RunReport.Stacked(metric.Title)));
        foreach (var method in last.GroupBy(line => line.Method))
        {
            var means = columns.Select(metric => method.Average(line => line[metric.Name]!.Value));
            table.AddRow([method.Key, .. means.Select(mean => mean.ToString("0.000", CultureInfo.InvariantCulture))]);
        }

        terminal.Write(table);
        if (entry?.HealthNote is { } note)
            terminal.Out.WriteLine(note);
    }
}
