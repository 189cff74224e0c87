using System.Numerics;

namespace DiscreteGradients.Fused;

/// <summary>An operation on rows of float32 or float64 logits [.., K] on the CPU, its only input that is differentiated.</summary>
internal abstract class FusedRows<TSelf> : FusedFunction<TSelf>
    where TSelf : FusedRows<TSelf>, new()
{
    /// <summary>Writes the gradient at the logits, which are saved first.</summary>
    protected abstract void Backward<T>(object? data, List<Tensor> saved, Tensor upstream, Tensor gradient)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>The operation in tensor operations.</summary>
    protected abstract Tensor Readable(object? data, List<Tensor> saved, Tensor logits);

    /// <inheritdoc/>
    protected sealed override Tensor?[] Gradients(object? data, List<Tensor> saved, Tensor upstream)
    {
        var gradient = empty_like(saved[0]);
        if (gradient.numel() == 0)
            return [gradient];
        if (gradient.dtype == ScalarType.Float64)
            Backward<double>(data, saved, Memory.Contiguous(upstream), gradient);
        else
            Backward<float>(data, saved, Memory.Contiguous(upstream), gradient);
        return [gradient];
    }

    /// <inheritdoc/>
    protected sealed override Tensor?[] DifferentiableGradients(object? data, List<Tensor> saved, Tensor upstream)
    {
        var logits = saved[0].alias();
        return Derivatives.Differentiable(Readable(data, saved, logits), [logits], upstream);
    }
}
