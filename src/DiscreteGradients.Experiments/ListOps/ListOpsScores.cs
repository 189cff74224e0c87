namespace DiscreteGradients.Experiments;

/// <summary>How well test sentences are read: overall, by their depth and by their length.</summary>
/// <param name="longest">Tokens of the longest; lengths are put together in at most ten groups.</param>
internal sealed class ListOpsScores(int longest)
{
    private const int ManyDepths = 8;
    private const int LengthGroups = 10;

    private readonly Average _right = new();
    private readonly Average _agreement = new();
    private readonly SortedDictionary<int, Average> _rightByDepth = [];
    private readonly SortedDictionary<int, Average> _rightByLength = [];
    private readonly SortedDictionary<int, Average> _agreementByDepth = [];

    internal static IReadOnlyList<Metric> Metrics { get; } =
    [
        new Metric("f1", "bracketing F1", Direction.Higher) { IsSparse = true },
        Parts("accuracy_by_depth", "accuracy by depth"),
        Parts("accuracy_by_length", "accuracy by length"),
        Parts("f1_by_depth", "F1 by depth"),
    ];

    /// <summary>Takes a sentence.</summary>
    /// <param name="merges">The tree of a model; null if there is none.</param>
    internal void Add(ListOpsRow row, int answer, int[]? merges)
    {
        var right = answer == row.Label ? 1 : 0;
        var width = (longest + LengthGroups - 1) / LengthGroups;
        _right.Add(right);
        Of(_rightByDepth, Math.Min(row.Depth, ManyDepths)).Add(right);
        Of(_rightByLength, (row.Length - 1) / width).Add(right);
        if (merges is not null && Leaves.Agreement(merges, row.Merges) is var agreement && !double.IsNaN(agreement))
        {
            _agreement.Add(agreement);
            Of(_agreementByDepth, Math.Min(row.Depth, ManyDepths)).Add(agreement);
        }
    }

    /// <summary>Adds what was measured; returns the accuracy.</summary>
    internal double AddTo(Dictionary<string, double> numbers)
    {
        var width = (longest + LengthGroups - 1) / LengthGroups;
        if (_agreementByDepth.Count > 0)
            numbers["f1"] = _agreement.Value;
        foreach (var (depth, right) in _rightByDepth)
            numbers[$"accuracy_by_depth/{DepthName(depth)}"] = right.Value;
        foreach (var (group, right) in _rightByLength)
            numbers[$"accuracy_by_length/{(width == 1 ? $"{group + 1}" : $"{(group * width) + 1}-{(group + 1) * width}")}"] = right.Value;
        foreach (var (depth, agreement) in _agreementByDepth)
            numbers[$"f1_by_depth/{DepthName(depth)}"] = agreement.Value;
        return _right.Value;
    }

    private static Metric Parts(string name, string title) =>
        new(name, title, Direction.Higher) { Place = MetricPlace.Parts, IsTabled = true };

    private static string DepthName(int depth) => depth == ManyDepths ? $"{depth}+" : $"{depth}";

    private static Average Of(SortedDictionary<int, Average> groups, int key)
    {
        if (!groups.TryGetValue(key, out var average))
            groups.Add(key, average = new Average());
        return average;
    }

    private sealed class Average
    {
        private double _sum;
        private int _count;

        internal double Value => _sum / _count;

        internal void Add(double value)
        {
            _sum += value;
            _count++;
        }
    }
}
