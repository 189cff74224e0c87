namespace DiscreteGradients.Experiments;

/// <summary>
/// Compares estimators with the exact gradient at the query, which only the choices of merges give it, by enumerating all orders of merges
/// of short sentences. The model stays as it is, and the run's random numbers too.
/// </summary>
internal static class ScoreGradients
{
    /// <summary>Leaves of the shortest sentences: with fewer there is one choice at most.</summary>
    internal const int Shortest = 4;

    private const string Temperature = "temperature";

    internal static OptionException NoSentences => new(
        $"--quality-every needs validation sentences of {Shortest} to {MergeOrders.Longest} leaves, whose orders of merges can be "
        + "enumerated; there are none: use --tokens merged or split.");

    /// <summary>The estimators whose gradients are measured, with the preset's temperatures; none unless they are asked for.</summary>
    /// <exception cref="OptionException">They cannot be measured.</exception>
    internal static IReadOnlyList<Method> Methods(ListOpsOptions options, ListOpsPreset? preset)
    {
        Require.AtLeast(0, options.QualityEvery, "quality-every");
        if (options.QualityEvery == 0)
            return [];
        Require.AtLeast(1, options.QualitySentences, "quality-sentences");
        Require.AtLeast(2, options.QualityDraws, "quality-draws");
        if (options.Tokens == ListOpsTokens.Characters)
            throw NoSentences;
        var names = string.Join(',', options.QualityEstimators.Split(',', StringSplitOptions.TrimEntries).Distinct());
        var measured = Experiments.Methods.Select(
            MethodEntry.AllEstimators, "estimator", names, new Dictionary<string, object>(), _ => null, (entry, given) =>
                preset?.Tuning(entry.Name) is { } tuning && entry.Has(Temperature)
                    ? new Dictionary<string, object> { [Temperature] = tuning.Temperature }
                    : given);
        return measured.FirstOrDefault(method => ListOpsMethods.WhyNot(method) is not null) is { } unfit
            ? throw new OptionException($"--quality-estimators may not name '{unfit.Name}' here: {ListOpsMethods.WhyNot(unfit)}")
            : measured;
    }

    /// <summary>Adds the errors of each estimator to the numbers, all from the same draws.</summary>
    internal static void Measure(
        TreeLstm model, IReadOnlyList<ListOpsRow> rows, IReadOnlyList<Method> estimators, int draws, Generator generator,
        Dictionary<string, double> numbers, CancellationToken cancellation)
    {
        using var keys = randint(long.MaxValue, rows.Count, ScalarType.Int64, generator: generator);
        using var form = new LinearTreeLstm(model);
        foreach (var method in estimators)
        {
            cancellation.ThrowIfCancellationRequested();
            var rule = new EstimatedMerges((PathwiseEstimator)method.Estimator);
            var sentences = ListOpsCorpus.Batch(rows, keys.data<long>().ToArray(), rule);
            MergeOrders.Measure(form, sentences, rule, draws).AddTo(numbers, method.Name);
        }
    }
}
