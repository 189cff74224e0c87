namespace DiscreteGradients;

/// <summary>How one of K operations is chosen, and which gradient the choice leaves at its logits.</summary>
/// <remarks>
/// With z ~ softmax(logits) one-hot, <see cref="DiscreteChoice"/> computes y = Σ zₖ oₖ(x) by running the chosen operation D alone. A
/// loss L has the gradient vₖ = ⟨U, oₖ(x)⟩ at z, U = ∂L/∂y, and vₖ of an operation that did not run is what the rules
/// differ in. π = softmax(logits).
/// </remarks>
public abstract record ChoiceRule
{
    private protected ChoiceRule()
    {
    }

    /// <summary>
    /// The highest degree of a polynomial loss, as a function of the output y of one choice, for which the expected gradient at its logits
    /// is exact; 0 if none but a constant.
    /// </summary>
    public abstract int Order { get; }

    /// <summary>Whether the way back runs the other operations too, each once and without a graph of its own.</summary>
    public abstract bool RunsAll { get; }

    /// <summary>What the output of the chosen operation is multiplied by where a gradient at the logits is recorded.</summary>
    internal abstract double Scale { get; }

    /// <summary>Draws one operation for every row of the logits. The choices may be used for any number of inputs and places.</summary>
    /// <param name="logits">Unnormalised log-probabilities [choices, K]. Never disposed.</param>
    /// <param name="mask">True where an operation may be chosen; Boolean, broadcastable to the logits. Null allows all.</param>
    /// <param name="generator">Source of randomness on the logits' device; null means TorchSharp's default generator.</param>
    /// <returns>One choice for each row, whose tensors are owned by the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">Wrong shape, dtype or device; a row that is fully masked or holds NaN or +∞.</exception>
    public IReadOnlyList<Choice> Draw(Tensor logits, Tensor? mask = null, Generator? generator = null)
    {
        CheckLogits(logits, mask);
        Check.Generator(generator, logits);
        using var scope = NewDisposeScope();
        return Choices(this, Sample(Masking.Apply(logits, mask), hard: null, generator), mask);
    }

    /// <summary>
    /// The choices that the caller makes, the number of an operation for each row, with the gradient that this rule has for them.
    /// </summary>
    /// <inheritdoc cref="Draw"/>
    public IReadOnlyList<Choice> Take(Tensor logits, IReadOnlyList<int> operations, Tensor? mask = null, Generator? generator = null)
    {
        CheckLogits(logits, mask);
        Check.Generator(generator, logits);
        Check.Given(operations);
        if (operations.Count != logits.shape[0] || operations.Any(operation => operation < 0 || operation >= logits.shape[1]))
        {
            throw new ArgumentException(
                $"operations must hold {logits.shape[0]} numbers from 0 to {logits.shape[1] - 1}, one for each choice; "
                + $"got {string.Join(", ", operations)}.", nameof(operations));
        }

        using var scope = NewDisposeScope();
        var index = tensor(operations.Select(operation => (long)operation).ToArray(), device: logits.device);
        var hard = OneHot.Of(index, logits.shape[1], logits.dtype);
        return Choices(this, Sample(Masking.Apply(logits, mask), hard, generator), mask);
    }

    /// <summary>The most probable operation of every row, for evaluation: without a gradient at the logits.</summary>
    /// <inheritdoc cref="Draw"/>
    public IReadOnlyList<Choice> MostProbable(Tensor logits, Tensor? mask = null)
    {
        CheckLogits(logits, mask);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var masked = Check.Rows(Precision.AtLeastSingle(Masking.Apply(logits, mask)));
        return Choices(this, OneHot.Of(masked.argmax(-1), logits.shape[1], logits.dtype), mask);
    }

    /// <summary>One-hot rows [choices, K], drawn unless they are given, whose gradient at the logits is this rule's.</summary>
    internal abstract Tensor Sample(Tensor logits, Tensor? hard, Generator? generator);

    /// <summary>The gradient [K] at the one-hot row of a choice, given what has come back to it.</summary>
    internal abstract Tensor Slope(Upstream upstream);

    internal static void CheckLogits(Tensor logits, Tensor? mask)
    {
        Check.Logits(logits, "[choices, operations]", minimumRank: 1);
        if (logits.dim() != 2)
            throw new ArgumentException($"logits must have shape [choices, operations]; got {Check.Shape(logits)}.", nameof(logits));
        Check.Mask(mask, logits);
    }

    /// <summary>One choice for each row. Rows are taken apart here, once: in the network a row may be used in many places.</summary>
    private static Choice[] Choices(ChoiceRule rule, Tensor rows, Tensor? mask)
    {
        var chosen = rows.detach().argmax(-1).cpu().data<long>().ToArray();
        var allowed = mask?.expand(rows.shape).cpu().contiguous().data<bool>().ToArray().Chunk((int)rows.shape[1]).ToArray();
        return [.. rows.unbind(0).Select((row, i) => new Choice(rule, row.MoveToOuterDisposeScope(), (int)chosen[i], allowed?[i]))];
    }
}

/// <summary>An operation that is chosen, by <see cref="ChoiceRule.Draw"/>. It may be used in many places: they share the sample.</summary>
public sealed class Choice
{
    private readonly bool[]? _allowed;

    internal Choice(ChoiceRule rule, Tensor oneHot, int operation, bool[]? allowed) =>
        (Rule, OneHot, Operation, _allowed) = (rule, oneHot, operation, allowed);

    /// <summary>The number of the operation.</summary>
    public int Operation { get; }

    /// <summary>The same as a one-hot row [K], which carries the gradient. It lives as long as its dispose scope.</summary>
    public Tensor OneHot { get; }

    internal ChoiceRule Rule { get; }

    /// <summary>Whether an operation could have been chosen: what is masked has probability zero, whatever its output.</summary>
    internal bool IsAllowed(int operation) => _allowed?[operation] ?? true;
}
