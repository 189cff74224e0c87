namespace DiscreteGradients.Experiments;

/// <summary>The nodes of a sentence that are left, from left to right, and its pairs: pair j joins node j and node j + 1.</summary>
internal sealed class Sequence
{
    private readonly int[] _nodes;
    private readonly int[] _pairs;
    private readonly Merge[] _merges;

    internal Sequence(int leaves)
    {
        (_nodes, _pairs, _merges) = (new int[leaves], new int[Math.Max(0, leaves - 1)], new Merge[Math.Max(0, leaves - 1)]);
        Count = leaves;
    }

    /// <summary>Nodes that are left.</summary>
    internal int Count { get; private set; }

    internal Span<int> Nodes => _nodes.AsSpan(0, Count);

    internal Span<int> Pairs => _pairs.AsSpan(0, Count - 1);

    /// <summary>What was merged at that step.</summary>
    internal Merge this[int step] => _merges[step];

    /// <summary>The node takes the place of the pair at the position. The pairs beside it are not the right ones any more.</summary>
    internal void Join(int position, int node)
    {
        _merges[_merges.Length - Count + 1] = new Merge(
            position, node, Nodes[position], Nodes[position + 1],
            position > 0 ? Pairs[position - 1] : -1, Pairs[position], position + 1 < Pairs.Length ? Pairs[position + 1] : -1);
        Nodes[position] = node;
        Nodes[(position + 2)..].CopyTo(Nodes[(position + 1)..]);
        Pairs[(position + 1)..].CopyTo(Pairs[position..]);
        Count--;
    }

    /// <summary>Takes the last merge back.</summary>
    internal Merge Split()
    {
        var merge = _merges[_merges.Length - Count];
        Count++;
        Nodes[(merge.Position + 1)..^1].CopyTo(Nodes[(merge.Position + 2)..]);
        Pairs[merge.Position..^1].CopyTo(Pairs[(merge.Position + 1)..]);
        (Nodes[merge.Position], Nodes[merge.Position + 1]) = (merge.Left, merge.Right);
        Pairs[merge.Position] = merge.Pair;
        if (merge.Before >= 0)
            Pairs[merge.Position - 1] = merge.Before;
        if (merge.Behind >= 0)
            Pairs[merge.Position + 1] = merge.Behind;
        return merge;
    }
}

/// <summary>
/// A merge: its position, the node it made, the two nodes and the pair that were there, and the pairs beside; −1 for none.
/// </summary>
internal readonly record struct Merge(int Position, int Node, int Left, int Right, int Before, int Pair, int Behind);
