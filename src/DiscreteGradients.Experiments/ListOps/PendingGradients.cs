using System.Numerics;

namespace DiscreteGradients.Experiments;

/// <summary>
/// The gradients g at the nodes on the way back, as far as the scores add to them: which multiples of which vectors are still to be added,
/// and the inner products of g that the next choice asks for. So that what a step costs does not grow with the sentence.
/// </summary>
/// <remarks>
/// X_t are the nodes and P_t the pairs of a sequence, P_t of X_t and X_(t+1). A number a at the score of P_t adds a · L_t to g_t and a ·
/// R_t to g_(t+1), with constant vectors L and R. As long as the neighbours of a node are the same, its inner products grow by a times a
/// constant. A merge that is taken back changes the neighbours of four nodes only.
/// </remarks>
internal sealed unsafe class PendingGradients<T>(int d, TreeRooms<T> rooms)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Node[] _nodes = [];
    private Pair[] _pairs = [];

    internal void Clear(int nodes, int pairs)
    {
        if (_nodes.Length < nodes)
            _nodes = new Node[nodes];
        if (_pairs.Length < pairs)
            _pairs = new Pair[pairs];
        _nodes.AsSpan(0, nodes).Clear();
    }

    /// <summary>Adds to g of a node what is pending.</summary>
    internal void Settle(Sequence sequence, int t)
    {
        ref var node = ref _nodes[sequence.Nodes[t]];
        if (node.AsLeft != 0)
            Add(node.AsLeft, sequence.Pairs[t], 0, sequence.Nodes[t]);
        if (node.AsRight != 0)
            Add(node.AsRight, sequence.Pairs[t - 1], d, sequence.Nodes[t]);
        (node.AsLeft, node.AsRight) = (0, 0);
    }

    /// <summary>
    /// The gradient v at the one-hot choice of a merge that was just taken back. With g_t the gradient at node t of the sequence after it
    /// and P, X those before it: v_j = ⟨g_j, P_j⟩ − Σ over t ≥ j of ⟨g_t, X_t⟩ + Σ over t > j of ⟨g_t, X_(t+1)⟩.
    /// </summary>
    internal void AtChoice(Sequence sequence, Merge merge, Span<double> v)
    {
        var nodes = sequence.Nodes;
        var k = merge.Position;
        if (k > 0)
        {
            ref var before = ref _nodes[nodes[k - 1]];
            (before.Pair, before.Next) = (OfPair(nodes[k - 1], merge.Before), Of(nodes[k - 1], merge.Left));
        }

        if (k < v.Length - 1)
        {
            ref var behind = ref _nodes[nodes[k + 2]];
            (behind.PairBefore, behind.Previous) = (OfPair(nodes[k + 2], merge.Behind), Of(nodes[k + 2], merge.Right));
        }

        var sum = 0.0;
        for (var j = v.Length - 1; j > k; j--)
        {
            ref readonly var node = ref _nodes[nodes[j + 1]];
            sum -= node.Previous;
            v[j] = sum + node.PairBefore;
            sum += node.Self;
        }

        sum -= Of(merge.Node, merge.Left);
        v[k] = sum + OfPair(merge.Node, merge.Pair);
        sum += Of(merge.Node, merge.Right);
        for (var j = k - 1; j >= 0; j--)
        {
            ref readonly var node = ref _nodes[nodes[j]];
            sum -= node.Self;
            v[j] = sum + node.Pair;
            sum += node.Next;
        }
    }

    /// <summary>The two nodes that a merge taken back gave, now that their g is known, and what is constant around it.</summary>
    internal void Enter(Sequence sequence, int k)
    {
        var nodes = sequence.Nodes;
        var pairs = sequence.Pairs;
        for (var j = Math.Max(0, k - 1); j <= Math.Min(k + 1, pairs.Length - 1); j++)
        {
            var (left, right, pair) = (nodes[j], nodes[j + 1], pairs[j]);
            _pairs[pair] = new Pair
            {
                LeftSelf = Through(pair, 0, left),
                LeftOther = Through(pair, 0, right),
                LeftPair = ThroughPair(pair, 0, pair),
                RightSelf = Through(pair, d, right),
                RightOther = Through(pair, d, left),
                RightPair = ThroughPair(pair, d, pair),
            };
        }

        for (var t = Math.Max(1, k - 1); t <= Math.Min(k + 2, pairs.Length - 1); t++)
        {
            ref var node = ref _nodes[nodes[t]];
            node.RightOnPair = ThroughPair(pairs[t - 1], d, pairs[t]);
            node.RightOnNext = Through(pairs[t - 1], d, nodes[t + 1]);
            node.LeftOnPair = ThroughPair(pairs[t], 0, pairs[t - 1]);
            node.LeftOnPrevious = Through(pairs[t], 0, nodes[t - 1]);
        }

        for (var t = k; t <= k + 1; t++)
        {
            ref var node = ref _nodes[nodes[t]];
            node.Self = Of(nodes[t], nodes[t]);
            if (t > 0)
                (node.PairBefore, node.Previous) = (OfPair(nodes[t], pairs[t - 1]), Of(nodes[t], nodes[t - 1]));
            if (t < pairs.Length)
                (node.Pair, node.Next) = (OfPair(nodes[t], pairs[t]), Of(nodes[t], nodes[t + 1]));
        }
    }

    /// <summary>Takes in the gradient a at the scores of all pairs.</summary>
    internal void Pass(Sequence sequence, ReadOnlySpan<double> atScores)
    {
        var nodes = sequence.Nodes;
        var pairs = sequence.Pairs;
        for (var j = 0; j < atScores.Length; j++)
        {
            var a = atScores[j];
            ref var left = ref _nodes[nodes[j]];
            ref var right = ref _nodes[nodes[j + 1]];
            ref var pair = ref _pairs[pairs[j]];
            rooms.AtScore[pairs[j]] += a;
            left.AsLeft += a;
            left.Self += a * pair.LeftSelf;
            left.Next += a * pair.LeftOther;
            left.Pair += a * pair.LeftPair;
            left.PairBefore += a * left.LeftOnPair;
            left.Previous += a * left.LeftOnPrevious;
            right.AsRight += a;
            right.Self += a * pair.RightSelf;
            right.Previous += a * pair.RightOther;
            right.PairBefore += a * pair.RightPair;
            right.Pair += a * right.RightOnPair;
            right.Next += a * right.RightOnNext;
        }
    }

    private void Add(double a, int pair, int side, int node)
    {
        TreeCell<T>.Add(d, T.CreateTruncating(a), rooms.ThroughH[pair] + side, rooms.AtH[node]);
        TreeCell<T>.Add(d, T.CreateTruncating(a), rooms.ThroughC[pair] + side, rooms.AtC[node]);
    }

    private double Of(int node, int other) => Product(rooms.AtH[node], rooms.AtC[node], rooms.H[other], rooms.C[other]);

    private double OfPair(int node, int pair)
    {
        var at = rooms.Pair(pair);
        return Product(rooms.AtH[node], rooms.AtC[node], at.H, at.C);
    }

    private double Through(int pair, int side, int node) =>
        Product(rooms.ThroughH[pair] + side, rooms.ThroughC[pair] + side, rooms.H[node], rooms.C[node]);

    private double ThroughPair(int pair, int side, int other)
    {
        var at = rooms.Pair(other);
        return Product(rooms.ThroughH[pair] + side, rooms.ThroughC[pair] + side, at.H, at.C);
    }

    private double Product(T* h, T* c, T* otherH, T* otherC) =>
        double.CreateTruncating(TreeCell<T>.Dot(d, h, otherH) + TreeCell<T>.Dot(d, c, otherC));

    /// <summary>What is kept of g_t.</summary>
    private struct Node
    {
        /// <summary>Multiples of L_t and of R_(t−1) that are to be added to it.</summary>
        internal double AsLeft, AsRight;

        /// <summary>⟨g_t, ·⟩ with X_t, X_(t+1), X_(t−1), P_t, P_(t−1).</summary>
        internal double Self, Next, Previous, Pair, PairBefore;

        /// <summary>⟨R_(t−1), ·⟩ with P_t and X_(t+1), ⟨L_t, ·⟩ with P_(t−1) and X_(t−1).</summary>
        internal double RightOnPair, RightOnNext, LeftOnPair, LeftOnPrevious;
    }

    /// <summary>⟨L, ·⟩ with the left node, the right one and the pair; ⟨R, ·⟩ with the right node, the left one and the pair.</summary>
    private struct Pair
    {
        internal double LeftSelf, LeftOther, LeftPair, RightSelf, RightOther, RightPair;
    }
}
