using DiscreteGradients.Experiments.Efficiency;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Efficiency;

public sealed class EfficiencyTests
{
    public EfficiencyTests() => set_num_threads(1);

    [Theory]
    [InlineData("polynomial", 200)]
    [InlineData("vae", 600)]
    public void A_step_runs_with_every_estimator_and_leaves_no_tensor_behind(string name, int steps)
    {
        using EfficiencyTask task = name == "vae" ? new VaeTask() : new PolynomialTask();
        task.TrainStep(new StraightThrough());
        var before = LiveTensors.Count();

        foreach (var one in EfficiencyStudy.Cases.Take(5))
            task.TrainStep(one.Estimator);

        Assert.Equal(before, LiveTensors.Count());
        Assert.Equal((name, steps), (task.Name, task.StepsPerEpoch));
        Assert.All(EfficiencyStudy.Cases, one => Assert.True(one.Paper.ContainsKey(name)));
    }

    [Fact]
    public void Estimators_take_turns()
    {
        using var task = new Recorder();
        EfficiencyCase[] cases =
        [
            new("a", new StraightThrough(), new Dictionary<string, (double, double)> { ["recorder"] = (2, 3) }),
            new("b", new ReinMax(), new Dictionary<string, (double, double)>()),
        ];

        var rows = EfficiencyStudy.Measure(task, cases, rounds: 3, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal([1, 2, 1, 2, 1, 2], task.Orders.TakeLast(6));
        Assert.Equal(["a", "b"], rows.Select(row => row.Estimator));
        Assert.All(rows, row => Assert.InRange(row.SecondsPerStep, 0, 0.01));
        Assert.All(rows, row => Assert.Equal(10 * row.SecondsPerStep, row.SecondsPerEpoch, 1e-12));
        Assert.Equal(
            ((double?)2.0, (double?)3.0, null, null),
            (rows[0].PaperSeconds, rows[0].PaperMegabytes, rows[1].PaperSeconds, rows[1].PaperMegabytes));
    }

    [Fact]
    public void Rows_are_written_as_comma_separated_values()
    {
        Assert.Equal(
            "task,estimator,seconds_per_step,seconds_per_epoch,peak_megabytes,paper_seconds_per_epoch,paper_peak_megabytes\n"
            + "vae,gumbel-rao 100,0.5,300,,5.2,76\n",
            EfficiencyRow.ToCsv([new EfficiencyRow("vae", "gumbel-rao 100", 0.5, 300, null, 5.2, 76)]));
    }

    /// <summary>Remembers who stepped.</summary>
    private sealed class Recorder : EfficiencyTask
    {
        internal List<int> Orders { get; } = [];

        public override string Name => "recorder";

        public override string Description => "";

        public override int StepsPerEpoch => 10;

        public override void TrainStep(GradientEstimator estimator) => Orders.Add(estimator is ReinMax ? 2 : 1);

        public override void Dispose()
        {
        }
    }
}
