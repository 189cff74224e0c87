using System.Numerics;

namespace DiscreteGradients.Experiments;

/// <summary>The memory of a <see cref="TreeWalk{T}"/>, by nodes and by pairs.</summary>
/// <param name="d">The size in whole vectors.</param>
internal sealed unsafe class TreeRooms<T>(int d) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Room<T> _gates = new(5 * d);
    private readonly Room<T> _pairs = new(3 * d);
    private readonly List<double[]> _rooms = [];

    /// <summary>W of the left and of the right node, [10d] of h [d].</summary>
    internal Weights<T> Cell { get; } = new(d, 10 * d, byOutput: true);

    /// <summary>The same on the way back, [2d] of gates [5d].</summary>
    internal Weights<T> CellBack { get; } = new(5 * d, 2 * d, byOutput: false);

    internal Room<T> Bias { get; } = new(5 * d);

    /// <summary>The query over √d.</summary>
    internal Room<T> Query { get; } = new(d);

    /// <summary>By nodes.</summary>
    internal Room<T> H { get; } = new(d);

    internal Room<T> C { get; } = new(d);

    internal Room<T> Products { get; } = new(Weights<T>.Padded(10 * d));

    internal Room<T> AtH { get; } = new(d);

    internal Room<T> AtC { get; } = new(d);

    /// <summary>The gradient before the gates of the chosen pairs, by the nodes that they became, from the first that is no leaf.</summary>
    internal Room<T> AtMade { get; } = new(5 * d);

    /// <summary>What these pass on to their nodes' h, by row.</summary>
    internal Room<T> Passed { get; } = new(Weights<T>.Padded(2 * d));

    /// <summary>The gradient before the gates of all pairs for a gradient of 1 at the score.</summary>
    internal Room<T> AtGates { get; } = new(5 * d);

    /// <summary>What that passes on to the left and right node's h.</summary>
    internal Room<T> ThroughH { get; } = new(Weights<T>.Padded(2 * d));

    /// <summary>And to their c.</summary>
    internal Room<T> ThroughC { get; } = new(2 * d);

    internal Room<T> Gradient { get; } = new(d);

    /// <summary>The rows of the pairs, and their nodes.</summary>
    internal int[] Row { get; private set; } = [];

    internal int[] Left { get; private set; } = [];

    internal int[] Right { get; private set; } = [];

    internal double[] Score { get; private set; } = [];

    /// <summary>The gradient at the score, over all steps.</summary>
    internal double[] AtScore { get; private set; } = [];

    /// <summary>Makes room for the way forward.</summary>
    internal void Hold(int leaves)
    {
        var (nodes, pairs) = (2 * leaves, 3 * leaves);
        H.Hold(nodes);
        C.Hold(nodes);
        Products.Hold(nodes);
        _gates.Hold(pairs);
        _pairs.Hold(pairs);
        Bias.Hold(1);
        Query.Hold(1);
        if (Left.Length < pairs)
            (Row, Left, Right, Score, AtScore) = (new int[pairs], new int[pairs], new int[pairs], new double[pairs], new double[pairs]);
    }

    /// <summary>Makes room for the way back.</summary>
    internal void HoldGradients(int leaves, int pairs)
    {
        AtH.Hold(2 * leaves);
        AtC.Hold(2 * leaves);
        AtMade.Hold(leaves);
        Passed.Hold(leaves);
        AtGates.Hold(pairs);
        ThroughH.Hold(pairs);
        ThroughC.Hold(pairs);
        AtScore.AsSpan(0, pairs).Clear();
        AtC.Span(2 * leaves).Clear();
    }

    internal TreeCell<T>.Joined Pair(int pair) => new(_gates[pair], _pairs[pair], _pairs[pair] + d, _pairs[pair] + (2 * d));

    /// <summary>The node is what the pair was.</summary>
    internal void Take(int pair, int node)
    {
        new Span<T>(_pairs[pair], d).CopyTo(H.Row(node));
        new Span<T>(_pairs[pair] + d, d).CopyTo(C.Row(node));
    }

    /// <summary>Some numbers, kept by their place until the next call for it.</summary>
    internal Span<double> Room(int place, int count)
    {
        while (_rooms.Count <= place)
            _rooms.Add([]);
        if (_rooms[place].Length < count)
            _rooms[place] = new double[2 * count];
        return _rooms[place].AsSpan(0, count);
    }

    public void Dispose()
    {
        Cell.Dispose();
        CellBack.Dispose();
        foreach (var room in (Room<T>[])
            [_gates, _pairs, Bias, Query, H, C, Products, AtH, AtC, AtMade, Passed, AtGates, ThroughH, ThroughC, Gradient])
            room.Dispose();
    }
}
