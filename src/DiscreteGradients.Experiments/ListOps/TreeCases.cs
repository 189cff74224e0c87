namespace DiscreteGradients.Experiments;

/// <summary>A reading of some sentences by another program, with all it drew, so that it can be computed again. Without dropout.</summary>
internal sealed record TreeCase
{
    /// <summary>Another word for <c>st-gumbel</c>.</summary>
    private const string Gumbel = "gumbel";

    /// <summary><c>reinmax</c>, <c>st</c> or <c>gumbel</c>.</summary>
    public required string Method { get; init; }

    /// <summary>The temperature.</summary>
    public required double Tau { get; init; }

    /// <summary>The size of all states.</summary>
    public required int D { get; init; }

    /// <summary>Symbols of each sentence.</summary>
    public required int[] Lengths { get; init; }

    /// <summary>The symbols.</summary>
    public required int[][] Words { get; init; }

    /// <summary>The classes.</summary>
    public required int[] Labels { get; init; }

    /// <summary>The position of each merge; the last one, which is no choice, is left out.</summary>
    public required int[][] Picks { get; init; }

    /// <summary>The mean cross-entropy.</summary>
    public required double Loss { get; init; }

    /// <summary>By their released names.</summary>
    public required Dictionary<string, JsonElement> Parameters { get; init; }

    /// <summary>The gradient of the loss at the parameters.</summary>
    public required Dictionary<string, JsonElement> Gradients { get; init; }

    /// <summary>The Gumbel noise at the scores of each sentence and step.</summary>
    public double[][][]? GumbelNoise { get; init; }

    /// <summary>The logits with the merges of the highest scores.</summary>
    public required double[][] EvalLogits { get; init; }

    /// <summary>What the case is called in a table.</summary>
    internal string Name(string form) => $"listops {Method}, {form}";

    /// <summary>The largest |recomputed − expected| / max(1, |expected|) of loss, gradients and logits.</summary>
    internal double LargestError(Func<TreeLstm, ITreeForm> form)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(0);
        using var model = new TreeLstm(Rows(0), Rows(10), D, dropout: 0, ScalarType.Float64, generator);
        using (no_grad())
        {
            foreach (var (name, parameter) in TreeLstm.ReleasedNames.Zip(model.All))
                parameter.copy_(tensor(Numbers(Parameters[name])).view(parameter.shape));
        }

        using var its = form(model);
        var batch = new Sentences(Words, Labels, [.. Words.Select((_, row) => (long)row)]) { Merges = Picks };
        var rule = new StoredMerges(Method == Gumbel ? null : (PathwiseEstimator)Estimators.Get(Method).Create(
            new Dictionary<string, object> { ["temperature"] = Tau }), Tau, GumbelNoise);
        var loss = its.Train(batch, rule).Loss;
        var logits = its.Evaluate(batch, rule).Logits;
        var gradients = TreeLstm.ReleasedNames.Zip(model.All).SelectMany(
            p => Numbers(Gradients[p.First]).Zip((p.Second.grad ?? zeros_like(p.Second)).data<double>().ToArray()));
        return gradients.Concat(EvalLogits.SelectMany(row => row).Zip(logits.Cast<double>())).Append((Loss, loss))
            .Max(pair => Error(pair.Item1, pair.Item2));

        static double Error(double expected, double got) => Math.Abs(got - expected) / Math.Max(1, Math.Abs(expected));
    }

    /// <summary>Rows of a matrix among the parameters, by its place in <see cref="TreeLstm.ReleasedNames"/>.</summary>
    private int Rows(int parameter) => Parameters[TreeLstm.ReleasedNames[parameter]].GetArrayLength();

    /// <summary>A vector or matrix, row by row.</summary>
    private static double[] Numbers(JsonElement element) => element.ValueKind == JsonValueKind.Array
        ? [.. element.EnumerateArray().SelectMany(Numbers)]
        : [element.GetDouble()];

    /// <summary>The merges that were chosen then, with the gradient of an estimator or, if there is none, of Gumbel-softmax by stored noise.</summary>
    private sealed record StoredMerges(PathwiseEstimator? Estimator, double Tau, double[][][]? Noise) : MergeRule
    {
        internal override MergeRule Settled => Highest;

        internal override bool Learns => true;

        internal override int Choose(Turn turn, ReadOnlySpan<double> scores) => turn.Merges![turn.Step];

        internal override Tensor Sample(Turn turn, Tensor scores)
        {
            var hard = OneHot.FromIndex(tensor((long)turn.Merges![turn.Step]), scores.shape[0], ScalarType.Float64);
            if (Estimator is not null)
                return Estimator.Attach(scores, hard);
            var soft = ((scores + tensor(Noise![turn.Key][turn.Step])) / Tau).softmax(-1);
            return hard + (soft - soft.detach());
        }

        internal override void Backward(
            Turn turn, ReadOnlySpan<double> scores, int chosen, ReadOnlySpan<double> atChoice, Span<double> atScores) =>
            Differentiate(turn, scores, atChoice, atScores);
    }
}
