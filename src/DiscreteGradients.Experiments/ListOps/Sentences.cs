namespace DiscreteGradients.Experiments;

/// <summary>Some sentences that are read together.</summary>
/// <param name="Words">The symbols of each sentence, at least one.</param>
/// <param name="Labels">The class of each.</param>
/// <param name="Keys">
/// What each draws from: dropout and merges are functions of the sentence's key, whatever else is in the batch. Evaluation draws nothing.
/// </param>
internal sealed record Sentences(IReadOnlyList<int[]> Words, IReadOnlyList<int> Labels, IReadOnlyList<long> Keys)
{
    /// <summary>The merges that <see cref="MergeRule.Given"/> makes: for each sentence its positions, step by step.</summary>
    internal IReadOnlyList<int[]>? Merges { get; init; }

    internal int Count => Words.Count;

    /// <summary>Where a sentence stands after some merges.</summary>
    internal Turn At(int sentence, int step) => new(Words[sentence].Length, step, Keys[sentence], Merges?[sentence]);

    /// <summary>
    /// A sentence's noise for its dropout: entry j of symbol i has the number i · d + j; then come root and hidden layer.
    /// </summary>
    internal Noise DropoutNoise(int sentence) => Noise.Seeded(Keys[sentence], 0);
}

/// <summary>A sentence before one of its merges.</summary>
/// <param name="Leaves">Its symbols, n.</param>
/// <param name="Step">Merges made, from 0 to n − 2.</param>
/// <param name="Key">The sentence's key.</param>
/// <param name="Merges">Its given merges, if there are some.</param>
internal readonly record struct Turn(int Leaves, int Step, long Key, int[]? Merges)
{
    /// <summary>Neighbouring pairs, of which one is merged.</summary>
    internal int Pairs => Leaves - Step - 1;

    internal Noise Noise => Noise.Seeded(Key, Step + 1);
}

/// <summary>What a model makes of some sentences.</summary>
/// <param name="Loss">The mean cross-entropy.</param>
/// <param name="Logits">[sentences, C].</param>
/// <param name="Merges">The chosen positions of each sentence, n − 1 of them; the last is always 0.</param>
internal sealed record Reading(double Loss, double[,] Logits, int[][] Merges)
{
    internal static Reading Of(Tensor loss, Tensor logits, int[][] merges) => new(
        loss.detach().to_type(ScalarType.Float64).item<double>(),
        (double[,])logits.detach().to_type(ScalarType.Float64).data<double>().ToNDArray(),
        merges);
}

/// <summary>A way to compute the model.</summary>
internal interface ITreeForm : IDisposable
{
    /// <summary>Reads with dropout and drawn merges, and adds the gradient of the loss to the parameters' <c>grad</c>.</summary>
    Reading Train(Sentences batch, MergeRule rule);

    /// <summary>Reads without dropout, with the merges of the highest scores.</summary>
    Reading Evaluate(Sentences batch, MergeRule rule);
}
