using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Fused;

/// <summary>The gradient of <see cref="GappedStraightThrough"/>.</summary>
internal sealed class GappedStraightThroughKernel(double? gap, double temperature) : IRowKernel
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

    private void ShortRows<T>(RowBlock<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var inverse = Vector512.Create(T.One / T.CreateTruncating(temperature));
        foreach (var tile in block.Tiles)
        {
            var below = Vector512<T>.Zero;
            for (var k = 0; k < tile.Categories; k++)
                below = Vector512.ConditionalSelect(tile.IsSampled(k), tile.Below(k), below);
            var highest = -RowGap(below, tile.InverseTotal) * inverse;
            var (total, mean) = (Vector512<T>.Zero, Vector512<T>.Zero);
            for (var k = 0; k < tile.Categories; k++)
            {
                var moved = Vector512.Min(tile.Below(k) * inverse, highest);
                var weight = Elementary.Exp(Vector512.ConditionalSelect(tile.IsSampled(k), Vector512<T>.Zero, moved));
                total += weight;
                mean += weight * tile.Upstream(k);
                tile.SetGradient(k, weight);
            }

            tile.Jacobian(total, mean, inverse[0]);
        }
    }

    private void LongRows<T>(RowBlock<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var tau = T.CreateTruncating(temperature);
        for (var row = 0; row < block.Count; row++)
        {
            var moved = block.GradientOf(row);
            var state = block.States[row];
            var below = Vector512.Create(block.LogitsOf(row)[state.Sampled] - state.Largest);
            var margin = RowGap(below, Vector512.Create(state.InverseTotal))[0];
            Rows.Shift(block.LogitsOf(row), state.Largest, T.One / tau, moved);
            TensorPrimitives.Min(moved, -margin / tau, moved);
            moved[state.Sampled] = T.Zero;
        }

        Elementary.Exp(block.Gradient);
        for (var row = 0; row < block.Count; row++)
            block.Jacobian(row, block.GradientOf(row), T.One / Rows.Sum<T>(block.GradientOf(row)), T.One / tau);
    }

    /// <summary>The gap given, or −log(1 − p)/p for the sample's probability p.</summary>
    private Vector512<T> RowGap<T>(Vector512<T> below, Vector512<T> inverseTotal) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (gap is { } given)
            return Vector512.Create(T.CreateTruncating(given));
        var p = Elementary.Exp(below) * inverseTotal * Vector512.Create(T.CreateTruncating(1 - 1e-5));
        return Vector512.ConditionalSelect(
            Vector512.GreaterThan(p, Vector512<T>.Zero), -Elementary.LogP1(-p) / p, Vector512<T>.One);
    }
}
