namespace DiscreteGradients;

/// <summary>One expert after the other is picked for every token: what routers have in common.</summary>
internal static class ExpertPicks
{
    /// <summary>The expert of the highest score [T, 1], of equal ones the first.</summary>
    internal static Tensor Best(Tensor scores) => scores.argmax(-1, keepdim: true);

    /// <summary>Indices [T, 1] as Boolean [T, N].</summary>
    internal static Tensor OneOf(Tensor index, Tensor scores) => index == arange(scores.size(-1), device: scores.device);

    /// <summary>The experts of the highest scores plus the bias, Boolean [T, N].</summary>
    internal static Tensor Highest(Tensor scores, Tensor? bias, int picks)
    {
        using var _ = no_grad();
        var ranking = bias is null ? scores : scores + bias;
        return FusedSample.Takes(ranking) ? HighestScores.Of(ranking.contiguous(), picks) : HighestByTensors(ranking, picks);
    }

    /// <summary>The same on any device.</summary>
    internal static Tensor HighestByTensors(Tensor left, int picks)
    {
        var chosen = OneOf(Best(left), left);
        for (var taken = 1; taken < picks; taken++)
        {
            left = Without(left, chosen);
            chosen |= OneOf(Best(Left(left, left.amax([-1], keepdim: true), taken, picks)), left);
        }

        return chosen;
    }

    /// <summary>
    /// Picks without replacement: each from the softmax of the scores that are left and near enough to the best of them, see
    /// <see cref="Near"/>; in evaluation the best. The gate is the weight of a pick, made of its probabilities and of where it is the best.
    /// </summary>
    internal static (Tensor Chosen, Tensor Weights, Tensor Probabilities) Draw(
        Tensor scores, double temperature, double threshold, int picks, Noise? noise, Func<Tensor, Tensor, Noise?, Tensor> gate)
    {
        Tensor? chosen = null;
        Tensor? weights = null;
        Tensor? first = null;
        for (var taken = 0; taken < picks; taken++)
        {
            var left = chosen is null ? scores : Without(scores, chosen);
            var near = Near(left, threshold, taken, picks);
            var p = FusedSoftmax.Of(temperature == 1 ? near : near / temperature);
            var (pick, isBest) = Pick(near, temperature, noise);
            var weight = gate(p, isBest, noise?.Other());
            (chosen, weights) = chosen is null ? (pick, weight) : (chosen | pick, where(pick, weight, weights!));
            first ??= p;
            noise = noise?.Other().Other();
        }

        return (chosen!, weights!, first!);
    }

    /// <summary>
    /// Scores with −∞ in place of those too far below the best θ*: an expert stays if θ* − θ ≤ r (|θ*| + |θ|). At r = 1 all
    /// stay.
    /// </summary>
    internal static Tensor Near(Tensor scores, double threshold, int taken = 0, int picks = 1)
    {
        Tensor far;
        using (no_grad())
        {
            var best = scores.amax([-1], keepdim: true);
            far = (best - Left(scores, best, taken, picks)) > threshold * (best.abs() + scores.abs());
        }

        return threshold < 1 ? scores.masked_fill(far, double.NegativeInfinity) : scores;
    }

    private static (Tensor Pick, Tensor IsBest) Pick(Tensor near, double temperature, Noise? noise)
    {
        using var _ = no_grad();
        var best = Best(near);
        if (noise is not { } source)
            return (OneOf(best, near), ones_like(best, ScalarType.Bool));
        var law = temperature == 1 ? near : near / temperature;
        var index = Categorical.SampleIndex(law, samples: 1, source).view(-1, 1);
        return (OneOf(index, near), index == best);
    }

    private static Tensor Without(Tensor scores, Tensor chosen) => scores.masked_fill(chosen, double.NegativeInfinity);

    private static Tensor Left(Tensor scores, Tensor largest, int taken, int picks) => RoutingCheck.Left(scores, largest, taken, picks);
}
