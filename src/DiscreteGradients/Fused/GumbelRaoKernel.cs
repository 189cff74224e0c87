using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Fused;

/// <summary>
/// The gradient of Gumbel-Rao. With E the exponential noise and p the probabilities, category k arrives at E_k/p_k + E_D and the sample D
/// at E_D, so the tempered weights are (E_D p_k / (E_k + E_D p_k))^(1/τ), at most 1, which is the sample's. Noise is drawn again instead of
/// stored: memory does not grow with the number of draws.
/// </summary>
internal sealed class GumbelRaoKernel(int draws, double temperature) : IRowKernel
{
    /// <summary>Where a tile has the probabilities.</summary>
    private const int P = 3;

    /// <summary>Where a tile has the noise of a draw, and then the weights.</summary>
    private const int Weight = 4;

    /// <inheritdoc/>
    public int Passes => draws;

    /// <inheritdoc/>
    public void Backward<T>(RowBlock<T> block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (block.IsShort && block.Count < RowTile<T>.Lanes && draws >= RowTile<T>.Lanes)
            FewRows(block);
        else if (block.IsShort)
            ShortRows(block);
        else
            LongRows(block);
    }

    /// <summary>Rows one by one, as many draws at a time as a vector has lanes.</summary>
    private void FewRows<T>(RowBlock<T> block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var scale = Vector512.Create(T.CreateTruncating(1 / (temperature * draws)));
        for (var row = 0; row < block.Count; row++)
        {
            var tile = RowTile<T>.Repeated(block, row);
            Prepare(tile);
            for (var draw = 0; draw < draws; draw += RowTile<T>.Lanes)
            {
                tile.ExponentialOfDraws(block, draw, Weight);
                var counted = Vector512.LessThan(Vector512<T>.Indices, Vector512.Create(T.CreateTruncating(draws - draw)));
                Add(tile, counted & scale);
            }

            for (var k = 0; k < tile.Categories; k++)
                block.GradientOf(row)[k] = Vector512.Sum(tile.Gradient(k));
        }
    }

    /// <summary>As many rows at a time as a vector has lanes.</summary>
    private void ShortRows<T>(RowBlock<T> block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var scale = Vector512.Create(T.CreateTruncating(1 / (temperature * draws)));
        foreach (var tile in block.Tiles)
        {
            Prepare(tile);
            for (var draw = 0; draw < draws; draw++)
            {
                tile.Exponential(block, draw, Weight);
                Add(tile, scale);
            }
        }
    }

    private static void Prepare<T>(in RowTile<T> tile) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (var k = 0; k < tile.Categories; k++)
        {
            tile[P, k] = Elementary.Exp(tile.Below(k)) * tile.InverseTotal;
            tile.SetGradient(k, Vector512<T>.Zero);
        }
    }

    /// <summary>Adds what a draw of noise contributes to the gradient.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add<T>(in RowTile<T> tile, Vector512<T> scale) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (temperature == 1)
            Race(tile);
        else
            Temper(tile);
        AddJacobian(tile, scale);
    }

    /// <summary>weight ← winner p / (noise + winner p), the winner being the sample's noise.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Race<T>(in RowTile<T> tile) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var winner = Winner(tile);
        for (var k = 0; k < tile.Categories; k++)
        {
            var arrival = winner * tile[P, k];
            tile[Weight, k] = arrival * Elementary.Inverse(tile[Weight, k] + arrival);
        }
    }

    /// <summary>The same to the power 1/τ, in log space: there probabilities that underflow still have a weight.</summary>
    private void Temper<T>(in RowTile<T> tile) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var winner = Winner(tile);
        var logWinner = Elementary.Log(winner) + Elementary.Log(tile.InverseTotal);
        var inverse = Vector512.Create(T.CreateTruncating(1 / temperature));
        for (var k = 0; k < tile.Categories; k++)
        {
            var later = tile[Weight, k] + (winner * tile[P, k]);
            tile[Weight, k] = Elementary.Exp((tile.Below(k) + logWinner - Elementary.Log(later)) * inverse);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Winner<T>(in RowTile<T> tile) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var winner = Vector512<T>.Zero;
        for (var k = 0; k < tile.Categories; k++)
            winner = Vector512.ConditionalSelect(tile.IsSampled(k), tile[Weight, k], winner);
        return winner;
    }

    /// <summary>gradient ← gradient + scale J(weights / Σ weights) · upstream, the sample's weight being one.</summary>
    private static void AddJacobian<T>(in RowTile<T> tile, Vector512<T> scale) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (total, mean) = (Vector512<T>.Zero, Vector512<T>.Zero);
        for (var k = 0; k < tile.Categories; k++)
        {
            var weight = Vector512.ConditionalSelect(tile.IsSampled(k), Vector512<T>.One, tile[Weight, k]);
            tile[Weight, k] = weight;
            total += weight;
            mean += weight * tile.Upstream(k);
        }

        var inverse = Vector512<T>.One / total;
        var (scales, shift) = (inverse * scale, mean * inverse);
        for (var k = 0; k < tile.Categories; k++)
            tile.SetGradient(k, tile.Gradient(k) + (tile[Weight, k] * scales * (tile.Upstream(k) - shift)));
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
}
