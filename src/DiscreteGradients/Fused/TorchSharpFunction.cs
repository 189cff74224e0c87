namespace DiscreteGradients.Fused;

/// <summary>The same as <see cref="AutogradNode"/> by what TorchSharp offers publicly, several times slower.</summary>
internal sealed class TorchSharpFunction : autograd.SingleTensorFunction<TorchSharpFunction>
{
    /// <inheritdoc/>
    public override string Name => $"{nameof(DiscreteGradients)}.{nameof(TorchSharpFunction)}";

    /// <inheritdoc cref="AutogradNode.Record"/>
    internal static Tensor Record(
        FusedFunction function, ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor?> kept, object? data, Tensor result)
    {
        using (result)  // of which another handle comes back
            return apply([.. inputs, new Call(function, [.. inputs, .. kept], inputs.Length, data, result)]);
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext context, params object[] inputs)
    {
        var call = (Call)inputs[^1];
        context.set_materialize_grads(false);
        context.save_for_backward(call.Saved!);
        context.save_data(nameof(Call), call with { Saved = [], Result = null! });
        return call.Result;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext context, Tensor upstream)
    {
        var call = (Call)context.get_data(nameof(Call));
        var gradients = new List<Tensor>(call.Inputs + 1);
        try
        {
            Memory.ReleaseHandedOver();
            if (!upstream.IsInvalid)  // else nothing downstream depends on the result
            {
                using var _ = upstream;
                using var scope = NewDisposeScope();
                gradients.AddRange(call.Function.Backward(call.Data, context.get_saved_variables(), upstream)!);
                gradients.ForEach(Memory.HandOver);
            }

            while (gradients.Count <= call.Inputs)
                gradients.Add(null!);  // the last for the call, which has none
        }
#pragma warning disable CA1031 // Whatever it is, it must not leave.
        catch (Exception e)
#pragma warning restore CA1031
        {
            gradients = [.. Enumerable.Repeat(BackwardError.Raise(e), call.Inputs), null!];
        }

        return gradients;
    }

    /// <summary>What forward hands to autograd, and what is kept for the way back.</summary>
    private sealed record Call(FusedFunction Function, List<Tensor?> Saved, int Inputs, object? Data, Tensor Result);
}
