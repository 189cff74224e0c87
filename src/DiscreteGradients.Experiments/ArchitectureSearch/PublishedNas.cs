namespace DiscreteGradients.Experiments;

/// <summary>
/// Published test accuracies of searches on CIFAR-10, looked up after 200 epochs: Dong, Yang 2020, arXiv 2001.00326 (NAS-Bench-201), with
/// later additions; Liu et al. 2023, arXiv 2304.08612, table 4, searches anew on each data set.
/// </summary>
internal static class PublishedNas
{
    private static readonly PublishedSource Bench = new(
        "published", "as reported for NAS-Bench-201, mean ± std over seeds, of a search on CIFAR-10 with 16 channels and 5 cells a stage");

    private static readonly PublishedSource Paper = new(
        "paper", "arXiv 2304.08612, table 4, mean ± std, of a search on each data set with 16 channels and 5 cells a stage");

    private const int Seeds = 3;

    /// <summary>Accuracies on CIFAR-10, CIFAR-100 and ImageNet16-120.</summary>
    private static readonly (string Method, PublishedSource Source, (double Mean, double Std)[] Accuracies)[] Rows =
    [
        ("gdas", Paper, [(93.23, 0.58), (68.17, 2.50), (39.40, 0.00)]),
        ("gdas", Bench, [(93.61, 0.09), (70.70, 0.30), (41.71, 0.98)]),
        ("gdas-reinmax", Paper, [(93.44, 0.23), (69.41, 2.24), (42.03, 0.41)]),
        ("reinmax", Paper, [(93.44, 0.23), (69.41, 2.24), (42.03, 0.41)]),
        ("dsnas", Bench, [(93.08, 0.13), (31.01, 16.38), (41.07, 0.09)]),
    ];

    internal static IReadOnlyList<PublishedResult> Find(NasOptions options, MethodRecord method)
    {
        var caveat = options is not { Channels: 16, StageCells: 5, Dataset: "cifar10" }
            ? "theirs is of a search with a far larger network, images and number of steps"
            : method.Name == "reinmax" ? "what theirs did with the operations that were not chosen is not known"
            : null;
        return [.. Rows.Where(row => row.Method == method.Name).Select(row => Result(row.Source, row.Accuracies, caveat))];
    }

    private static PublishedResult Result(PublishedSource source, (double Mean, double Std)[] row, string? caveat)
    {
        var best = NasTable.Shipped.Best(NasSet.Cifar10).Cifar10.Test;  // so that a regret stands beside ours
        return new PublishedResult(
            source,
            [
                new PublishedNumber(NasScores.Regret, new Spread(best - row[0].Mean, row[0].Std, Seeds), caveat),
                .. NasTable.Sets.Zip(row, (set, number) =>
                    new PublishedNumber(NasScores.Name(set.Name), new Spread(number.Mean, number.Std, Seeds), caveat)),
            ]);
    }
}
