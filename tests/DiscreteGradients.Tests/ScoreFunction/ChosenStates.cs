using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.ScoreFunction;

/// <summary>Estimators that choose joint states: the probability of every choice is known, so the expected gradient is checked without noise.</summary>
internal static class ChosenStates
{
    internal const int Draws = 40_000;

    internal static Func<Tensor, Tensor> F(Tensor logits) => Conformance.Polynomial(3, (int)logits.numel());

    internal static Tensor Logits(int latents, int categories, bool masked)
    {
        var logits = Conformance.Logits([latents, categories], seed: 5) * 0.5;
        if (masked)
            logits[0, 0] = double.NegativeInfinity;
        return logits;
    }

    public static MatrixTheoryData<(int Latents, int Categories), int, bool> Cases { get; } =
        new([(1, 4), (1, 5), (2, 3), (3, 2)], [2, 4], [false, true]);

    internal static double[] StateProbabilities(Tensor logits) =>
        Distribution.LogProbability(logits, OneHot.States((int)logits.shape[0], (int)logits.shape[1], ScalarType.Float64)).sum(-1).exp().data<double>().ToArray();
}
