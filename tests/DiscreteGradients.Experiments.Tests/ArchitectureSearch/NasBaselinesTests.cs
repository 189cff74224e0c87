namespace DiscreteGradients.Experiments.Tests.ArchitectureSearch;

public sealed class NasBaselinesTests
{
    private static readonly NasTable Table = NasTable.Shipped;

    /// <summary>The numbers of 2,000 simulated searches, with their deviations.</summary>
    [Theory]
    [InlineData(10, 92.57, 1.10, 68.93, 1.84, 42.00, 2.75)]
    [InlineData(50, 93.46, 0.57, 70.60, 1.25, 44.23, 1.48)]
    [InlineData(100, 93.72, 0.36, 71.15, 1.01, 44.82, 1.14)]
    [InlineData(500, 94.01, 0.23, 72.12, 0.76, 45.74, 0.80)]
    public void Random_search_is_what_simulations_gave(
        int cells, double cifar10, double std10, double cifar100, double std100, double imageNet, double stdImageNet)
    {
        const double Trials = 2000;
        foreach (var (set, mean, std) in ((NasSet, double, double)[])
            [(NasSet.Cifar10, cifar10, std10), (NasSet.Cifar100, cifar100, std100), (NasSet.Imagenet16, imageNet, stdImageNet)])
        {
            var outcome = NasBaselines.Choose(Table, set, row => row[set].EarlyValidation, cells);

            Assert.InRange(Math.Abs(mean - outcome.Mean), 0, 5 * (outcome.Std!.Value / Math.Sqrt(Trials)) + 0.005);
            Assert.InRange(Math.Abs(std - outcome.Std.Value), 0, 0.1 * outcome.Std.Value);
        }
    }

    [Fact]
    public void Trivial_cells_are_what_the_table_says()
    {
        var baselines = NasBaselines.All(Table, [10]).ToDictionary(
            baseline => baseline.Name, baseline => baseline.Outcomes.Select(outcome => Math.Round(outcome.Mean, 2)));

        Assert.Equal([87.06, 61.41, 33.59], baselines["one random cell"]);
        Assert.Equal([94.37, (73.0933 + 72.28) / 2, 46.48], baselines["best of all by validation"], Near);  // two are first on CIFAR-100
        Assert.Equal([93.76, 71.11, 41.44], baselines["every edge conv 3x3"]);
        Assert.Equal([89.37, 65.71, 35.48], baselines["every edge conv 1x1"]);
        Assert.Equal([54.30, 15.61, 16.32], baselines["every edge skip"]);
        Assert.Equal([49.02, 10.20, 9.35], baselines["every edge pool 3x3"]);
        Assert.Equal([10.00, 1.00, 0.83], baselines["every edge none"]);
        Assert.Equal([94.37, 73.51, 47.31], baselines["the best cell"]);
        Assert.Equal(10, baselines.Count);

        static bool Near(double x, double y) => Math.Abs(x - y) < 0.0051;
    }

    [Fact]
    public void What_is_chosen_is_exact_where_every_way_to_draw_can_be_counted()
    {
        var rows = Table.Rows.Take(7).ToList();
        double[] scores = [3, 1, 3, 2, 5, 2, 3];  // with equal ones
        var few = new NasTable(rows);
        double Score(NasRow row) => scores[row.Index];

        for (var count = 1; count <= rows.Count; count++)
        {
            var accuracies = new List<double>();
            for (var subset = 0; subset < 1 << rows.Count; subset++)
            {
                var drawn = rows.Where(row => (subset >> row.Index & 1) == 1).ToList();
                if (drawn.Count != count)
                    continue;
                var best = drawn.Where(row => Score(row) == drawn.Max(Score)).ToList();
                foreach (var row in best)  // any of the equal ones: each 60 / how many times
                    accuracies.AddRange(Enumerable.Repeat(row.Cifar10.Test, 60 / best.Count));
            }

            var mean = accuracies.Average();
            var std = Math.Sqrt(accuracies.Average(accuracy => (accuracy - mean) * (accuracy - mean)));
            var outcome = NasBaselines.Choose(few, NasSet.Cifar10, Score, count);

            Assert.Equal(mean, outcome.Mean, 1e-9);
            Assert.Equal(std, outcome.Std ?? 0, 1e-6);
            Assert.Equal(count == rows.Count, outcome.Std is null);
        }
    }

    [Theory]
    [InlineData("cifar10", .772, .50, .36, .50)]
    [InlineData("cifar100", .825, .46, .39, .43)]
    [InlineData("imagenet16", .818, .51, .41, .30)]
    public void Early_validation_ranks_all_cells_well_and_good_ones_badly(string name, double all, double half, double fifth, double tenth)
    {
        var correlations = NasBaselines.Proxies(Table)
            .First(proxy => proxy.Set == NasTable.Sets.Single(s => s.Name == name).Set).Correlations;

        Assert.Equal(all, correlations[0], 0.0005);
        Assert.Equal([half, fifth, tenth], correlations.Skip(1), (x, y) => Math.Abs(x - y) < 0.0051);
    }

    [Fact]
    public void Counting_convolutions_ranks_all_cells_as_well()
    {
        Assert.Equal(6, NasBaselines.CountConvolutions(NasCell.AllOf(NasOperation.Conv3x3)));
        Assert.Equal(3, NasBaselines.CountConvolutions(NasCell.AllOf(NasOperation.Conv1x1)));
        Assert.Equal(.774, NasBaselines.Proxies(Table).ElementAt(1).Correlations[0], 0.0005);
        Assert.Equal(
            .66, NasBaselines.Correlation(Table, NasSet.Cifar10, row => row.Cell.Count(NasOperation.Conv3x3), 1), 0.005);
    }
}
