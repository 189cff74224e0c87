using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.ScoreFunction.ChosenStates;
using static DiscreteGradients.Tests.ScoreFunction.OutcomeTable;

namespace DiscreteGradients.Tests.ScoreFunction;

public class SumAndSampleTests
{
    [Theory]
    [MemberData(nameof(Cases), MemberType = typeof(ChosenStates))]
    public void Sum_and_sample_is_exact_in_expectation((int Latents, int Categories) size, int samples, bool masked)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(size.Latents, size.Categories, masked);
        var p = StateProbabilities(logits);
        var top = Enumerable.Range(0, p.Length).OrderByDescending(s => p[s]).Take(samples - 1).ToArray();
        var mass = top.Sum(s => p[s]);

        var table = Of(new SumAndSample(samples), logits, F(logits), Draws, drawn => Key(drawn[^1]));

        var rest = Enumerable.Range(0, p.Length).Except(top).Where(s => p[s] > 0).ToDictionary(s => Key(s), s => p[s] / (1 - mass));
        if (rest.Count == 0)
            rest[Key(top[0])] = 1;  // stands in for a sample that does not exist
        ShouldBeExact(table, rest, logits, F(logits));
        ShouldBeAsFrequent(table, rest, Draws);
    }
}
