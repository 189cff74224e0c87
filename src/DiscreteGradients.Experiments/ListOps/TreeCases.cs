namespace DiscreteGradients.Experiments;

/// <summary>A reading of some sentences by another program, with all it drew, so that it can be computed again. Without dropout.</summary>
internal sealed record TreeCase
{
    /// <summary><c>reinmax</c>, <c>st</c> or <c>gumbel</c>, straight-through Gumbel-softmax.</summary>
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
        var rule = new StoredMerges(Method == "gumbel" ? null : (PathwiseEstimator)Estimators.Get(Method).Create(
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

    /// <summary>
    /// The merges that were chosen then, with the gradient of an estimator or, if there is none, of Gumbel-softmax by stored noise.
    /// </summary>
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

/// <summary>Reads a file of <see cref="TreeCase"/>, a JSON array of objects with its fields in snake case.</summary>
internal static class TreeCases
{
    private const int LargestSize = 4096;

    private static readonly string[] Methods = ["reinmax", "st", "gumbel"];

    /// <summary>Reads and checks every case.</summary>
    /// <returns>Null if the stream holds something else, which others may know.</returns>
    /// <exception cref="InvalidDataException">One sentence that names the case and the field.</exception>
    internal static IReadOnlyList<TreeCase>? Read(Stream stream)
    {
        try
        {
            using var document = JsonDocument.Parse(stream);
            var root = document.RootElement;
            return root.ValueKind == JsonValueKind.Array && root.GetArrayLength() > 0
                && root[0].ValueKind == JsonValueKind.Object && root[0].TryGetProperty("words", out _)
                ? [.. root.Clone().EnumerateArray().Select(Read)]
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static TreeCase Read(JsonElement element, int index)
    {
        try
        {
            StrictJson.Check(element);
            var read = StrictJson.Read<TreeCase>(element);
            return Flaw(read) is { } flaw ? throw new InvalidDataException($"case {index}: {flaw}.") : read;
        }
        catch (WrongJsonException e)
        {
            throw new InvalidDataException($"case {index}: {e.Message}.", e);
        }
    }

    /// <summary>What is wrong with a case whose fields are all there, as a clause; null if nothing is.</summary>
    private static string? Flaw(TreeCase c)
    {
        if (!Methods.Contains(c.Method))
            return $"field 'method' must be one of {string.Join(", ", Methods)}; got '{StrictJson.Printable(c.Method)}'";
        if (c.Tau is not (>= Precision.LeastTemperature and <= Precision.LargestTemperature))
            return $"field 'tau' must be from 1e-30 to 1e30; got {c.Tau}";
        if (c.D is < 1 or > LargestSize)
            return $"field 'd' must be from 1 to {LargestSize}; got {c.D}";
        var (symbols, classes) = (Rows(c, 0), Rows(c, 10));
        return Tensors(c.Parameters, "parameters", c.D, symbols, classes) ?? Tensors(c.Gradients, "gradients", c.D, symbols, classes)
            ?? Sentences(c, symbols, classes);
    }

    private static string? Sentences(TreeCase c, int symbols, int classes)
    {
        if (c.Words.Length == 0 || c.Words.Any(words => words.Length == 0))
            return "field 'words' must hold sentences of at least one symbol";
        if (c.Words.Any(words => words.Any(word => word < 0 || word >= symbols)))
            return $"field 'words' must hold numbers from 0 to {symbols - 1}";
        if (!c.Lengths.SequenceEqual(c.Words.Select(words => words.Length)))
            return "field 'lengths' must hold the lengths of 'words'";
        if (c.Labels.Length != c.Words.Length || c.Labels.Any(label => label < 0 || label >= classes))
            return $"field 'labels' must hold a number from 0 to {classes - 1} for each sentence";
        if (c.EvalLogits.Length != c.Words.Length || c.EvalLogits.Any(row => row.Length != classes))
            return $"field 'eval_logits' must hold {classes} numbers for each sentence";
        if (c.Picks.Length != c.Words.Length || c.Picks.Zip(c.Lengths).Any(p => !Fit(p.First, p.Second)))
            return "field 'picks' must hold the position of a pair for each merge of a sentence but the last";
        if (c.Method != "gumbel")
            return c.GumbelNoise is null ? null : "field 'gumbel_noise' belongs to the method gumbel only";
        return c.GumbelNoise is not null && Fit(c.GumbelNoise, c.Lengths)
            ? null : "field 'gumbel_noise' must hold a number for each pair at each merge of a sentence but the last";
    }

    private static bool Fit(int[] picks, int length) =>
        picks.Length == Math.Max(0, length - 2) && picks.Index().All(pick => pick.Item >= 0 && pick.Item < length - 1 - pick.Index);

    private static bool Fit(double[][][] noise, int[] lengths) => noise.Length == lengths.Length && noise.Zip(lengths).All(
        row => row.First.Length == Math.Max(0, row.Second - 2)
            && row.First.Index().All(step => step.Item.Length == row.Second - 1 - step.Index));

    private static string? Tensors(Dictionary<string, JsonElement> tensors, string field, int d, int symbols, int classes)
    {
        int[][] shapes =
        [
            [symbols, d], [d], [4 * d, d], [4 * d, d], [4 * d], [4 * d], [5 * d, 2 * d], [5 * d], [d, d], [d], [classes, d], [classes],
        ];
        foreach (var (name, shape) in TreeLstm.ReleasedNames.Zip(shapes))
        {
            if (!tensors.TryGetValue(name, out var tensor))
                return $"field '{field}.{name}' is missing";
            if (!Has(tensor, shape))
                return $"field '{field}.{name}' must hold numbers of shape [{string.Join(", ", shape)}]";
        }

        return tensors.Keys.FirstOrDefault(name => !TreeLstm.ReleasedNames.Contains(name)) is { } unknown
            ? $"field '{field}.{StrictJson.Printable(unknown)}' is not known" : null;
    }

    private static bool Has(JsonElement element, ReadOnlySpan<int> shape)
    {
        if (shape.IsEmpty)
            return element.ValueKind == JsonValueKind.Number;
        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() != shape[0] || shape[0] == 0)
            return false;
        foreach (var row in element.EnumerateArray())
        {
            if (!Has(row, shape[1..]))
                return false;
        }

        return true;
    }

    /// <summary>Rows of a matrix among the parameters, 0 if it is none.</summary>
    private static int Rows(TreeCase c, int parameter) =>
        c.Parameters.TryGetValue(TreeLstm.ReleasedNames[parameter], out var matrix) && matrix.ValueKind == JsonValueKind.Array
            ? matrix.GetArrayLength() : 0;
}
