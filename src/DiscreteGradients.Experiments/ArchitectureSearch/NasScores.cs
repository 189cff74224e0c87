namespace DiscreteGradients.Experiments;

/// <summary>What a cell is worth, looked up: nothing of it is trained here.</summary>
internal static class NasScores
{
    /// <summary>The headline: what the cell lacks of the best one on CIFAR-10.</summary>
    internal const string Regret = "regret";

    internal static IReadOnlyList<Metric> Metrics { get; } =
    [
        new Metric(Regret, "regret", Direction.Lower) { Unit = "points", IsHeadline = true },
        .. NasTable.Sets.Select(set => new Metric(Name(set.Name), set.Title, Direction.Higher) { Unit = "%" }),
        new Metric("percentile", "percentile", Direction.Higher),
        .. NasTable.Sets.Skip(1).Select(set =>
            new Metric($"regret_{set.Name}", $"regret {set.Title}", Direction.Lower) { Unit = "points", Place = MetricPlace.Curve }),
        new Metric("convolutions", "convolutions") { Place = MetricPlace.Log },
        new Metric("index", "index") { Place = MetricPlace.Log },
    ];

    /// <summary>The metric of a set's test accuracy.</summary>
    internal static string Name(string set) => $"test_{set}";

    internal static void AddTo(Dictionary<string, double> numbers, NasCell cell)
    {
        var (table, row) = (NasTable.Shipped, NasTable.Shipped.Lookup(cell));
        foreach (var (set, name, _) in NasTable.Sets)
        {
            numbers[Name(name)] = row[set].Test;
            numbers[set == NasSet.Cifar10 ? Regret : $"regret_{name}"] = table.Regret(row, set);
        }

        numbers["percentile"] = table.Percentile(row, NasSet.Cifar10);
        numbers["convolutions"] = NasBaselines.CountConvolutions(cell);
        numbers["index"] = row.Index;
    }
}
