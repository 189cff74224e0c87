using TorchSharp.Modules;

namespace DiscreteGradients;

/// <summary>The scores of a router as a linear map of its input, without a bias. Weights are drawn as a linear layer's are.</summary>
internal sealed class LinearScores : nn.Module<Tensor, Tensor>
{
#pragma warning disable IDE1006 // The field's name is the name in the state that is saved.
    private readonly Parameter weight;
#pragma warning restore IDE1006

    internal LinearScores(long width, long scores, Generator? generator) : base(nameof(LinearScores))
    {
        var bound = 1 / Math.Sqrt(width);
        using (no_grad())
            weight = nn.Parameter(empty(scores, width).uniform_(-bound, bound, generator).DetachFromDisposeScope());
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => x.dtype == weight.dtype
        ? nn.functional.linear(x, weight)
        : throw new ArgumentException($"x must be {weight.dtype}, as the layer is; got {x.dtype}. Convert one of them with to.", nameof(x));
}
