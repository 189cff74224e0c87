using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

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
        if (block.IsShort)
            ShortRows(block);
        else
            LongRows(block);
    }

    /// <summary>As many rows at a time as a vector has lanes.</summary>
    private void ShortRows<T>(RowBlock<T> block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int P = 3;
        const int Weight = 4;
        var (inverse, scale) = (Vector512.Create(T.CreateTruncating(1 / temperature)), T.CreateTruncating(1 / (temperature * draws)));
        foreach (var tile in block.Tiles)
        {
            for (var k = 0; k < tile.Categories; k++)
            {
                tile[P, k] = Elementary.Exp(tile.Below(k)) * tile.InverseTotal;
                tile.SetGradient(k, Vector512<T>.Zero);
            }

            for (var draw = 0; draw < draws; draw++)
            {
                var winner = Vector512<T>.Zero;
                for (var k = 0; k < tile.Categories; k++)
                {
                    var noise = block.Exponential(draw, tile.First, k);
                    winner = Vector512.ConditionalSelect(tile.IsSampled(k), noise, winner);
                    tile[Weight, k] = noise;
                }

                // A weight that underflows as a product has one in log space.
                var logWinner = temperature == 1 ? Vector512<T>.Zero : Elementary.Log(winner) + Elementary.Log(tile.InverseTotal);
                var (total, mean) = (Vector512<T>.Zero, Vector512<T>.Zero);
                for (var k = 0; k < tile.Categories; k++)
                {
                    var arrival = winner * tile[P, k];
                    var later = tile[Weight, k] + arrival;
                    var weight = temperature == 1
                        ? arrival / later
                        : Elementary.Exp((tile.Below(k) + logWinner - Elementary.Log(later)) * inverse);
                    weight = Vector512.ConditionalSelect(tile.IsSampled(k), Vector512<T>.One, weight);
                    tile[Weight, k] = weight;
                    total += weight;
                    mean += weight * tile.Upstream(k);
                }

                var ofTotal = Vector512<T>.One / total;
                var (scales, shift) = (ofTotal * Vector512.Create(scale), mean * ofTotal);
                for (var k = 0; k < tile.Categories; k++)
                    tile.SetGradient(k, tile.Gradient(k) + (tile[Weight, k] * scales * (tile.Upstream(k) - shift)));
            }
        }
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
