using System.Numerics;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Fused;

/// <summary>The gradient of <see cref="StraightThrough"/>.</summary>
internal sealed class StraightThroughKernel(double temperature) : IRowKernel
{
    /// <inheritdoc/>
    public void Backward<T>(RowBlock<T> block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var inverse = T.CreateTruncating(1 / temperature);
        if (block.IsShort)
        {
            foreach (var tile in block.Tiles)
            {
                var (total, mean) = (Vector512<T>.Zero, Vector512<T>.Zero);
                for (var k = 0; k < tile.Categories; k++)
                {
                    var weight = Elementary.Exp(tile.Below(k) * Vector512.Create(inverse));
                    total += weight;
                    mean += weight * tile.Upstream(k);
                    tile.SetGradient(k, weight);
                }

                tile.Jacobian(total, mean, inverse);
            }

            return;
        }

        block.Exponentiate(T.CreateTruncating(temperature), block.Gradient);
        for (var row = 0; row < block.Count; row++)
        {
            var weights = block.GradientOf(row);
            block.Jacobian(row, weights, temperature == 1 ? block.States[row].InverseTotal : T.One / Rows.Sum<T>(weights), inverse);
        }
    }
}
