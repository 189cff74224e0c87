using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.ScoreFunction.ChosenStates;
using static DiscreteGradients.Tests.ScoreFunction.OutcomeTable;

namespace DiscreteGradients.Tests.ScoreFunction;

public class UnorderedSetTests
{
    [Theory]
    [MemberData(nameof(Cases), MemberType = typeof(ChosenStates))]
    public void The_unordered_set_estimator_is_exact_in_expectation((int Latents, int Categories) size, int samples, bool masked)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(size.Latents, size.Categories, masked);
        var p = StateProbabilities(logits);

        var table = Of(new UnorderedSet(samples), logits, F(logits), Draws, SetOf);

        var sets = Sets(p, samples);
        ShouldBeExact(table, sets, logits, F(logits));
        ShouldBeAsFrequent(table, sets, Draws);
    }

    /// <summary>The key of a set: a state that stands in for one that is not possible repeats the first.</summary>
    private static string SetOf(int[] drawn) => Key([.. drawn.Distinct().Order()]);

    /// <summary>The probability of every set of so many states drawn without replacement, the sum over all orders.</summary>
    private static Dictionary<string, double> Sets(double[] p, int size)
    {
        var sets = new Dictionary<string, double>();
        size = Math.Min(size, p.Count(x => x > 0));
        void Grow(int[] drawn, double probability)
        {
            if (drawn.Length == size)
            {
                var key = SetOf(drawn);
                sets[key] = sets.GetValueOrDefault(key) + probability;
                return;
            }

            var left = Enumerable.Range(0, p.Length).Except(drawn).Where(s => p[s] > 0).ToArray();
            foreach (var s in left)
                Grow([.. drawn, s], probability * p[s] / left.Sum(t => p[t]));
        }

        Grow([], 1);
        return sets;
    }
}
