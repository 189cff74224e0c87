using System.Runtime.CompilerServices;

namespace DiscreteGradients;

/// <summary>Validation for routers and mixtures of experts.</summary>
internal static class RoutingCheck
{
    internal static void Scores(Router router, Tensor scores)
    {
        Check.Usable(scores);
        var per = router.ScoresPerExpert;
        if (!IsNumbers(scores) || scores.dim() != 2 || scores.size(1) < 1 || scores.size(1) % per != 0)
        {
            throw new ArgumentException(
                $"scores must be floating-point with shape [tokens, {(per == 1 ? "experts" : $"{per} · experts")}] and at least one "
                + $"expert; got {scores.dtype} of shape {Check.Shape(scores)}.", nameof(scores));
        }

        Experts(router, scores.size(1) / per);
    }

    internal static void Experts(Router router, long experts)
    {
        if (router.ExpertsNeeded > experts)
        {
            throw new ArgumentException(
                $"{router.GetType().Name} sends a token to {router.ExpertsNeeded} experts, but there {(experts == 1 ? "is" : "are")} "
                + $"{experts}; choose fewer picks or add experts.", nameof(experts));
        }
    }

    /// <summary>Every token needs an expert that it can go to. Looks at the values.</summary>
    internal static void Values(Tensor scores)
    {
        if (FusedSample.Takes(scores) && scores.is_contiguous() && HighestScores.AreThere(scores))
            return;
        using var _ = no_grad();
        using var largest = scores.amax([-1]);
        if (!AllFinite(largest))
            throw Refused(scores, largest, taken: 0, picks: 1);
    }

    /// <summary>
    /// The scores that are left [T, N] after some experts have been taken, if each token still has one for the next pick.
    /// </summary>
    internal static Tensor Left(Tensor scores, Tensor largest, int taken, int picks) =>
        taken == 0 || AllFinite(largest) ? scores : throw Refused(scores, largest.squeeze(-1), taken, picks);

    internal static ArgumentException TooFew(long token, int taken, long experts, int picks) => new(
        $"scores of token {token} leave {taken} of {experts} experts to choose from, and {picks} are picked; exclude fewer by −∞.");

    internal static void Bias(Router router, Tensor? bias, Tensor scores)
    {
        if (bias is null)
            return;
        Check.Usable(bias);
        if (!router.TakesBias)
            throw NoBias(router, nameof(bias));
        if (!IsNumbers(bias) || !bias.shape.SequenceEqual([scores.size(1) / router.ScoresPerExpert]))
        {
            throw new ArgumentException(
                $"bias must be floating-point with a number for each of the {scores.size(1) / router.ScoresPerExpert} experts; "
                + $"got {bias.dtype} of shape {Check.Shape(bias)}.", nameof(bias));
        }
    }

    internal static ArgumentException NoBias(Router router, string name) => new(
        $"{router.GetType().Name} does not choose experts by the order of their scores, so a bias cannot balance them; "
        + "use the balance loss, or a router such as TopKRouter.", name);

    /// <summary>A share or rate from 0 to below 1.</summary>
    internal static double Fraction(double value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value is >= 0 and < 1
            ? value
            : throw new ArgumentException($"{Written(name)} must be at least 0 and below 1; got {value}.", name);

    internal static double Threshold(double value) =>
        value is > 0 and <= 1
            ? value
            : throw new ArgumentException($"maskThreshold must be above 0 and at most 1, which masks nothing; got {value}.", nameof(value));

    internal static double Positive(double value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value > 0 && double.IsFinite(value)
            ? value
            : throw new ArgumentException($"{Written(name)} must be a finite number above 0; got {value}.", name);

    /// <summary>Floating-point numbers that can be computed with.</summary>
    internal static bool IsNumbers(Tensor tensor) =>
        tensor.dtype is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;

    internal static double? Capacity(double? factor) =>
        factor is null or (> 0 and < double.PositiveInfinity)
            ? factor
            : throw new ArgumentException(
                $"capacityFactor must be a finite number above 0, or null for no capacity; got {factor}.", nameof(factor));

    /// <summary>What a mixture of experts is made of.</summary>
    internal static void Layer(Router router, nn.Module<Tensor, Tensor>[] experts, double biasRate)
    {
        if (experts.Length == 0)
            throw new ArgumentException("experts must hold at least one module; got none.", nameof(experts));
        if (Array.IndexOf(experts, null) is var missing and >= 0)
            throw new ArgumentException($"experts must be modules; expert {missing} is null.", nameof(experts));
        Experts(router, experts.Length);
        if (biasRate > 0 && !router.TakesBias)
            throw NoBias(router, nameof(biasRate));
    }

    /// <summary>The input of a mixture of experts [.., W], and which of its tokens count.</summary>
    internal static void Input(Tensor x, long width, Tensor? mask)
    {
        Check.Usable(x);
        if (!IsNumbers(x) || x.dim() < 1 || x.shape[^1] != width)
        {
            throw new ArgumentException(
                $"x must be floating-point with shape [..., {width}]; got {x.dtype} of shape {Check.Shape(x)}.", nameof(x));
        }

        if (mask is null)
            return;
        Check.Usable(mask);
        if (mask.dtype != ScalarType.Bool || !mask.shape.AsSpan().SequenceEqual(x.shape.AsSpan()[..^1]))
        {
            throw new ArgumentException(
                $"mask must be Boolean of shape {Check.Shape(x.shape[..^1])}, true where a token counts; "
                + $"got {mask.dtype} of shape {Check.Shape(mask)}.", nameof(mask));
        }
    }

    /// <summary>Scores of the caller's, a row for each token.</summary>
    internal static Tensor Given(Tensor scores, Tensor x)
    {
        Check.Usable(scores);
        return scores.dim() == x.dim() && scores.shape.AsSpan()[..^1].SequenceEqual(x.shape.AsSpan()[..^1])
            ? scores
            : throw new ArgumentException(
                $"scores must have a row for each token, shape {Check.Shape([.. x.shape[..^1]])} and a last axis for the experts; "
                + $"got {Check.Shape(scores)}.", nameof(scores));
    }

    /// <summary>Scores [T, N · scores an expert], from wherever they come.</summary>
    internal static void Scores(Router router, Tensor? scores, long tokens, int experts)
    {
        long[] expected = [tokens, (long)experts * router.ScoresPerExpert];
        if (scores is not { IsInvalid: false } || !IsNumbers(scores) || !scores.shape.SequenceEqual(expected))
        {
            throw new ArgumentException(
                $"scores must be floating-point of shape {Check.Shape(expected)}, {router.ScoresPerExpert} for each of {experts} experts; "
                + $"got {Described(scores)}.", nameof(scores));
        }

        Room(tokens, experts);
    }

    /// <summary>Places of weights are numbered by whole numbers of 32 bits.</summary>
    private static void Room(long tokens, long experts)
    {
        if (tokens * (double)experts > int.MaxValue)
        {
            throw new ArgumentException(
                $"{tokens} tokens and {experts} experts make more than {int.MaxValue} scores; route fewer tokens at a time.",
                nameof(tokens));
        }
    }

    /// <summary>What an expert made of its rows [rows, W].</summary>
    internal static Tensor Output(int expert, Tensor? output, Tensor rows, long width) =>
        output is { IsInvalid: false } && output.dtype == rows.dtype && output.shape.AsSpan().SequenceEqual([rows.shape[0], width])
            ? output
            : throw new ArgumentException(
                $"expert {expert} must map {Check.Shape(rows)} to {rows.dtype} of shape {Check.Shape([rows.shape[0], width])}; "
                + $"got {Described(output)}.", nameof(output));

    /// <summary>The rows of all experts are one tensor, which libtorch lets none of them change.</summary>
    internal static ArgumentException InPlace(int expert, Exception cause) => new(
        $"expert {expert} must not change its input in place; let it begin with an operation that is not in place.", cause);

    private static string Described(Tensor? tensor) => tensor switch
    {
        null => "null",
        { IsInvalid: true } => "a tensor that is disposed",
        _ => $"{tensor.dtype} of shape {Check.Shape(tensor)}",
    };

    private static bool AllFinite(Tensor values)
    {
        using var finite = values.isfinite();
        using var all = finite.all();
        return all.item<bool>();
    }

    private static ArgumentException Refused(Tensor scores, Tensor largest, int taken, int picks)
    {
        using var scope = NewDisposeScope();
        var token = largest.isfinite().logical_not().nonzero()[0].item<long>();
        var value = largest[token].to_type(ScalarType.Float64).item<double>();
        if (taken > 0)
            return TooFew(token, taken, scores.size(-1), picks);

        var wrong = double.IsNegativeInfinity(value) ? "exclude every expert" : scores[token].isposinf().any().item<bool>()
            ? "hold Infinity" : "hold NaN";
        return new ArgumentException(
            $"scores of token {token} {wrong}; scores must be finite, or −∞ to exclude an expert.", nameof(scores));
    }

    private static string Written(string name) => $"{char.ToLowerInvariant(name[0])}{name[1..]}";
}
