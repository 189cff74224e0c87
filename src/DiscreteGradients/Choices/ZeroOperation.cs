namespace DiscreteGradients;

/// <summary>Zeros of the input's shape: an operation of a <see cref="DiscreteChoice"/> that stands for no connection.</summary>
/// <remarks>Nothing flows back through it. A rule that asks for all operations does not run it.</remarks>
public sealed class ZeroOperation() : nn.Module<Tensor, Tensor>(nameof(ZeroOperation))
{
    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        Check.Usable(input);
        return zeros_like(input);
    }
}
