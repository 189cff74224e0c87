using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.ScoreFunction;

/// <summary>
/// What an estimator gives for a set of points: a gradient [L · K] and a value, the same whenever these points are drawn.
/// </summary>
internal sealed record Outcome(double[] Gradient, double Value, int Count);

/// <summary>
/// Every outcome of an estimator on one problem, by the points that were drawn. With the exact probabilities of the points the expected
/// gradient follows without noise.
/// </summary>
internal static class OutcomeTable
{
    /// <summary>Draws of one call: what it computes stays in the cache.</summary>
    private const int Batch = 2_000;

    /// <param name="key">Names an outcome by its points, joint states as numbers to the base K, in the order drawn.</param>
    internal static Dictionary<string, Outcome> Of(
        GradientEstimator estimator, Tensor logits, Func<Tensor, Tensor> f, int draws, Func<int[], string>? key = null)
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded(4);
        var place = tensor(Enumerable.Range(0, (int)logits.shape[0])
            .Select(l => (long)Math.Pow(logits.shape[1], logits.shape[0] - 1 - l)).ToArray());
        var table = new Dictionary<string, Outcome>();
        for (var done = 0; done < draws; done += Batch)
            Add(table, Math.Min(Batch, draws - done));
        return table;

        void Add(Dictionary<string, Outcome> table, int count)
        {
            using var inner = NewDisposeScope();
            var copies = logits.expand([count, .. logits.shape]).clone().requires_grad_(true);
            long[] states = [];
            Tensor Recorded(Tensor z)
            {
                states = (z.argmax(-1) * place).sum(-1).t().contiguous().data<long>().ToArray();
                return f(z);
            }

            var value = estimator.Estimate(copies, Recorded, generator);
            var gradients = autograd.grad([value.sum()], [copies])[0].flatten(1).contiguous().data<double>().ToArray();
            var values = value.detach().contiguous().data<double>().ToArray();
            var (points, size) = (states.Length / count, gradients.Length / count);
            for (var draw = 0; draw < count; draw++)
            {
                var name = (key ?? Key)(Array.ConvertAll(states[(draw * points)..((draw + 1) * points)], s => (int)s));
                var gradient = gradients.AsSpan(draw * size, size);
                if (table.TryGetValue(name, out var known))
                    Assert.True(Distance(known.Gradient, gradient) < 1e-12 && Math.Abs(known.Value - values[draw]) < 1e-12, name);
                table[name] = known is null ? new Outcome(gradient.ToArray(), values[draw], 1) : known with { Count = known.Count + 1 };
            }
        }
    }

    /// <summary>The expected gradient and value; every outcome that is possible must be in the table, and no other.</summary>
    internal static (double[] Gradient, double Value) Expectation(
        Dictionary<string, Outcome> table, IReadOnlyDictionary<string, double> probability)
    {
        var possible = probability.Where(p => p.Value > 1e-14).ToList();
        Assert.Equal(possible.Select(p => p.Key).Order(), table.Keys.Order());
        Assert.Equal(1, possible.Sum(p => p.Value), 1e-12);
        var gradient = new double[table.First().Value.Gradient.Length];
        foreach (var (name, p) in possible)
        {
            for (var i = 0; i < gradient.Length; i++)
                gradient[i] += p * table[name].Gradient[i];
        }

        return (gradient, possible.Sum(p => p.Value * table[p.Key].Value));
    }

    internal static void ShouldBeExact(
        Dictionary<string, Outcome> table, IReadOnlyDictionary<string, double> probability, Tensor logits, Func<Tensor, Tensor> f)
    {
        var (gradient, value) = Expectation(table, probability);
        Assert.InRange(Distance(Exact(logits, f), gradient), 0, 1e-12);
        Assert.Equal(new ExactEnumeration().Estimate(logits, f).item<double>(), value, 1e-12);
    }

    internal static void ShouldBeAsFrequent(Dictionary<string, Outcome> table, Dictionary<string, double> probability, int draws) =>
        Assert.All(table, outcome =>
        {
            var p = Math.Min(1, probability[outcome.Key]);
            Assert.InRange(Math.Abs(outcome.Value.Count - (p * draws)) / Math.Sqrt((p * (1 - p) * draws) + 1), 0, 5);
        });

    internal static double[] Exact(Tensor logits, Func<Tensor, Tensor> f) => Conformance.Estimate(new ExactEnumeration(), logits, null, f);

    /// <summary>The largest difference of two entries; NaN if there is one.</summary>
    internal static double Distance(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        Assert.Equal(a.Length, b.Length);
        var largest = 0.0;
        for (var i = 0; i < a.Length; i++)
            largest = Math.Max(largest, Math.Abs(a[i] - b[i]));
        return largest;
    }

    internal static string Key(params int[] states) => string.Join(' ', states);

    /// <summary>Two samples of independent latents: the pairs of each latent, combined.</summary>
    internal static Dictionary<string, double> Pairs(IReadOnlyList<double[,]> latents)
    {
        var all = new Dictionary<(int A, int B), double> { [(0, 0)] = 1 };
        foreach (var pairs in latents)
        {
            var k = pairs.GetLength(0);
            all = (from before in all
                   from a in Enumerable.Range(0, k)
                   from b in Enumerable.Range(0, k)
                   select (((before.Key.A * k) + a, (before.Key.B * k) + b), before.Value * pairs[a, b])).ToDictionary();
        }

        return all.ToDictionary(p => Key(p.Key.A, p.Key.B), p => p.Value);
    }

    /// <summary>Softmax of each latent.</summary>
    internal static double[][] Probabilities(Tensor logits) =>
        [.. Enumerable.Range(0, (int)logits.shape[0]).Select(l => logits[l].softmax(-1).data<double>().ToArray())];

    /// <summary>P(z = a, z′ = b) of independent samples.</summary>
    internal static double[,] IndependentPairs(double[] p)
    {
        var pairs = new double[p.Length, p.Length];
        for (var a = 0; a < p.Length; a++)
        {
            for (var b = 0; b < p.Length; b++)
                pairs[a, b] = p[a] * p[b];
        }

        return pairs;
    }

    /// <summary>P(z = a, z′ = b) of an antithetic pair of a stick broken in the order of the categories.</summary>
    internal static double[,] StickPairs(double[] p)
    {
        var k = p.Length;
        var pairs = new double[k, k];
        var both = 1.0;  // probability that neither has stopped
        for (var i = 0; i < k; i++)
        {
            var s = i == k - 1 ? 1 : p[i] / p[i..].Sum();
            pairs[i, i] = both * Math.Max(0, (2 * s) - 1);
            var one = both * Math.Min(s, 1 - s);
            for (var j = i + 1; j < k; j++)
                pairs[i, j] = pairs[j, i] = one * p[j] / p[(i + 1)..].Sum();
            both *= Math.Max(0, 1 - (2 * s));
        }

        return pairs;
    }
}
