namespace DiscreteGradients;

/// <summary>
/// K operations of which one is chosen, y = Σ zₖ oₖ(x): only that one runs, and the choice gets the gradient of its rule.
/// </summary>
/// <remarks>
/// All operations take the same input and give outputs of the same shape; an <c>Identity</c> and a <see cref="ZeroOperation"/> cost
/// nothing. A <see cref="ChoiceTable"/> makes the choice, or <see cref="ChoiceRule.Draw"/>; one may be handed to many modules. Where the
/// logits want no gradient the chosen operation is all that is computed. Weights of the chosen operation get their gradient, those of the
/// others none. An operation that a rule runs on the way back leaves its buffers as they were; numbers that it draws itself are drawn
/// then. The gradient at the logits can be differentiated again; what flows on to the input is then that of the chosen operation alone.
/// </remarks>
public sealed class DiscreteChoice : nn.Module<Tensor, Choice, Tensor>
{
    private readonly nn.Module<Tensor, Tensor>[] _operations;
    private (long[] Input, long[] Output, int Operation) _seen = ([], [], -1);

    /// <param name="operations">At least one; the module owns them.</param>
    public DiscreteChoice(params nn.Module<Tensor, Tensor>[] operations)
        : base(nameof(DiscreteChoice))
    {
        Check.Given(operations);
        if (operations.Length == 0 || operations.Any(operation => operation is null))
        {
            throw new ArgumentException(
                $"operations must hold at least one module and no null; got {(operations.Length == 0 ? "none" : "a null")}.",
                nameof(operations));
        }

        _operations = operations;
        for (var k = 0; k < operations.Length; k++)
            register_module($"{k}", operations[k]);
    }

    /// <summary>The operations, by number.</summary>
    public IReadOnlyList<nn.Module<Tensor, Tensor>> Operations => _operations;

    /// <summary>The output of the chosen operation.</summary>
    /// <exception cref="ArgumentException">
    /// The choice is among another number of operations, or the output has another shape than that of another operation.
    /// </exception>
    public override Tensor forward(Tensor input, Choice choice)
    {
        Check.Usable(input);
        Check.Given(choice);
        Check.Usable(choice.OneHot, nameof(choice));
        if (choice.OneHot.shape[0] != _operations.Length)
        {
            throw new ArgumentException(
                $"choice must be among the {_operations.Length} operations of this module; got one among {choice.OneHot.shape[0]}.",
                nameof(choice));
        }

        var output = _operations[choice.Operation].call(input);
        CheckShape(input, output, choice.Operation);
        return ChosenOperation.Of(choice, _operations, input, output);
    }

    /// <summary>Refuses an output that cannot stand in for another one.</summary>
    internal static void CheckOutput(Tensor output, int operation, Tensor expected, int chosen)
    {
        if (output is null || output.dtype != expected.dtype || !output.shape.AsSpan().SequenceEqual(expected.shape))
            throw Differs(operation, output?.shape, output?.dtype, chosen, expected.shape, expected.dtype);
    }

    /// <summary>For the same input shape, operations must agree, whichever of them have run.</summary>
    private void CheckShape(Tensor input, Tensor output, int operation)
    {
        if (output is null)
            throw new ArgumentException($"operation {operation} returned null; it must return a tensor.");
        var (seen, shape) = (_seen, output.shape);
        if (seen.Operation < 0 || !seen.Input.AsSpan().SequenceEqual(input.shape))
            _seen = (input.shape, shape, operation);
        else if (!seen.Output.AsSpan().SequenceEqual(shape))
            throw Differs(operation, shape, output.dtype, seen.Operation, seen.Output, output.dtype);
    }

    private static ArgumentException Differs(
        int operation, long[]? shape, ScalarType? type, int other, long[] expected, ScalarType expectedType) => new(
        $"operations must all give outputs of one shape and dtype; operation {other} gave {Check.Shape(expected)}, {expectedType}, and "
        + $"operation {operation} {(shape is null ? "null" : $"{Check.Shape(shape)}, {type}")}.");
}
