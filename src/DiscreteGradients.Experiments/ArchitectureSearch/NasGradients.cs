namespace DiscreteGradients.Experiments;

/// <summary>
/// Compares rules with the exact gradient at the logits of two edges, while the others are skips: 25 cells, whose losses on the same images
/// are all computed. The network stays as it is, its running statistics too.
/// </summary>
/// <remarks>
/// What a rule has at the one-hot rows is computed once for each of the 25 samples. Only the noise of an estimator is drawn, for each of
/// them as often as asked; the rest of mean and deviation is a sum over the samples, with their probabilities.
/// </remarks>
/// <param name="logits">[6, 5], without a gradient.</param>
internal sealed class NasGradients(NasNetwork network, Tensor logits, (Tensor Images, Tensor Labels) batch)
{
    /// <summary>Two edges in a row: from the input to node 1, and on to the output.</summary>
    internal static IReadOnlyList<int> Edges { get; } = [0, 4];

    private static readonly int K = NasOperations.All.Count;

    /// <param name="pause">Called between two samples: all of them allocate too much for one step.</param>
    internal void Measure(
        IReadOnlyList<(string Name, ChoiceRule Rule)> rules, int draws, Generator generator, Dictionary<string, double> numbers,
        Action pause, CancellationToken cancellation)
    {
        var buffers = network.buffers().Select(buffer => (Buffer: buffer, Value: buffer.clone())).ToList();
        try
        {
            var exact = Exact();
            foreach (var (name, rule) in rules)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                Errors(rule, exact, draws, generator, pause).AddTo(numbers, name);
            }
        }
        finally
        {
            using var _ = no_grad();
            foreach (var (buffer, value) in buffers)
                buffer.copy_(value);
        }
    }

    /// <summary>The gradient [2, 5] of the expected loss, float64: Σ p(z) L(z) (z − π).</summary>
    internal Tensor Exact()
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var sum = zeros(Edges.Count, K, ScalarType.Float64, logits.device);
        foreach (var (operations, probability) in Samples())
        {
            using var step = NewDisposeScope();
            sum.add_(probability * Loss(new EulerRule().Take(logits, Whole(operations))).item<float>() * Surprise(operations));
        }

        return sum.MoveToOuterDisposeScope();
    }

    /// <summary>The gradients [2, 5] of a rule for one sample, from so many draws of its noise: [N, 2, 5].</summary>
    internal Tensor Gradients(ChoiceRule rule, int[] operations, int draws, Generator generator)
    {
        using var scope = NewDisposeScope();
        var whole = Whole(operations);
        var rows = Edges.Select(edge => rule.Take(logits, whole)[edge].OneHot.detach().requires_grad_(true)).ToArray();
        var choices = rule.Take(logits, whole).ToArray();
        foreach (var (edge, row) in Edges.Zip(rows))
            choices[edge] = new Choice(rule, row, whole[edge], null);
        Loss(choices).backward();

        var copies = stack([.. Edges.Select(edge => logits[edge])], 0).repeat(draws, 1).requires_grad_(true);
        var (hard, upstream) = (stack(rows, 0).detach(), stack([.. rows.Select(row => row.grad!)], 0));
        (rule.Sample(copies, hard.repeat(draws, 1), generator) * upstream.repeat(draws, 1)).sum().backward();
        return copies.grad!.to_type(ScalarType.Float64).view(draws, Edges.Count, K).MoveToOuterDisposeScope();
    }

    private GradientErrors Errors(ChoiceRule rule, Tensor exact, int draws, Generator generator, Action pause)
    {
        var repeats = HasNoise(rule) ? draws : 1;
        var (mean, square) = (zeros_like(exact), zeros_like(exact));
        foreach (var (operations, probability) in Samples())
        {
            using var scope = NewDisposeScope();
            var gradients = Gradients(rule, operations, repeats, generator);
            mean.add_(probability * gradients.mean([0]));
            square.add_(probability * gradients.pow(2).mean([0]));
            pause();
        }

        return GradientErrors.Of(mean, exact, (square - mean.pow(2)).clamp_min(0).sum().item<double>());
    }

    private Tensor Loss(IReadOnlyList<Choice> choices) =>
        nn.functional.cross_entropy(network.call(batch.Images, choices), batch.Labels);

    /// <summary>The 25 samples of the two edges, with their probabilities.</summary>
    private IEnumerable<(int[] Operations, double Probability)> Samples()
    {
        var p = Edges.Select(edge => logits[edge].softmax(-1).to_type(ScalarType.Float64).cpu().data<double>().ToArray()).ToArray();
        return from first in Enumerable.Range(0, K)
               from second in Enumerable.Range(0, K)
               select (new[] { first, second }, p[0][first] * p[1][second]);
    }

    private static int[] Whole(int[] operations)
    {
        var whole = new int[NasCell.Edges.Count];
        Array.Fill(whole, (int)NasOperation.Skip);  // so that the two matter, whatever they do
        foreach (var (edge, operation) in Edges.Zip(operations))
            whole[edge] = operation;
        return whole;
    }

    private Tensor Surprise(int[] operations) => stack([.. Edges.Zip(operations, (edge, operation) =>
        OneHot.FromIndex(tensor((long)operation), K, ScalarType.Float64).to(logits.device)
        - logits[edge].to_type(ScalarType.Float64).softmax(-1))], 0);

    private static bool HasNoise(ChoiceRule rule) => rule is DenseRule { Estimator: GumbelRao } or GdasRule { Estimator: GumbelRao };
}
