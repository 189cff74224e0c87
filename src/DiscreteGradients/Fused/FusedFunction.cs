namespace DiscreteGradients.Fused;

/// <summary>An operation of autograd computed by this library in both directions, with a readable form to differentiate again.</summary>
/// <remarks>
/// The rule for all of them stands here: no exception leaves <c>backward</c>, where native frames would end the process, and what is handed
/// to autograd is disposed of later. Results and what the way back needs are computed before the operation is recorded.
/// </remarks>
internal abstract class FusedFunction<TSelf> : autograd.SingleTensorFunction<TSelf>
    where TSelf : FusedFunction<TSelf>, new()
{
    /// <inheritdoc/>
    public sealed override string Name => $"DiscreteGradients.{typeof(TSelf).Name}";

    /// <summary>The result as a function of the inputs, if one of them wants a gradient.</summary>
    /// <param name="inputs">What it is differentiated by.</param>
    /// <param name="kept">What else the way back needs; a tensor that is not there is null.</param>
    /// <param name="data">What it needs besides tensors.</param>
    /// <param name="result">The result, computed without a graph.</param>
    protected static Tensor Record(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor?> kept, object? data, Tensor result)
    {
        Memory.ReleaseHandedOver();
        var recorded = false;
        foreach (var input in inputs)
            recorded |= input.requires_grad;
        if (!recorded || !is_grad_enabled())
            return result;
        BackwardError.GetReady();
        return apply([.. inputs, new Call([.. inputs, .. kept], data, result)]);
    }

    /// <summary>The gradients at the inputs, null where there is none, by kernels. Saved are the inputs and what was kept.</summary>
    protected abstract Tensor?[] Gradients(object? data, List<Tensor> saved, Tensor upstream);

    /// <summary>The same by tensor operations, so that it can be differentiated itself.</summary>
    protected abstract Tensor?[] DifferentiableGradients(object? data, List<Tensor> saved, Tensor upstream);

    /// <inheritdoc/>
    public sealed override Tensor forward(autograd.AutogradContext context, params object[] inputs)
    {
        var call = (Call)inputs[^1];
        context.set_materialize_grads(false);
        context.save_for_backward(call.Saved!);
        context.save_data(nameof(call.Data), (call.Data, inputs.Length));
        return call.Result;
    }

    /// <inheritdoc/>
    public sealed override List<Tensor> backward(autograd.AutogradContext context, Tensor upstream)
    {
        var (data, count) = ((object?, int))context.get_data(nameof(Call.Data));
        var result = new List<Tensor>(count);
        try
        {
            Memory.ReleaseHandedOver();
            if (!upstream.IsInvalid)  // else nothing downstream depends on the result
            {
                using var _ = upstream;
                using var scope = NewDisposeScope();
                var saved = context.get_saved_variables();
                var gradients = is_grad_enabled() ? DifferentiableGradients(data, saved, upstream) : Gradients(data, saved, upstream);
                foreach (var gradient in gradients)
                    result.Add(gradient is null ? null! : Memory.HandOver(gradient));
            }

            while (result.Count < count)
                result.Add(null!);
        }
#pragma warning disable CA1031 // Whatever it is, it must not leave.
        catch (Exception e)
#pragma warning restore CA1031
        {
            BackwardError.Raise(e, result, count);
        }

        return result;
    }

    /// <summary>What forward hands to autograd, and what is kept for the way back.</summary>
    private sealed record Call(List<Tensor?> Saved, object? Data, Tensor Result);
}
