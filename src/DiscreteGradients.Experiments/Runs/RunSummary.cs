namespace DiscreteGradients.Experiments;

/// <summary>Mean and sample standard deviation over n seeds; the deviation of one seed is NaN.</summary>
public readonly record struct Spread(double Mean, double Std, int N)
{
    /// <summary>Of some values, at least one.</summary>
    public static Spread Of(IReadOnlyCollection<double> values)
    {
        var mean = values.Average();
        var std = values.Count > 1 ? Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1)) : double.NaN;
        return new(mean, std, values.Count);
    }
}

/// <summary>What one method has reached: the seeds that came as far as the furthest one, at their last epoch.</summary>
/// <param name="Values">The results that all of them have, by the names of the metrics.</param>
/// <param name="TimePerStep">Seconds: the median over epochs and seeds, so that start-up and other work do not count.</param>
internal sealed record MethodSummary(string Method, int Epoch, int Seeds, IReadOnlyDictionary<string, Spread> Values, double TimePerStep)
{
    /// <summary>The value of a metric, or null.</summary>
    public Spread? this[Metric metric] => metric is not null && Values.TryGetValue(metric.Name, out var value) ? value : null;

    /// <summary>One summary per method, in the order of the lines.</summary>
    public static IReadOnlyList<MethodSummary> Of(IEnumerable<MetricsLine> lines, IReadOnlyList<Metric> metrics) =>
    [
        .. lines.GroupBy(line => line.Method).Select(group =>
        {
            var epoch = group.Max(line => line.Epoch);
            var last = group.Where(line => line.Epoch == epoch).ToList();
            var values = metrics.Results().Where(metric => last.TrueForAll(line => line[metric.Name] is not null))
                .ToDictionary(metric => metric.Name, metric => Spread.Of([.. last.Select(line => line[metric.Name]!.Value)]));
            return new MethodSummary(
                group.Key, epoch, last.Count, values, Median([.. group.Select(line => line.Seconds / Math.Max(1, line.Steps)).Order()]));
        }),
    ];

    /// <summary>The summaries as comma-separated values with a header.</summary>
    public static string ToCsv(IReadOnlyList<MethodSummary> summaries, IReadOnlyList<Metric> metrics)
    {
        var results = metrics.Results().ToList();
        return string.Concat(summaries
            .Select(s => FormattableString.Invariant(
                $"{s.Method},{s.Epoch},{s.Seeds},{string.Concat(results.Select(metric => Cells(s[metric])))}{s.TimePerStep:g6}\n"))
            .Prepend("estimator,epoch,seeds,"
                + $"{string.Concat(results.Select(metric => $"{metric.Key}_mean,{metric.Key}_std,"))}seconds_per_step\n"));
    }

    private static double Median(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;

    private static string Cells(Spread? spread) => spread is { } s ? $"{Cell(s.Mean)},{Cell(s.Std)}," : ",,";

    private static string Cell(double value) => double.IsNaN(value) ? "" : value.ToString("r", CultureInfo.InvariantCulture);
}
