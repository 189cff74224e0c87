using System.Numerics;

namespace DiscreteGradients.Fused;

/// <summary>The gradient of <see cref="StraightThrough"/>.</summary>
internal sealed class StraightThroughKernel(double temperature) : IRowKernel
{
    /// <inheritdoc/>
    public void Backward<T>(RowBlock<T> block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        block.Exponentiate(T.CreateTruncating(temperature), block.Gradient);
        for (var row = 0; row < block.Count; row++)
        {
            var weights = block.GradientOf(row);
            var inverse = temperature == 1 ? block.States[row].InverseTotal : T.One / Rows.Sum<T>(weights);
            block.Jacobian(row, weights, inverse, T.CreateTruncating(1 / temperature));
        }
    }
}
