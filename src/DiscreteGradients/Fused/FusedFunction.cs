namespace DiscreteGradients.Fused;

/// <summary>An operation of autograd computed by this library in both directions, with a readable form to differentiate again.</summary>
/// <remarks>Results and what the way back needs are computed before the operation is recorded.</remarks>
internal abstract class FusedFunction
{
    /// <summary>Whether operations are recorded by <see cref="AutogradNode"/>, as they are where it is possible.</summary>
    internal static bool IsDirect { get; set; } = LibTorchSharp.IsKnown;

    /// <summary>Whether a function of these inputs is recorded: only then are the things kept that the way back needs.</summary>
    internal static bool IsRecorded(params ReadOnlySpan<Tensor> inputs)
    {
        var wanted = false;
        foreach (var input in inputs)
            wanted |= input.requires_grad;
        return wanted && is_grad_enabled();
    }

    /// <summary>The gradients at the inputs, null where there is none. May throw.</summary>
    internal Tensor?[] Backward(object? data, List<Tensor> saved, Tensor upstream) =>
        is_grad_enabled() ? DifferentiableGradients(data, saved, upstream) : Gradients(data, saved, upstream);

    /// <summary>The gradients at the inputs, null where there is none, by kernels. Saved are the inputs and what was kept.</summary>
    protected abstract Tensor?[] Gradients(object? data, List<Tensor> saved, Tensor upstream);

    /// <summary>The same by tensor operations, so that it can be differentiated itself.</summary>
    protected abstract Tensor?[] DifferentiableGradients(object? data, List<Tensor> saved, Tensor upstream);
}

/// <inheritdoc/>
internal abstract class FusedFunction<TSelf> : FusedFunction
    where TSelf : FusedFunction<TSelf>, new()
{
    private static readonly TSelf Instance = new();

    /// <summary>The result as a function of the inputs, if one of them wants a gradient.</summary>
    /// <param name="inputs">What it is differentiated by.</param>
    /// <param name="kept">What else the way back needs; a tensor that is not there is null.</param>
    /// <param name="data">What it needs besides tensors.</param>
    /// <param name="result">The result, computed without a graph.</param>
    protected static Tensor Record(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor?> kept, object? data, Tensor result)
    {
        Memory.ReleaseHandedOver();
        if (!IsRecorded(inputs))
        {
            (data as IDisposable)?.Dispose();
            return result;
        }

        BackwardError.GetReady();
        if (!IsDirect)
            return TorchSharpFunction.Record(Instance, inputs, kept, data, result);
        AutogradNode.Record(Instance, inputs, kept, data, result);
        return result;
    }
}
