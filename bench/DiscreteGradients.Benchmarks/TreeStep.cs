using DiscreteGradients.Experiments;
using DiscreteGradients.Experiments.Bench;
using static TorchSharp.torch;

namespace DiscreteGradients.Benchmarks;

/// <summary>
/// One training step of the ListOps model without the optimiser (16 sentences at random, ReinMax, dropout, one thread), in both forms:
/// seconds and memory.
/// </summary>
internal static class TreeStep
{
    private const int Batch = 16;

    internal static void Run(string[] args)
    {
        set_num_threads(1);
        var expressions = ListOpsRule.Load(null).Select(row => row.Expression)
            .Where(e => Leaves.Length(e, ListOpsTokens.Split) < 100).ToArray();
        var plain = args.Contains("plain");
        Measure(ListOpsTokens.Characters, 300, expressions, 30, plain);
        Measure(ListOpsTokens.Split, 300, expressions, 60, plain);
        Measure(ListOpsTokens.Merged, 100, expressions, 200, plain);
    }

    private static void Measure(ListOpsTokens tokens, int size, string[] expressions, int steps, bool withPlain)
    {
        var random = new Random(1);
        var batches = Enumerable.Range(0, steps).Select(_ => Sentences(
            [.. Enumerable.Range(0, Batch).Select(_ => Leaves.Of(expressions[random.Next(expressions.Length)], tokens))])).ToArray();
        using var generator = new Generator(1);
        using var model = new TreeLstm(Leaves.Symbols(tokens), 10, size, 0.5, ScalarType.Float32, generator);
        using var linear = new LinearTreeLstm(model);
        var rule = new EstimatedMerges(new ReinMax(1.1));
        var memory = ProcessMemory.Of(() => linear.Train(batches.MaxBy(b => b.Words.Max(w => w.Length))!, rule));
        var rounds = Enumerable.Range(0, 3).Select(_ => batches.Select(batch => Time(() => linear.Train(batch, rule))).ToArray()).ToArray();
        var best = batches.Select((_, i) => rounds.Min(round => round[i])).ToArray();
        Console.WriteLine(
            $"{tokens}, d = {size}: longest {batches.Average(b => b.Words.Max(w => w.Length)):0} of a batch, mean "
            + $"{batches.Average(b => b.Words.Average(w => w.Length)):0.0}; linear form {1000 * best.Average():0.0} ms a step "
            + $"(the mean of {steps} batches, the least of 3 each), {memory.PeakBytes / 1048576.0:0} MiB");
        if (!withPlain)
            return;
        using var plain = new PlainTreeLstm(model);
        var typical = batches.OrderBy(b => Math.Abs(Pairs(b) - batches.Average(Pairs))).First();
        var peak = ProcessMemory.Of(() => plain.Train(typical, rule));
        var theirs = Time(() => plain.Train(typical, rule));
        var ours = Enumerable.Range(0, 5).Min(_ => Time(() => linear.Train(typical, rule)));
        Console.WriteLine(
            $"  a batch of the mean number of padded pairs: plain form {theirs:0.00} s, {peak.PeakBytes / 1048576.0:0} MiB; linear "
            + $"{1000 * ours:0.0} ms: {theirs / ours:0.0} times as fast");
    }

    private static double Pairs(Sentences batch) => batch.Words.Max(w => w.Length) is var n ? n * (n - 1) / 2 : 0;

    internal static Sentences Sentences(int[][] words) =>
        new(words, [.. words.Select(w => w.Length % 10)], [.. words.Select((_, i) => (long)i)]);

    /// <summary>Seconds of the processor: what other programs do counts less than on the clock.</summary>
    internal static double Time(Action action)
    {
        var start = Environment.CpuUsage.TotalTime;
        action();
        return (Environment.CpuUsage.TotalTime - start).TotalSeconds;
    }
}
