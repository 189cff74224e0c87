namespace DiscreteGradients.Experiments;

/// <summary>Published test accuracies on short sentences.</summary>
/// <remarks>
/// Paulus, Maddison, Krause 2021, arXiv 2010.04838, table 1: the best test accuracy, selected on validation. It does not say how tokens are
/// counted, so that a difference may be one of the test set.
/// </remarks>
internal static class PublishedListOps
{
    private static readonly PublishedSource Source = new(
        "paper",
        "arXiv 2010.04838, table 1, the test accuracy of the best validation; "
        + "it has no deviation, so ± is what its test sentences alone give");

    private static readonly int[] Longest = [10, 25, 50];
    private static readonly int[] MergedSentences = [3531, 6477, 7966];
    private static readonly int[] SplitSentences = [2580, 5954, 7575];
    private static readonly double[] Temperatures = [0.01, 0.1, 1];

    /// <summary>By draws of noise; 1 is st-gumbel. Three temperatures for each length.</summary>
    internal static readonly Dictionary<int, double[]> Accuracies = new()
    {
        [1] = [38.8, 59.3, 65.8, 41.2, 57.1, 60.2, 46.8, 56.8, 59.6],
        [10] = [66.4, 66.9, 66.7, 60.7, 60.8, 60.9, 58.7, 59.1, 59.6],
        [100] = [65.6, 66.3, 65.9, 60.0, 61.3, 61.2, 59.6, 59.1, 59.6],
        [1000] = [66.5, 67.1, 67.0, 60.2, 60.9, 61.2, 60.0, 59.8, 59.9],
    };

    /// <summary>The table's number for the test set, the length and the method.</summary>
    internal static IReadOnlyList<PublishedResult> Find(ListOpsOptions options, MethodRecord method)
    {
        var column = Array.IndexOf(Longest, options.Longest ?? 0);
        var draws = method.Name == "st-gumbel" ? 1 : method.Name == "gumbel-rao" ? (int)Setting(method, "noise_draws") : 0;
        var temperature = Array.IndexOf(Temperatures, Setting(method, "temperature"));
        return options is { Dataset: ListOpsSets.Name, Test: null } && column >= 0 && temperature >= 0
            && Accuracies.TryGetValue(draws, out var row)
            ? [new(Source, new PublishedNumber(
                "selected_accuracy", Binomial(row[(Temperatures.Length * column) + temperature] / 100, options.Tokens, column)))]
            : [];
    }

    /// <summary>With the deviation that the test sentences alone give; those of training are not published.</summary>
    private static Spread Binomial(double accuracy, ListOpsTokens tokens, int column)
    {
        var sentences = (tokens == ListOpsTokens.Merged ? MergedSentences : SplitSentences)[column];
        return new Spread(accuracy, Math.Sqrt(accuracy * (1 - accuracy) / sentences), sentences);
    }

    private static double Setting(MethodRecord method, string name) =>
        method.Settings?.TryGetValue(name, out var value) == true && value.ValueKind == JsonValueKind.Number
            ? value.GetDouble()
            : double.NaN;
}
