using System.Globalization;

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

/// <summary>What one estimator reached: the seeds that came as far as the furthest one, at their last epoch.</summary>
/// <param name="TimePerStep">Seconds: the median over all epochs and seeds, so that start-up and other work on the machine do not count.</param>
public sealed record EstimatorSummary(
    string Estimator, int Epoch, Spread TrainLoss, Spread? TestLoss, Spread? TestBound, Spread? ExpectedLoss, double TimePerStep)
{
    /// <summary>One summary per estimator, in the order of the lines.</summary>
    public static IReadOnlyList<EstimatorSummary> Of(IEnumerable<MetricsLine> lines) =>
    [
        .. lines.GroupBy(line => line.Estimator).Select(group =>
        {
            var epoch = group.Max(line => line.Epoch);
            var last = group.Where(line => line.Epoch == epoch).ToList();
            return new EstimatorSummary(
                group.Key,
                epoch,
                Spread.Of([.. last.Select(line => line.TrainLoss)]),
                Exists(last, line => line.TestLoss),
                Exists(last, line => line.TestBound),
                Exists(last, line => line.ExpectedLoss),
                Median([.. group.Select(line => line.Seconds / Math.Max(1, line.Steps)).Order()]));
        }),
    ];

    /// <summary>The summaries as comma-separated values with a header.</summary>
    public static string ToCsv(IEnumerable<EstimatorSummary> summaries) => string.Concat(summaries
        .Select(s => FormattableString.Invariant(
            $"{s.Estimator},{s.Epoch},{s.TrainLoss.N},{Cells(s.TrainLoss)},{Cells(s.TestLoss)},{Cells(s.TestBound)},{Cells(s.ExpectedLoss)},{s.TimePerStep:g6}\n"))
        .Prepend("estimator,epoch,seeds,train_loss_mean,train_loss_std,test_loss_mean,test_loss_std,test_bound_mean,test_bound_std,expected_loss_mean,expected_loss_std,seconds_per_step\n"));

    private static Spread? Exists(List<MetricsLine> lines, Func<MetricsLine, double?> loss) =>
        lines.TrueForAll(line => loss(line) is not null) ? Spread.Of([.. lines.Select(line => loss(line)!.Value)]) : null;

    private static double Median(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;

    private static string Cells(Spread? spread) => spread is { } s ? $"{Cell(s.Mean)},{Cell(s.Std)}" : ",";

    private static string Cell(double value) => double.IsNaN(value) ? "" : value.ToString("r", CultureInfo.InvariantCulture);
}
