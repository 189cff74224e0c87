using System.Diagnostics;
using DiscreteGradients.Experiments.Bench;

namespace DiscreteGradients.Experiments.Efficiency;

/// <summary>An estimator of the efficiency table, with what the paper has for it.</summary>
/// <param name="Paper">By task: seconds an epoch and megabytes; empty if it is not in the paper.</param>
internal sealed record EfficiencyCase(
    string Name, GradientEstimator Estimator, IReadOnlyDictionary<string, (double Seconds, double Megabytes)> Paper);

/// <summary>One cell of the efficiency table.</summary>
/// <param name="SecondsPerStep">Median over the rounds.</param>
/// <param name="PeakMegabytes">Resident memory that one step takes at its peak; null where the system does not tell.</param>
/// <param name="PaperSeconds">Seconds an epoch in the paper, on other hardware.</param>
/// <param name="PaperMegabytes">Peak memory in the paper, on other hardware.</param>
internal sealed record EfficiencyRow(
    string Task, string Estimator, double SecondsPerStep, double SecondsPerEpoch, double? PeakMegabytes,
    double? PaperSeconds, double? PaperMegabytes)
{
    /// <summary>Rows as comma-separated values with a header.</summary>
    public static string ToCsv(IEnumerable<EfficiencyRow> rows) => string.Concat(rows
        .Select(row => string.Join(',',
            row.Task, row.Estimator, Cell(row.SecondsPerStep), Cell(row.SecondsPerEpoch),
            Cell(row.PeakMegabytes), Cell(row.PaperSeconds), Cell(row.PaperMegabytes)) + "\n")
        .Prepend("task,estimator,seconds_per_step,seconds_per_epoch,peak_megabytes,paper_seconds_per_epoch,paper_peak_megabytes\n"));

    private static string Cell(double? value) => value?.ToString("g6", CultureInfo.InvariantCulture) ?? "";
}

/// <summary>
/// Time and memory of a training step with different estimators, parameter updates left out. Reference: Liu et al. 2023,
/// arXiv 2304.08612, table 3.
/// </summary>
internal static class EfficiencyStudy
{
    /// <summary>Steps of which the one that takes most memory counts: pages that are there already hide some.</summary>
    private const int MemorySteps = 3;

    /// <summary>The estimators of the paper's table, in its order.</summary>
    public static IReadOnlyList<EfficiencyCase> Cases { get; } =
    [
        Case("reinmax", null, (0.2, 6.5), (5.2, 13)),
        Case("st", null, (0.2, 5.0), (5.2, 13)),
        Case("st-gumbel", null, (0.2, 5.3), (5.2, 13)),
        Case("gst-1.0", null, (0.2, 8.0), (5.2, 13)),
        Case("gumbel-rao", 100, (0.8, 300), (5.2, 76)),
        Case("gumbel-rao", 300, (2.2, 1000), (5.2, 200)),
        Case("gumbel-rao", 1000, (6.6, 3000), (5.4, 600)),
    ];

    /// <summary>Times one step of each case in turn, over and over, so that whatever else the machine does falls on all of them.</summary>
    /// <param name="roundDone">Called after each round with its number, 1, 2, …; the first comes after memory was measured.</param>
    /// <exception cref="OperationCanceledException">Cancelled between two steps.</exception>
    public static IReadOnlyList<EfficiencyRow> Measure(
        EfficiencyTask task, IReadOnlyList<EfficiencyCase> cases, int rounds, Action<int>? roundDone = null,
        CancellationToken cancellation = default)
    {
        var memory = new double?[cases.Count];
        var times = cases.Select(_ => new double[rounds]).ToArray();
        for (var i = 0; i < cases.Count; i++)
        {
            void Step() => task.TrainStep(cases[i].Estimator);
            Steady.WarmUp(Step, cancellation);
            memory[i] = Enumerable.Range(0, MemorySteps).Max(_ => ProcessMemory.Of(Step).PeakBytes) / 1e6;
        }

        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < cases.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                var start = Stopwatch.GetTimestamp();
                task.TrainStep(cases[i].Estimator);
                times[i][round] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }

            roundDone?.Invoke(round + 1);
        }

        return
        [
            .. cases.Select((one, i) =>
            {
                var sorted = times[i].Order().ToArray();
                var median = (sorted[(rounds - 1) / 2] + sorted[rounds / 2]) / 2;
                (double Seconds, double Megabytes)? paper = one.Paper.TryGetValue(task.Name, out var known) ? known : null;
                return new EfficiencyRow(
                    task.Name, one.Name, median, median * task.StepsPerEpoch, memory[i], paper?.Seconds, paper?.Megabytes);
            }),
        ];
    }

    private static EfficiencyCase Case(string name, int? draws, (double, double) polynomial, (double, double) vae) => new(
        draws is null ? name : $"{name} {draws}",
        Estimators.Get(name).Create(draws is { } given ? new Dictionary<string, object> { ["noise_draws"] = given } : []),
        new Dictionary<string, (double, double)> { ["polynomial"] = polynomial, ["vae"] = vae });
}
