namespace DiscreteGradients.Experiments;

/// <summary>A sentence as the model reads it.</summary>
internal sealed record ListOpsRow(string Expression, int Label, int[] Words, ListOpsTokens Tokens)
{
    /// <summary>Operators nested in one another.</summary>
    internal int Depth { get; } = ListOpsExpression.Depth(Expression);

    /// <summary>In tokens.</summary>
    internal int Length { get; } = Leaves.Length(Expression, Tokens);

    /// <summary>The true bracketing.</summary>
    internal int[] Merges => field ??= Leaves.Merges(Expression, Tokens);
}

/// <summary>The sentences of a run, those that are too long left out.</summary>
internal sealed record ListOpsCorpus(
    IReadOnlyList<ListOpsRow> Train, IReadOnlyList<ListOpsRow> Valid, IReadOnlyList<ListOpsRow> Test, int Majority)
{
    /// <summary>What stands for training rows that are made by the published rule.</summary>
    internal const string MadeRows = "made";

    private const int ReleasedLongest = 99;

    /// <summary>Finds, reads and verifies the sentences.</summary>
    /// <exception cref="OptionException">Not found or damaged, or too few are short enough.</exception>
    internal static ListOpsCorpus Load(ListOpsOptions options)
    {
        var rows = ListOpsSets.Load(
            options.Dataset!, DataFolders.OfThisUser(options.Data), options.Train == MadeRows ? null : options.Train, options.Valid,
            options.Test);
        var train = Take(rows.Train, "training", options.Rows ?? int.MaxValue);
        if (train.Count < options.Batch)
            throw new OptionException($"--batch must be at most the {train.Count} training sentences; got {options.Batch}.");
        return new(
            train, Take(rows.Valid, "validation"), Take(rows.Test, "test"),
            train.CountBy(row => row.Label).OrderByDescending(label => label.Value).ThenBy(label => label.Key).First().Key);

        List<ListOpsRow> Take(ListOpsSentence[] sentences, string purpose, int most = int.MaxValue)
        {
            var kept = sentences.Where(sentence => IsShort(sentence.Expression, options)).Take(most)
                .Select(s => new ListOpsRow(s.Expression, s.Label, Leaves.Of(s.Expression, options.Tokens), options.Tokens)).ToList();
            return kept.Count > 0 ? kept : throw new OptionException(
                $"None of the {sentences.Length} {purpose} sentences has at most {Longest(options)} tokens; use a larger --longest.");
        }
    }

    /// <summary>The sentences of some rows, with the keys that they draw from.</summary>
    internal static Sentences Batch(IReadOnlyList<ListOpsRow> rows, IReadOnlyList<long>? keys, MergeRule rule) =>
        new([.. rows.Select(row => row.Words)], [.. rows.Select(row => row.Label)], keys ?? new long[rows.Count])
        {
            Merges = rule == MergeRule.Given ? [.. rows.Select(row => row.Merges)] : null,
        };

    /// <summary>The first validation sentences whose merge orders can be enumerated.</summary>
    internal IReadOnlyList<ListOpsRow> Measured(int count) =>
        [.. Valid.Where(row => row.Words.Length is >= ScoreGradients.Shortest and <= MergeOrders.Longest).Take(count)];

    /// <summary>The tokens of the longest sentences.</summary>
    internal static int Longest(ListOpsOptions options) => options.Longest ?? ReleasedLongest;

    private static bool IsShort(string expression, ListOpsOptions options) =>
        Leaves.Length(expression, options.Longest is null ? ListOpsTokens.Split : options.Tokens) <= Longest(options);
}
