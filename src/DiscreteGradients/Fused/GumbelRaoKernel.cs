using System.Numerics;
using System.Numerics.Tensors;

namespace DiscreteGradients.Fused;

/// <summary>
/// The gradient of Gumbel-Rao. With E the exponential noise and p the probabilities, category k arrives at E_k/p_k + E_D and the sample D
/// at E_D, so the tempered weights are (E_D p_k / (E_k + E_D p_k))^(1/τ), at most 1, which is the sample's. Noise is drawn again instead of
/// stored: memory does not grow with the number of draws.
/// </summary>
internal sealed class GumbelRaoKernel(int draws, double temperature) : IRowKernel
{
    /// <inheritdoc/>
    public void Backward<T>(RowBlock<T> block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (block.Categories <= RowLayout.ShortRow)
            ShortRows(block);
        else
            LongRows(block);
    }

    /// <summary>Rows one by one, vectorised over their categories.</summary>
    private void LongRows<T>(RowBlock<T> block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (categories, padded) = (block.Categories, RowLayout.Padded(block.Categories));
        var p = block.Scratch[..block.Gradient.Length];
        var weights = block.Scratch.Slice(block.Gradient.Length, block.Count * padded);
        var winners = block.Scratch.Slice(block.Gradient.Length + weights.Length, block.Count);
        var scale = T.CreateTruncating(1 / (temperature * draws));
        block.Exponentiate(T.One, p);
        block.Gradient.Clear();
        for (var draw = 0; draw < draws; draw++)
        {
            block.Exponential(draw, weights);
            for (var row = 0; row < block.Count; row++)
            {
                var noise = weights.Slice(row * padded, categories);
                winners[row] = noise[block.States[row].Sampled] * block.States[row].InverseTotal;
                if (temperature == 1)
                    Rows.Race(noise, p.Slice(row * categories, categories), winners[row]);
                else
                    TensorPrimitives.MultiplyAdd(p.Slice(row * categories, categories), winners[row], noise, noise);
            }

            if (temperature != 1)
                Temper(block, weights, winners);
            for (var row = 0; row < block.Count; row++)
            {
                weights[(row * padded) + block.States[row].Sampled] = T.One;
                block.AddJacobian(row, weights.Slice(row * padded, categories), scale);
            }
        }
    }

    /// <summary>From arrivals times probability to weights, in log space, where probabilities that underflow still have weight.</summary>
    private void Temper<T>(RowBlock<T> block, Span<T> arrivals, ReadOnlySpan<T> winners)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var inverse = T.CreateTruncating(1 / temperature);
        Elementary.NegativeLog(arrivals);
        for (var row = 0; row < block.Count; row++)
        {
            var values = arrivals.Slice(row * RowLayout.Padded(block.Categories), block.Categories);
            Rows.AddShifted(block.LogitsOf(row), block.States[row].Largest, values);
            Rows.Shift<T>(values, -T.Log(winners[row]), inverse, values);
        }

        Elementary.Exp(arrivals);
    }

    /// <summary>
    /// Many short rows at once: everything is laid out by category [K, rows], rows padded to whole vectors, and vectorised over the rows.
    /// </summary>
    private void ShortRows<T>(RowBlock<T> block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var room = new ByCategory<T>(block);
        var (inverse, scale) = (T.CreateTruncating(1 / temperature), T.CreateTruncating(1 / (temperature * draws)));
        for (var draw = 0; draw < draws; draw++)
        {
            block.Exponential(draw, room.Weights);
            room.Win();
            if (temperature != 1)
                room.Temper(inverse);
            room.Weigh(race: temperature == 1);
            room.Accumulate(scale);
        }

        room.Store(block);
    }

    /// <summary>The memory of a block of short rows, by category, and the passes over it.</summary>
    private readonly ref struct ByCategory<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly int _rows;
        private readonly Span<T> _p;
        private readonly Span<T> _logP;
        private readonly Span<T> _v;
        private readonly Span<T> _hard;
        private readonly Span<T> _sum;
        private readonly Span<T> _winner;
        private readonly Span<T> _total;
        private readonly Span<T> _mean;

        internal ByCategory(RowBlock<T> block)
        {
            _rows = RowLayout.PaddedRows(block.Count);
            var size = block.Categories * _rows;
            var scratch = block.Scratch;
            scratch[..(6 * size)].Clear();
            Weights = scratch[..size];
            _p = scratch.Slice(size, size);
            _logP = scratch.Slice(2 * size, size);
            _v = scratch.Slice(3 * size, size);
            _hard = scratch.Slice(4 * size, size);
            _sum = scratch.Slice(5 * size, size);
            _winner = scratch.Slice(6 * size, _rows);
            _total = scratch.Slice((6 * size) + _rows, _rows);
            _mean = scratch.Slice((6 * size) + (2 * _rows), _rows);

            block.Exponentiate(T.One, block.Gradient);
            for (var row = 0; row < block.Count; row++)
            {
                var state = block.States[row];
                var logInverse = T.Log(state.InverseTotal);
                _hard[(state.Sampled * _rows) + row] = T.One;
                for (var k = 0; k < block.Categories; k++)
                {
                    var (from, to) = ((row * block.Categories) + k, (k * _rows) + row);
                    _p[to] = block.Gradient[from] * state.InverseTotal;
                    _logP[to] = block.Logits[from] - state.Largest + logInverse;
                    _v[to] = block.Upstream[from];
                }
            }
        }

        /// <summary>Noise, then weights [K, rows].</summary>
        internal Span<T> Weights { get; }

        /// <summary>The sample's arrival time in every row.</summary>
        internal void Win()
        {
            _winner.Clear();
            for (var at = 0; at < Weights.Length; at += _rows)
                TensorPrimitives.MultiplyAdd(_hard.Slice(at, _rows), Weights.Slice(at, _rows), _winner, _winner);
        }

        internal void Temper(T inverse)
        {
            for (var at = 0; at < Weights.Length; at += _rows)
                TensorPrimitives.MultiplyAdd(_p.Slice(at, _rows), _winner, Weights.Slice(at, _rows), Weights.Slice(at, _rows));
            Elementary.NegativeLog(Weights);
            TensorPrimitives.Log<T>(_winner, _winner);
            TensorPrimitives.Add<T>(_logP, Weights, Weights);
            for (var at = 0; at < Weights.Length; at += _rows)
                TensorPrimitives.AddMultiply(Weights.Slice(at, _rows), _winner, inverse, Weights.Slice(at, _rows));
            Elementary.Exp(Weights);
        }

        /// <summary>Weights, totals and weighted upstream gradients; from the noise itself if the race is still to be run.</summary>
        internal void Weigh(bool race)
        {
            _total.Clear();
            _mean.Clear();
            for (var at = 0; at < Weights.Length; at += _rows)
            {
                for (var row = 0; row < _rows; row += Vector<T>.Count)
                {
                    var w = Rows.Load<T>(Weights, at + row);
                    if (race)
                    {
                        var weighed = Rows.Load<T>(_winner, row) * Rows.Load<T>(_p, at + row);
                        w = weighed / (w + weighed);
                    }

                    w += Rows.Load<T>(_hard, at + row) * (Vector<T>.One - w);
                    Rows.Store(w, Weights, at + row);
                    Rows.Store(Rows.Load<T>(_total, row) + w, _total, row);
                    Rows.Store(Rows.Load<T>(_mean, row) + (w * Rows.Load<T>(_v, at + row)), _mean, row);
                }
            }
        }

        /// <summary>sum ← sum + scale · J(weights / total) · v.</summary>
        internal void Accumulate(T scale)
        {
            TensorPrimitives.Divide<T>(_mean, _total, _mean);
            TensorPrimitives.Divide(scale, _total, _total);
            for (var at = 0; at < Weights.Length; at += _rows)
            {
                for (var row = 0; row < _rows; row += Vector<T>.Count)
                {
                    var weight = Rows.Load<T>(Weights, at + row) * Rows.Load<T>(_total, row);
                    var part = weight * (Rows.Load<T>(_v, at + row) - Rows.Load<T>(_mean, row));
                    Rows.Store(Rows.Load<T>(_sum, at + row) + part, _sum, at + row);
                }
            }
        }

        internal void Store(RowBlock<T> block)
        {
            for (var row = 0; row < block.Count; row++)
            {
                for (var k = 0; k < block.Categories; k++)
                    block.Gradient[(row * block.Categories) + k] = _sum[(k * _rows) + row];
            }
        }
    }
}
