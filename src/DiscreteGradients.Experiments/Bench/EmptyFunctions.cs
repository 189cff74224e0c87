using DiscreteGradients.Fused;

namespace DiscreteGradients.Experiments.Bench;

/// <summary>A function of autograd that computes nothing, recorded as the library records its own: the least a call can cost.</summary>
internal sealed class EmptyFunction : FusedFunction<EmptyFunction>
{
    /// <summary>The logits, as the result of a function.</summary>
    internal static Tensor Of(Tensor logits) => Record([logits], [], null, logits.detach());

    /// <inheritdoc/>
    protected override Tensor?[] Gradients(object? data, List<Tensor> saved, Tensor upstream) => [upstream.alias()];

    /// <inheritdoc/>
    protected override Tensor?[] DifferentiableGradients(object? data, List<Tensor> saved, Tensor upstream) =>
        Gradients(data, saved, upstream);
}

/// <summary>The same by the class that TorchSharp offers for functions of one's own.</summary>
internal sealed class EmptyTorchSharpFunction : autograd.SingleTensorFunction<EmptyTorchSharpFunction>
{
    /// <inheritdoc/>
    public override string Name => nameof(EmptyTorchSharpFunction);

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext context, params object[] inputs) => ((Tensor)inputs[0]).detach();

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext context, Tensor upstream) => [upstream.alias()];
}
