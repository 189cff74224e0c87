using TorchSharp.Modules;

namespace DiscreteGradients;

/// <summary>What has come back to a choice, and how to find products with the outputs of its operations, in the dtype of the row.</summary>
/// <param name="Gradient">U, of the output's shape.</param>
/// <param name="Output">o_D(x).</param>
/// <param name="Row">The one-hot row [K].</param>
/// <param name="Input">x, or null where the rule does not ask for other operations.</param>
/// <param name="Choice">What was chosen.</param>
/// <param name="Operations">Among what.</param>
internal sealed record Upstream(
    Tensor Gradient, Tensor Output, Tensor Row, Tensor? Input, Choice Choice, IReadOnlyList<nn.Module<Tensor, Tensor>> Operations)
{
    /// <summary>The row as a constant.</summary>
    internal Tensor Hard => Row.detach();

    /// <summary>⟨U, o_D(x)⟩.</summary>
    internal Tensor OfChosen() => Product(Output);

    /// <summary>The sum of the entries of U.</summary>
    internal Tensor Sum() => Precision.AtLeastSingle(Gradient).sum().to_type(Row.dtype);

    /// <summary>⟨U, oₖ(x)⟩ for every k; zero for what is masked, which has no probability.</summary>
    internal IEnumerable<Tensor> Products()
    {
        for (var k = 0; k < Operations.Count; k++)
        {
            yield return k == Choice.Operation ? OfChosen()
                : Operations[k] is ZeroOperation || !Choice.IsAllowed(k) ? zeros([], Row.dtype, Row.device)
                : Operations[k] is Identity ? Product(Input!)
                : ProductOf(k);
        }
    }

    private Tensor ProductOf(int operation)
    {
        using var scope = NewDisposeScope();
        var output = RunWithoutTrace(Operations[operation], Input!);
        DiscreteChoice.CheckOutput(output, operation, Output, Choice.Operation);
        return Product(output).MoveToOuterDisposeScope();
    }

    /// <summary>Runs an operation that was not chosen. Its buffers, such as running statistics, are afterwards what they were.</summary>
    private static Tensor RunWithoutTrace(nn.Module<Tensor, Tensor> operation, Tensor input)
    {
        var buffers = operation.buffers().Select(buffer => (Buffer: buffer, Value: buffer.clone())).ToList();
        try
        {
            return operation.call(input);
        }
        finally
        {
            foreach (var (buffer, value) in buffers)
                Restore(buffer, value);
        }
    }

    /// <summary>
    /// Autograd does not count writes into memory itself, as batch norms make them: a graph may still need a buffer that has not changed.
    /// </summary>
    private static void Restore(Tensor buffer, Tensor value)
    {
        using var _ = no_grad();
        if (buffer.device_type == DeviceType.CPU && buffer.is_contiguous())
            value.bytes.CopyTo(buffer.bytes);
        else
            buffer.copy_(value);
    }

    private Tensor Product(Tensor output) => Precision.AtLeastSingle(Gradient).flatten()
        .dot(Precision.AtLeastSingle(output).flatten()).to_type(Row.dtype);
}
