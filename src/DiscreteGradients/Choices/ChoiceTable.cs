using TorchSharp.Modules;

namespace DiscreteGradients;

/// <summary>
/// The logits of one choice or of many, which are learnt: a row for each. In evaluation the most probable operations are taken.
/// </summary>
/// <remarks>
/// One draw gives a sample for every row; handed to many modules, such as the edges of all cells of a network, they share it. To train
/// nothing but the choices, or nothing but the weights, turn off <c>requires_grad</c> of the others: what nobody asks for is not computed.
/// </remarks>
public sealed class ChoiceTable : nn.Module
{
    private readonly bool _isMasked;

    /// <param name="rule">How choices are made.</param>
    /// <param name="logits">Where they begin, [choices, operations]; copied.</param>
    /// <param name="mask">True where an operation may be chosen; Boolean, broadcastable to the logits; copied. Null allows all.</param>
    public ChoiceTable(ChoiceRule rule, Tensor logits, Tensor? mask = null)
        : base(nameof(ChoiceTable))
    {
        Rule = rule;
        ChoiceRule.CheckLogits(logits, mask);
        using var _ = no_grad();
        var parameter = nn.Parameter(logits.detach().clone());
        parameter.DetachFromDisposeScope();
        register_parameter("logits", parameter);
        _isMasked = mask is not null;
        if (mask is not null)
            register_buffer("mask", mask.clone().DetachFromDisposeScope());
    }

    /// <summary>How choices are made; it may be another one from one draw to the next, such as one of another temperature.</summary>
    public ChoiceRule Rule
    {
        get;
        set
        {
            Check.Given(value, "rule");
            field = value;
        }
    }

    /// <summary>The logits [choices, operations].</summary>
    public Parameter Logits => get_parameter("logits")!;

    /// <summary>Draws an operation for every row, or in evaluation takes the most probable one.</summary>
    /// <param name="generator">Source of randomness on the logits' device; null means TorchSharp's default generator.</param>
    /// <returns>One choice for each row, whose tensors are owned by the caller's dispose scope.</returns>
    public IReadOnlyList<Choice> Draw(Generator? generator = null) =>
        training ? Rule.Draw(Logits, Mask, generator) : Rule.MostProbable(Logits, Mask);

    /// <summary>The choices that the caller makes, the number of an operation for each row, with the gradient of the rule.</summary>
    public IReadOnlyList<Choice> Take(IReadOnlyList<int> operations, Generator? generator = null) =>
        Rule.Take(Logits, operations, Mask, generator);

    /// <summary>The most probable operation of every row: what was found.</summary>
    public IReadOnlyList<int> MostProbable()
    {
        using var scope = NewDisposeScope();
        return [.. Rule.MostProbable(Logits, Mask).Select(choice => choice.Operation)];
    }

    private Tensor? Mask => _isMasked ? get_buffer("mask") : null;
}
