using System.Numerics;
using System.Numerics.Tensors;
using DiscreteGradients.Fused;
using TorchSharp.Modules;

namespace DiscreteGradients.Experiments;

/// <summary>
/// The order in which sentences and their leaves lie in memory, so that what is still unfinished at a step comes first, in a row.
/// </summary>
/// <remarks>
/// Rows are sentences by falling length. Leaf i of row r has the number First(i) + r: symbols at the same place lie together.
/// </remarks>
internal sealed class LeafOrder
{
    private readonly int[] _first;

    internal LeafOrder(Sentences batch)
    {
        Sentence = [.. Enumerable.Range(0, batch.Count).OrderByDescending(s => batch.Words[s].Length)];
        Lengths = [.. Sentence.Select(s => batch.Words[s].Length)];
        _first = new int[Lengths[0] + 1];
        for (var (i, rows) = (0, batch.Count); i < Lengths[0]; i++)
        {
            while (Lengths[rows - 1] <= i)
                rows--;
            _first[i + 1] = _first[i] + rows;
        }
    }

    /// <summary>The sentence of each row.</summary>
    internal int[] Sentence { get; }

    /// <summary>Its symbols.</summary>
    internal int[] Lengths { get; }

    internal int Longest => Lengths[0];

    /// <summary>All symbols.</summary>
    internal int Count => _first[^1];

    internal int First(int i) => _first[i];

    /// <summary>Rows of more than i symbols.</summary>
    internal int Rows(int i) => _first[i + 1] - _first[i];
}

/// <summary>The LSTM that makes leaves of symbols, with its gradient by hand; of the real symbols only.</summary>
/// <param name="model">The parameters.</param>
/// <param name="d">The size in whole vectors.</param>
internal sealed unsafe class LeafLstm<T>(TreeLstm model, int d) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Weights<T> _input = new(d, 4 * d, byOutput: true);
    private readonly Weights<T> _hidden = new(d, 4 * d, byOutput: true);
    private readonly Weights<T> _inputBack = new(4 * d, d, byOutput: false);
    private readonly Weights<T> _hiddenBack = new(4 * d, d, byOutput: false);
    private readonly Room<T> _bias = new(4 * d);
    private readonly Room<T> _embedded = new(d);
    private readonly Room<T> _dropout = new(d);
    private readonly Room<T> _before = new(d);
    private readonly Room<T> _gates = new(Weights<T>.Padded(4 * d));
    private readonly Room<T> _squashed = new(d);
    private readonly Room<T> _recurrent = new(Weights<T>.Padded(4 * d));
    private readonly Room<T> _through = new(Weights<T>.Padded(d));
    private readonly Room<T> _gradient = new(d);
    private readonly Room<T> _nothing = new(Weights<T>.Padded(4 * d));

    /// <summary>The leaves' h and c.</summary>
    internal void Forward(Sentences batch, LeafOrder order, Room<T> h, Room<T> c, bool training)
    {
        Load(_input, model.LeafInput);
        Load(_hidden, model.LeafHidden);
        LoadBias();
        Embed(batch, order, training);
        _gates.Hold(order.Count);
        _squashed.Hold(order.Count);
        _recurrent.Hold(batch.Count);
        _nothing.Hold(2);
        _input.Multiply(_embedded, 0, _gates, 0, order.Count);
        for (var i = 0; i < order.Longest; i++)
        {
            if (i > 0)
                _hidden.Multiply(h, order.First(i - 1), _recurrent, 0, order.Rows(i));
            for (var row = 0; row < order.Rows(i); row++)
            {
                var leaf = order.First(i) + row;
                var recurrent = i > 0 ? _recurrent[row] : _nothing[0];
                TreeCell<T>.Step(d, _gates[leaf], recurrent, _bias[0], Before(c, order, i, row), h[leaf], c[leaf], _squashed[leaf]);
            }
        }
    }

    /// <summary>The parameters' gradients from those at h and c of the leaves, which are changed.</summary>
    internal void Backward(Sentences batch, LeafOrder order, Room<T> h, Room<T> c, Room<T> atH, Room<T> atC)
    {
        Load(_inputBack, model.LeafInput);
        Load(_hiddenBack, model.LeafHidden);
        _through.Hold(order.Count);
        _before.Hold(order.Count);
        for (var i = order.Longest - 1; i >= 0; i--)
        {
            for (var row = 0; row < order.Rows(i); row++)
            {
                var leaf = order.First(i) + row;
                var before = i > 0 ? atC[order.First(i - 1) + row] : _nothing[1];
                TreeCell<T>.StepBack(d, _gates[leaf], Before(c, order, i, row), _squashed[leaf], atH[leaf], atC[leaf], before);
                new Span<T>(Before(h, order, i, row), d).CopyTo(_before.Row(leaf));
            }

            if (i == 0)
                break;
            _hiddenBack.Multiply(_gates, order.First(i), _through, 0, order.Rows(i));
            for (var row = 0; row < order.Rows(i); row++)
                TreeCell<T>.Add(d, T.One, _through[row], atH[order.First(i - 1) + row]);
        }

        AddGradients(order);
        _inputBack.Multiply(_gates, 0, _through, 0, order.Count);
        var embedding = Memory.Address<T>(Padding<T>.Gradient(model.Embedding));
        Each(batch, order, (leaf, sentence, i) =>
        {
            var its = new Span<T>(embedding + ((long)batch.Words[sentence][i] * model.Size), model.Size);
            TensorPrimitives.MultiplyAdd(_through.Row(leaf)[..model.Size], _dropout.Row(leaf)[..model.Size], its, its);
        });
    }

    private void AddGradients(LeafOrder order)
    {
        var size = model.Size;
        Weights<T>.Gradient(_gates, _embedded, _gradient, order.Count);
        Padding<T>.AddGradient(model.LeafInput, 0, size, 4, _gradient[0], d, d);
        Weights<T>.Gradient(_gates, _before, _gradient, order.Count);
        Padding<T>.AddGradient(model.LeafHidden, 0, size, 4, _gradient[0], d, d);
        _bias.Row(0).Clear();
        for (var leaf = 0; leaf < order.Count; leaf++)
            TreeCell<T>.Add(4 * d, T.One, _gates[leaf], _bias[0]);
        for (var gate = 0; gate < 4; gate++)
        {
            Padding<T>.AddGradient(model.LeafInputBias, gate * size, size, 1, _bias[0] + (gate * d), d, 1);
            Padding<T>.AddGradient(model.LeafHiddenBias, gate * size, size, 1, _bias[0] + (gate * d), d, 1);
        }
    }

    /// <summary>The embedded symbols, some of their entries dropped.</summary>
    private void Embed(Sentences batch, LeafOrder order, bool training)
    {
        _embedded.Hold(order.Count);
        _dropout.Hold(order.Count);
        var embedding = Memory.Address<T>(model.Embedding);
        Each(batch, order, (leaf, sentence, i) =>
        {
            var word = batch.Words[sentence][i];
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)word, (uint)model.Symbols);
            var from = new Span<T>(embedding + ((long)word * model.Size), model.Size);
            var to = _embedded.Row(leaf);
            from.CopyTo(to);
            if (!training)
                return;
            var dropout = _dropout.Row(leaf)[..model.Size];
            model.Drop(batch.DropoutNoise(sentence), (long)i * model.Size, dropout);
            TensorPrimitives.Multiply(from, dropout, to);
        });
    }

    private static void Each(Sentences batch, LeafOrder order, Action<int, int, int> action)
    {
        for (var row = 0; row < batch.Count; row++)
        {
            for (var i = 0; i < order.Lengths[row]; i++)
                action(order.First(i) + row, order.Sentence[row], i);
        }
    }

    /// <summary>A row's state one symbol before.</summary>
    private T* Before(Room<T> state, LeafOrder order, int i, int row)
    {
        if (i > 0)
            return state[order.First(i - 1) + row];
        return _nothing[0];
    }

    private void Load(Weights<T> weights, Parameter parameter)
    {
        Padding<T>.Load(parameter, 0, model.Size, 4, weights.Source[0], d, d);
        weights.Pack();
    }

    private void LoadBias()
    {
        _bias.Hold(2);
        for (var gate = 0; gate < 4; gate++)
        {
            Padding<T>.Load(model.LeafInputBias, gate * model.Size, model.Size, 1, _bias[0] + (gate * d), d, 1);
            Padding<T>.Load(model.LeafHiddenBias, gate * model.Size, model.Size, 1, _bias[1] + (gate * d), d, 1);
        }

        TreeCell<T>.Add(4 * d, T.One, _bias[1], _bias[0]);
    }

    public void Dispose()
    {
        foreach (var weights in (Weights<T>[])[_input, _hidden, _inputBack, _hiddenBack])
            weights.Dispose();
        foreach (var room in (Room<T>[])
            [_bias, _embedded, _dropout, _before, _gates, _squashed, _recurrent, _through, _gradient, _nothing])
            room.Dispose();
    }
}
