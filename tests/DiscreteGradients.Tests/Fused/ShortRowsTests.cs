using System.Numerics;
using DiscreteGradients.Fused;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

/// <summary>The sampler of short rows draws bit for bit what the one of long rows draws, and what a plain loop draws.</summary>
public class ShortRowsTests
{
    private const int Group = 8;

    public static TheoryData<int> Categories => [.. Enumerable.Range(1, 65), 72, 95, 96, 97, 100, 127, RowLayout.ShortRow];

    [Theory]
    [MemberData(nameof(Categories))]
    public void Samples_and_states_are_those_of_the_sampler_of_long_rows(int categories)
    {
        Compare<float>(categories);
        Compare<double>(categories);
    }

    private static unsafe void Compare<T>(int categories) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var generator = Conformance.Seeded(categories);
        var random = new Random(categories);
        foreach (var (scale, masked) in new[] { (1e-3, 0.0), (1, 0), (1, 0.5), (8, 0), (90, 0.2), (1e4, 0) })
        {
            // Once with every number of rows that the last tile can have, and with several tiles.
            foreach (var rows in (scale, masked) == (1, 0) ? Enumerable.Range(1, 17).Concat([32, 40]) : [1, 27])
            {
                var noise = Noise.Draw(generator);
                var logits = new T[rows * categories];
                for (var i = 0; i < logits.Length; i++)
                {
                    logits[i] = i % categories != i / categories % categories && random.NextDouble() < masked
                        ? T.NegativeInfinity
                        : T.CreateTruncating(scale * 2 * (random.NextDouble() - 0.5));
                }

                var (hard, states) = (new T[logits.Length], new byte[rows * RowStates<T>.Size]);
                const int FirstRow = 1_000;
                fixed (T* from = logits, to = hard)
                fixed (byte* memory = states)
                {
                    var its = new RowStates<T>(memory, rows);
                    new ShortRows<T>(categories, noise).Draw(from, rows, FirstRow, to, supplied: false, its);
                    Check(new ReadOnlySpan<T>(logits), hard, its, noise, FirstRow);
                }
            }
        }

        void Check(ReadOnlySpan<T> logits, ReadOnlySpan<T> hard, RowStates<T> states, Noise noise, int firstRow)
        {
            using var sampler = new RowSampler<T>(categories, 1);
            var expected = new T[logits.Length];
            for (var (row, at) = (0, 0); at < logits.Length; row++, at += categories)
            {
                var its = logits.Slice(at, categories);
                var uniform = noise.Uniform(firstRow + row);
                sampler.Load(its);
                var inverse = T.CreateTruncating(1 / sampler.Accumulate(0, its, firstRow + row));
                var state = new RowState<T>(sampler.Largest(0), inverse, sampler.Draw(0, its, uniform));
                var (sampled, total) = Plain(its, uniform);

                if (state != states[row])
                    Assert.Fail($"{states[row]}, not {state}: row {row} of {string.Join(", ", its.ToArray())}");
                Assert.Equal((state.Sampled, state.InverseTotal), (sampled, T.CreateTruncating(1 / total)));
                expected[at + sampled] = T.One;
            }

            Assert.True(hard.SequenceEqual(expected));
        }
    }

    /// <summary>
    /// The definition: weights are summed in groups of eight, a group as a vector of 256 bits adds it (rows shorter than that: one by one
    /// in float64); the group is found by the cumulative sums in float64, then the category inside it.
    /// </summary>
    private static (int Sampled, double Total) Plain<T>(ReadOnlySpan<T> logits, double uniform)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var largest = logits[0];
        foreach (var logit in logits)
            largest = T.Max(largest, logit);
        var weights = new T[logits.Length];
        for (var k = 0; k < weights.Length; k++)
            weights[k] = logits[k] - largest;
        Elementary.Exp<T>(weights);

        var groups = weights.Chunk(Group).ToArray();
        var sums = new double[groups.Length];
        for (var group = 0; group < groups.Length; group++)
            sums[group] = (group > 0 ? sums[group - 1] : 0) + OfGroup(groups[group], weights.Length);
        var threshold = uniform * sums[^1];
        var found = Math.Min(sums.TakeWhile(sum => !(sum > threshold)).Count(), groups.Length - 1);
        var cumulative = 0.0;
        threshold -= found == 0 ? 0 : sums[found - 1];
        for (var k = 0; k < groups[found].Length; k++)
        {
            cumulative += double.CreateTruncating(groups[found][k]);
            if (cumulative > threshold)
                return ((found * Group) + k, sums[^1]);
        }

        return ((found * Group) + Array.FindLastIndex(groups[found], weight => weight > T.Zero), sums[^1]);
    }

    private static double OfGroup<T>(T[] weights, int categories) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var lanes = typeof(T) == typeof(float) ? 8 : 4;
        if (categories < lanes)
            return weights.Sum(double.CreateTruncating);
        var (vector, added) = (new T[lanes], 0);
        for (; added + lanes <= weights.Length; added += lanes)
        {
            for (var lane = 0; lane < lanes; lane++)
                vector[lane] += weights[added + lane];
        }

        // Pairs, pairs of pairs, and so on.
        for (var step = 1; step < lanes; step *= 2)
        {
            for (var lane = 0; lane < lanes; lane += 2 * step)
                vector[lane] += vector[lane + step];
        }

        var sum = vector[0];
        for (; added < weights.Length; added++)
            sum += weights[added];
        return double.CreateTruncating(sum);
    }
}
