using System.Globalization;
using DiscreteGradients.Experiments;
using Spectre.Console;

namespace DiscreteGradients.Cli.Display;

/// <summary>How the latents are used at the end of a run, where the experiment tells: one line an estimator, and who has collapsed.</summary>
internal static class HealthReport
{
    private const string Collapsed = "collapsed_latents";

    private static readonly (string Header, string Name)[] Columns =
    [
        ("entropy", "entropy"), ("largest\nprobability", "max_probability"), ("codes\nin use", "code_perplexity"), ("\nat least", "code_perplexity_min"),
        ("information", "information"), ("\nat least", "information_min"),
    ];

    internal static void Write(IReadOnlyList<MetricsLine> lines, Terminal terminal)
    {
        var last = lines.GroupBy(line => (line.Estimator, line.Seed)).Select(run => run.MaxBy(line => line.Epoch)!)
            .Where(line => line.Values is { } values && Columns.All(column => values.ContainsKey(column.Name))).ToList();
        if (last.Count == 0)
            return;

        var table = new Table().Border(TableBorder.None).AddColumn(Column("estimator"));
        foreach (var (header, _) in Columns)
            table.AddColumn(Column(header).RightAligned());
        foreach (var estimator in last.GroupBy(line => line.Estimator))
            table.AddRow([estimator.Key, .. Columns.Select(column => estimator.Average(line => line.Values![column.Name]).ToString("0.000", CultureInfo.InvariantCulture))]);
        terminal.Write(table);
        terminal.Out.WriteLine("Latents on the test images, mean over latents (at least: the least of them); entropy and information in nats.");
        foreach (var estimator in last.Where(line => line.Values!.GetValueOrDefault(Collapsed) > 0).GroupBy(line => line.Estimator))
        {
            terminal.Out.WriteLine(
                $"Warning: {estimator.Key} has collapsed latents, whose codes say nothing about the image: "
                + $"{string.Join(", ", estimator.Select(line => $"{line.Values![Collapsed]} with seed {line.Seed}"))}.");
        }

        terminal.Out.WriteLine();
    }

    private static TableColumn Column(string header) => new TableColumn(new Text(header)).NoWrap();
}
