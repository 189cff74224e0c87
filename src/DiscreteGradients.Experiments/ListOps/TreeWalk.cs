using System.Numerics;
using DiscreteGradients.Fused;

namespace DiscreteGradients.Experiments;

/// <summary>The linear form's way from the symbols to the roots and back. See <see cref="LinearTreeLstm"/>.</summary>
/// <remarks>
/// Nodes have numbers: the leaves as <see cref="LeafOrder"/> has them, then those made at step 0, row by row, at step 1, … Pairs are
/// numbered as they come up. At every step the sentences that are not yet one node are the first rows, and their matrix products are one.
/// </remarks>
internal sealed unsafe class TreeWalk<T> : ITreeWalk
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly TreeLstm _model;
    private readonly int _d;
    private readonly LeafLstm<T> _leaves;
    private readonly TreeRooms<T> _rooms;
    private readonly PendingGradients<T> _pending;
    private Sentences _batch = null!;
    private MergeRule _rule = null!;
    private LeafOrder _order = null!;
    private Sequence[] _sequences = [];
    private int[] _firstMade = [];
    private int _pairs;

    internal TreeWalk(TreeLstm model)
    {
        (_model, _d) = (model, Padding<T>.Of(model.Size));
        _leaves = new LeafLstm<T>(model, _d);
        _rooms = new TreeRooms<T>(_d);
        _pending = new PendingGradients<T>(_d, _rooms);
    }

    public (Tensor Roots, int[][] Merges) Forward(Sentences batch, MergeRule rule, bool training)
    {
        (_batch, _rule, _order, _pairs) = (batch, rule, new LeafOrder(batch), 0);
        _rooms.Hold(_order.Count);
        LoadCell();
        _leaves.Forward(batch, _order, _rooms.H, _rooms.C, training);
        _rooms.Cell.Multiply(_rooms.H, 0, _rooms.Products, 0, _order.Count);
        _sequences = [.. _order.Lengths.Select(n => new Sequence(n))];
        for (var row = 0; row < batch.Count; row++)
        {
            var sequence = _sequences[row];
            for (var i = 0; i < sequence.Count; i++)
                sequence.Nodes[i] = _order.First(i) + row;
            for (var i = 0; i < sequence.Count - 1; i++)
                Compose(row, i);
        }

        _firstMade = new int[_order.Longest];
        _firstMade[0] = _order.Count;
        for (var step = 0; step < _order.Longest - 1; step++)
            _firstMade[step + 1] = _firstMade[step] + Step(step);
        return (Roots(), Chosen());
    }

    /// <summary>One merge in each sentence that is not one node; returns how many these are.</summary>
    private int Step(int step)
    {
        var active = _order.Rows(step + 1);
        for (var row = 0; row < active; row++)
        {
            var (sequence, node) = (_sequences[row], _firstMade[step] + row);
            var position = sequence.Count == 2 ? 0 : _rule.Choose(_batch.At(_order.Sentence[row], step), Scores(sequence));
            _rooms.Take(sequence.Pairs[position], node);
            sequence.Join(position, node);
        }

        var going = step + 2 < _order.Longest ? _order.Rows(step + 2) : 0;
        _rooms.Cell.Multiply(_rooms.H, _firstMade[step], _rooms.Products, _firstMade[step], going);
        for (var row = 0; row < going; row++)
        {
            var (sequence, position) = (_sequences[row], _sequences[row][step].Position);
            if (position > 0)
                Compose(row, position - 1);
            if (position < sequence.Count - 1)
                Compose(row, position);
        }

        return active;
    }

    private void Compose(int row, int position)
    {
        var sequence = _sequences[row];
        var (left, right, pair) = (sequence.Nodes[position], sequence.Nodes[position + 1], _pairs++);
        sequence.Pairs[position] = pair;
        (_rooms.Row[pair], _rooms.Left[pair], _rooms.Right[pair]) = (row, left, right);
        var at = _rooms.Pair(pair);
        TreeCell<T>.Join(_d, _rooms.Products[left], _rooms.Products[right] + (5 * _d), _rooms.Bias[0], _rooms.C[left], _rooms.C[right], at);
        _rooms.Score[pair] = double.CreateTruncating(TreeCell<T>.Dot(_d, _rooms.Query[0], at.H));
    }

    private ReadOnlySpan<double> Scores(Sequence sequence)
    {
        var scores = _rooms.Room(0, sequence.Count - 1);
        for (var j = 0; j < scores.Length; j++)
            scores[j] = _rooms.Score[sequence.Pairs[j]];
        return scores;
    }

    private Tensor Roots()
    {
        var rows = new long[_batch.Count];
        foreach (var (row, sentence) in _order.Sentence.Index())
            rows[sentence] = _sequences[row].Nodes[0];
        return _rooms.H.Rows(0, _firstMade[^1]).index_select(0, tensor(rows)).narrow(1, 0, _model.Size).contiguous();
    }

    private int[][] Chosen()
    {
        var chosen = new int[_batch.Count][];
        foreach (var (row, sentence) in _order.Sentence.Index())
            chosen[sentence] = [.. Enumerable.Range(0, _order.Lengths[row] - 1).Select(step => _sequences[row][step].Position)];
        return chosen;
    }

    public void Backward(Tensor atRoots)
    {
        Back(atRoots);
        AddGradients();
        _leaves.Backward(_batch, _order, _rooms.H, _rooms.C, _rooms.AtH, _rooms.AtC);
    }

    public double[][] QueryGradients(Tensor atRoots)
    {
        Back(atRoots);
        AtQuery();
        var gradients = new double[_batch.Count][];
        foreach (var (row, sentence) in _order.Sentence.Index())
            gradients[sentence] = [.. _rooms.Passed.Row(row)[.._model.Size].ToArray().Select(double.CreateTruncating)];
        return gradients;
    }

    /// <summary>The gradients at nodes and scores from that at the roots.</summary>
    private void Back(Tensor atRoots)
    {
        _rooms.HoldGradients(_order.Count, _pairs);
        _pending.Clear(2 * _order.Count, _pairs);
        Through();
        var from = Memory.Address<T>(atRoots);
        foreach (var (row, sentence) in _order.Sentence.Index())
            new Span<T>(from + ((long)sentence * _model.Size), _model.Size).CopyTo(_rooms.AtH.Row(_sequences[row].Nodes[0]));
        for (var step = _order.Longest - 2; step >= 0; step--)
            StepBack(step);
    }

    /// <summary>What each pair passes on to its nodes, and before the gates, for a gradient of 1 at its score.</summary>
    private void Through()
    {
        if (!_rule.Learns)
            return;
        for (var pair = 0; pair < _pairs; pair++)
        {
            TreeCell<T>.Back(
                _d, _rooms.Pair(pair), _rooms.C[_rooms.Left[pair]], _rooms.C[_rooms.Right[pair]], _rooms.Query[0], null,
                _rooms.AtGates[pair], _rooms.ThroughC[pair], _rooms.ThroughC[pair] + _d);
        }

        _rooms.CellBack.Multiply(_rooms.AtGates, 0, _rooms.ThroughH, 0, _pairs);
    }

    /// <summary>Takes the merges of a step back, in each sentence that made one.</summary>
    private void StepBack(int step)
    {
        var active = _order.Rows(step + 1);
        for (var row = 0; row < active; row++)
            Split(row, step);
        _rooms.CellBack.Multiply(_rooms.AtMade, _firstMade[step] - _order.Count, _rooms.Passed, 0, active);
        for (var row = 0; row < active; row++)
        {
            var (sequence, merge) = (_sequences[row], _sequences[row][step]);
            new Span<T>(_rooms.Passed[row], _d).CopyTo(_rooms.AtH.Row(merge.Left));
            new Span<T>(_rooms.Passed[row] + _d, _d).CopyTo(_rooms.AtH.Row(merge.Right));
            if (!_rule.Learns)
                continue;
            _pending.Enter(sequence, merge.Position);
            if (sequence.Count > 2)
                _pending.Pass(sequence, AtScores(row, sequence.Count - 1));
            for (var t = 0; step == 0 && t < sequence.Count; t++)
                _pending.Settle(sequence, t);
        }
    }

    private void Split(int row, int step)
    {
        var sequence = _sequences[row];
        var position = sequence[step].Position;
        for (var t = Math.Max(0, position - 1); t <= Math.Min(position + 1, sequence.Count - 1) && _rule.Learns; t++)
            _pending.Settle(sequence, t);

        var merge = sequence.Split();
        if (sequence.Count > 2 && _rule.Learns)
        {
            var atChoice = _rooms.Room(1, sequence.Count - 1);
            _pending.AtChoice(sequence, merge, atChoice);
            _rule.Backward(
                _batch.At(_order.Sentence[row], step), Scores(sequence), merge.Position, atChoice, AtScores(row, sequence.Count - 1));
        }

        TreeCell<T>.Back(
            _d, _rooms.Pair(merge.Pair), _rooms.C[merge.Left], _rooms.C[merge.Right], _rooms.AtH[merge.Node], _rooms.AtC[merge.Node],
            _rooms.AtMade[merge.Node - _order.Count], _rooms.AtC[merge.Left], _rooms.AtC[merge.Right]);
    }

    private Span<double> AtScores(int row, int count) => _rooms.Room(2 + row, count);

    /// <summary>The gradients of cell and query, from what each node got as the left and as the right one of its pairs.</summary>
    private void AddGradients()
    {
        var (made, size) = (_firstMade[^1] - _order.Count, _model.Size);
        var byNode = _rooms.Products;  // their memory is free now
        byNode.Span(_order.Count + made).Clear();
        for (var pair = 0; pair < _pairs && _rule.Learns; pair++)
        {
            var atScore = T.CreateTruncating(_rooms.AtScore[pair]);
            if (atScore == T.Zero)
                continue;
            TreeCell<T>.Add(5 * _d, atScore, _rooms.AtGates[pair], byNode[_rooms.Left[pair]]);
            TreeCell<T>.Add(5 * _d, atScore, _rooms.AtGates[pair], byNode[_rooms.Right[pair]] + (5 * _d));
        }

        foreach (var (row, sequence) in _sequences.Index())
        {
            for (var step = 0; step < _order.Lengths[row] - 1; step++)
            {
                var merge = sequence[step];
                TreeCell<T>.Add(5 * _d, T.One, _rooms.AtMade[merge.Node - _order.Count], byNode[merge.Left]);
                TreeCell<T>.Add(5 * _d, T.One, _rooms.AtMade[merge.Node - _order.Count], byNode[merge.Right] + (5 * _d));
            }
        }

        _rooms.Bias.Row(0).Clear();
        for (var node = 0; node < _order.Count + made; node++)
            TreeCell<T>.Add(5 * _d, T.One, byNode[node], _rooms.Bias[0]);
        Weights<T>.Gradient(byNode, _rooms.H, _rooms.Gradient, _order.Count + made);
        Padding<T>.AddGradient(_model.Cell, 0, size, 5, _rooms.Gradient[0], _d, _d);
        Padding<T>.AddGradient(_model.Cell, size, size, 5, _rooms.Gradient[5 * _d], _d, _d);
        for (var gate = 0; gate < 5; gate++)
            Padding<T>.AddGradient(_model.CellBias, gate * size, size, 1, _rooms.Bias[0] + (gate * _d), _d, 1);
        AtQuery();
        for (var row = 0; row < _batch.Count; row++)
            Padding<T>.AddGradient(_model.Query, 0, size, 1, _rooms.Passed[row], _d, 1);
    }

    /// <summary>The gradient at the query from each row, in memory that is free when all merges are taken back.</summary>
    private void AtQuery()
    {
        _rooms.Passed.Span(_batch.Count).Clear();
        for (var pair = 0; pair < _pairs; pair++)
        {
            var atScore = T.CreateTruncating(_rooms.AtScore[pair] / Math.Sqrt(_model.Size));
            TreeCell<T>.Add(_d, atScore, _rooms.Pair(pair).H, _rooms.Passed[_rooms.Row[pair]]);
        }
    }

    /// <summary>Takes over the cell and the query, which is divided by √d.</summary>
    private void LoadCell()
    {
        var size = _model.Size;
        Padding<T>.Load(_model.Cell, 0, size, 5, _rooms.Cell.Source[0], _d, _d);
        Padding<T>.Load(_model.Cell, size, size, 5, _rooms.Cell.Source[5 * _d], _d, _d);
        _rooms.Cell.Pack();
        Padding<T>.Load(_model.Cell, 0, size, 5, _rooms.CellBack.Source[0], 2 * _d, _d);
        Padding<T>.Load(_model.Cell, size, size, 5, _rooms.CellBack.Source[0] + _d, 2 * _d, _d);
        _rooms.CellBack.Pack();
        for (var gate = 0; gate < 5; gate++)
            Padding<T>.Load(_model.CellBias, gate * size, size, 1, _rooms.Bias[0] + (gate * _d), _d, 1);
        Padding<T>.Load(_model.Query, 0, size, 1, _rooms.Query[0], _d, 1);
        TreeCell<T>.Scale(_d, T.CreateTruncating(1 / Math.Sqrt(size)), _rooms.Query[0]);
    }

    public void Dispose()
    {
        _leaves.Dispose();
        _rooms.Dispose();
    }
}
