namespace DiscreteGradients;

/// <summary>
/// The output of the chosen operation as a function of the one-hot row too: Σ zₖ oₖ(x), of which one term is computed.
/// </summary>
internal sealed class ChosenOperation : FusedFunction<ChosenOperation>
{
    internal static Tensor Of(Choice choice, IReadOnlyList<nn.Module<Tensor, Tensor>> operations, Tensor input, Tensor output)
    {
        if (!IsRecorded(choice.OneHot))
            return output;
        Tensor result;
        using (no_grad())
            result = choice.Rule.Scale == 1 ? output.detach() : output * choice.Rule.Scale;
        return Record([output, choice.OneHot], [choice.Rule.RunsAll ? input : null], new Operands(choice, operations), result);
    }

    protected override Tensor?[] Gradients(object? data, List<Tensor> saved, Tensor upstream)
    {
        using var _ = no_grad();  // another thread than the caller's has it on
        return Slopes((Operands)data!, saved, upstream);
    }

    protected override Tensor?[] DifferentiableGradients(object? data, List<Tensor> saved, Tensor upstream) =>
        Slopes((Operands)data!, saved, upstream);

    private static Tensor?[] Slopes(Operands operands, List<Tensor> saved, Tensor upstream)
    {
        var (output, row, scale) = (saved[0], saved[1], operands.Choice.Rule.Scale);
        return
        [
            !output.requires_grad ? null : scale == 1 ? upstream.alias() : upstream * scale,
            operands.Choice.Rule.Slope(new Upstream(upstream, output, row, saved[2], operands.Choice, operands.Operations)),
        ];
    }

    private sealed record Operands(Choice Choice, IReadOnlyList<nn.Module<Tensor, Tensor>> Operations);
}
