namespace DiscreteGradients;

/// <summary>The surrogates h₁ and h₂ of <see cref="Rodeo"/>: two outputs of a network of what the other samples know of f.</summary>
internal static class Surrogates
{
    /// <summary>Both at the samples z [S, B.., L, K] themselves, [2, S, B..], and at their neighbours, [2, S, B.., L, K − 1].</summary>
    internal static (Tensor Here, Tensor There) Of(
        Tensor z, Tensor values, Tensor slope, Neighbours neighbours, IReadOnlyDictionary<string, Tensor> state)
    {
        // What the other samples know, [S, S − 1, ..]; one flip changes the linear term by the difference of two of its coefficients.
        var samples = z.shape[0];
        var others = (arange(samples, device: z.device).unsqueeze(-1) + arange(1, samples, device: z.device)).remainder(samples).flatten();
        Tensor Others(Tensor x) => x.index_select(0, others).unflatten(0, [samples, samples - 1]);
        var (known, coefficient) = (Others(values), Others(slope));
        var chosen = neighbours.AtOwn(coefficient);
        var linear = chosen.sum([-2, -1]) - Others(neighbours.AtOwn(slope).sum([-2, -1]));
        var flipped = Score.Spread(linear) + neighbours.AtOthers(coefficient) - chosen;

        var at = cat([linear.unsqueeze(-1), flipped.flatten(-2)], -1);
        var both = HiddenLayer.Along(at, known, state).mean([2]);
        return (both.select(-1, 0), both.narrow(-1, 1, at.shape[^1] - 1).reshape([2, .. z.shape[..^1], z.shape[^1] - 1]));
    }
}
