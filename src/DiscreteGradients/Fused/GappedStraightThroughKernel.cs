using System.Numerics;
using System.Numerics.Tensors;

namespace DiscreteGradients.Fused;

/// <summary>The gradient of <see cref="GappedStraightThrough"/>.</summary>
internal sealed class GappedStraightThroughKernel(double? gap, double temperature) : IRowKernel
{
    /// <inheritdoc/>
    public void Backward<T>(RowBlock<T> block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var tau = T.CreateTruncating(temperature);
        for (var row = 0; row < block.Count; row++)
        {
            var moved = block.GradientOf(row);
            var state = block.States[row];
            var margin = RowGap(block.LogitsOf(row)[state.Sampled] - state.Largest, state);
            Rows.Shift(block.LogitsOf(row), state.Largest, T.One / tau, moved);
            TensorPrimitives.Min(moved, -margin / tau, moved);
            moved[state.Sampled] = T.Zero;
        }

        Elementary.Exp(block.Gradient);
        for (var row = 0; row < block.Count; row++)
            block.Jacobian(row, block.GradientOf(row), T.One / Rows.Sum<T>(block.GradientOf(row)), T.One / tau);
    }

    private T RowGap<T>(T below, RowState<T> state) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (gap is { } given)
            return T.CreateTruncating(given);
        var p = T.Exp(below) * state.InverseTotal * T.CreateTruncating(1 - 1e-5);
        return p > T.Zero ? -Elementary.LogP1(-p) / p : T.One;
    }
}
