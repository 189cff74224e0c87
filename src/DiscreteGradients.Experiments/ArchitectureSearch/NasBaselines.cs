namespace DiscreteGradients.Experiments;

/// <summary>What a way to choose a cell leads to, in per cent of test accuracy.</summary>
/// <param name="Std">Over what is drawn at random; null if nothing is.</param>
internal readonly record struct NasOutcome(double Mean, double? Std);

/// <summary>A way to choose a cell that needs no gradients.</summary>
/// <param name="Cells">How many cells are trained for 12 epochs, or null.</param>
/// <param name="Outcomes">On each of the sets.</param>
internal sealed record NasBaseline(string Name, int? Cells, IReadOnlyList<NasOutcome> Outcomes);

/// <summary>How well a number that costs little ranks the cells of a set.</summary>
/// <param name="Correlations">Spearman's, over all cells, and over the best half, fifth and tenth by test accuracy.</param>
internal sealed record NasProxy(string Name, NasSet Set, IReadOnlyList<double> Correlations);

/// <summary>What a search has to beat.</summary>
internal static class NasBaselines
{
    /// <summary>Of how many cells random search takes the best.</summary>
    internal const string DefaultCells = "10,50,100,500";

    internal const string Validation = "validation";
    internal const string Convolutions = "convolutions";

    /// <summary>The shares of the best cells over which rank correlations are taken.</summary>
    internal static IReadOnlyList<double> Shares { get; } = [1, 0.5, 0.2, 0.1];

    /// <summary>A number that needs no training: convolutions of 3x3, and half of those of 1x1.</summary>
    internal static double CountConvolutions(NasCell cell) =>
        cell.Count(NasOperation.Conv3x3) + (0.5 * cell.Count(NasOperation.Conv1x1));

    /// <param name="cells">Of how many different cells random search takes the best.</param>
    internal static IEnumerable<NasBaseline> All(NasTable table, IEnumerable<int> cells)
    {
        yield return new NasBaseline("one random cell", null, Outcomes(set => Choose(table, set, _ => 0, 1)));
        foreach (var count in cells.Order())
        {
            yield return new NasBaseline(
                $"best of {count} by {Validation}", count, Outcomes(set => Choose(table, set, row => row[set].EarlyValidation, count)));
            yield return new NasBaseline(
                $"best of {count} by {Convolutions}", null, Outcomes(set => Choose(table, set, row => CountConvolutions(row.Cell), count)));
        }

        var all = table.Rows.Count;
        yield return new NasBaseline(
            $"best of all by {Validation}", all, Outcomes(set => Choose(table, set, row => row[set].EarlyValidation, all)));
        foreach (var operation in (NasOperation[])
            [NasOperation.Conv3x3, NasOperation.Conv1x1, NasOperation.Skip, NasOperation.Pool3x3, NasOperation.None])
        {
            var row = table.Lookup(NasCell.AllOf(operation));
            yield return new NasBaseline($"every edge {operation.Words()}", null, Outcomes(set => new NasOutcome(row[set].Test, null)));
        }

        yield return new NasBaseline("the best cell", null, Outcomes(set => new NasOutcome(table.Best(set)[set].Test, null)));
    }

    /// <summary>How well validation after 12 epochs, and the convolutions, rank the cells.</summary>
    internal static IEnumerable<NasProxy> Proxies(NasTable table) =>
        from set in NasTable.Sets.Select(set => set.Set)
        from proxy in ((string Name, Func<NasRow, double> Score)[])
            [(Validation, row => row[set].EarlyValidation), (Convolutions, row => CountConvolutions(row.Cell))]
        select new NasProxy(proxy.Name, set, [.. Shares.Select(share => Correlation(table, set, proxy.Score, share))]);

    /// <summary>
    /// The test accuracy of the cell of highest score among some different random ones; of equal ones, any. It is exact, not simulated:
    /// cells are taken by falling score, each with the probability that it is drawn and no better one is.
    /// </summary>
    internal static NasOutcome Choose(NasTable table, NasSet set, Func<NasRow, double> score, int count)
    {
        var all = table.Rows.Count;
        var (none, better, mean, square, isCertain) = (1.0, 0, 0.0, 0.0, false);
        foreach (var equals in table.Rows.GroupBy(score).OrderByDescending(group => group.Key))
        {
            var (before, accuracies) = (none, equals.Select(row => row[set].Test).ToList());
            for (var i = 0; i < accuracies.Count; i++, better++)
                none *= Math.Max(0.0, all - better - count) / (all - better);
            var probability = before - none;
            isCertain |= probability == 1 && accuracies.Count == 1;
            mean += probability * accuracies.Average();
            square += probability * accuracies.Average(accuracy => accuracy * accuracy);
            if (none == 0)
                break;
        }

        return new NasOutcome(mean, isCertain ? null : Math.Sqrt(Math.Max(0, square - (mean * mean))));
    }

    /// <summary>Spearman's rank correlation of a score with test accuracy, over the best cells by the latter.</summary>
    internal static double Correlation(NasTable table, NasSet set, Func<NasRow, double> score, double share)
    {
        var rows = table.Rows.OrderByDescending(row => row[set].Test).Take((int)(table.Rows.Count * share)).ToList();
        var (scores, accuracies) = (Ranks(rows.ConvertAll(row => score(row))), Ranks(rows.ConvertAll(row => row[set].Test)));
        var middle = (rows.Count - 1) / 2.0;
        return Sum(scores, accuracies) / Math.Sqrt(Sum(scores, scores) * Sum(accuracies, accuracies));

        double Sum(double[] first, double[] second) => first.Zip(second, (x, y) => (x - middle) * (y - middle)).Sum();
    }

    /// <summary>0 for the least; equal ones share the mean of their ranks.</summary>
    private static double[] Ranks(List<double> values)
    {
        var ranks = new double[values.Count];
        var below = 0;
        foreach (var equals in values.Index().GroupBy(value => value.Item).OrderBy(group => group.Key))
        {
            var places = equals.Select(value => value.Index).ToList();
            foreach (var place in places)
                ranks[place] = below + ((places.Count - 1) / 2.0);
            below += places.Count;
        }

        return ranks;
    }

    private static NasOutcome[] Outcomes(Func<NasSet, NasOutcome> outcome) => [.. NasTable.Sets.Select(set => outcome(set.Set))];
}
