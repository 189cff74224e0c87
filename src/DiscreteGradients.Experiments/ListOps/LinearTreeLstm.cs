namespace DiscreteGradients.Experiments;

/// <summary>
/// The same model with the same loss and the same gradient, at a cost that grows with the length of a sentence and not its square.
/// </summary>
/// <remarks>
/// A merge changes two pairs only, the ones beside it; all others are composed already. So a sentence of n symbols needs at most 3n − 5
/// compositions, and the matrix acts on 2n − 2 nodes. On the way back the pair that was chosen passes on the gradient of the node which it
/// became. Of any pair the score alone has one more, a number a: the estimator's answer to the gradient v at the one-hot choice. What a
/// pair passes on to its two nodes is a times the same two vectors at every step, since the composition's derivative is linear.
/// The estimator is asked for nothing else than a given v, so this holds for every one whose sample is exactly one-hot.
/// </remarks>
internal sealed class LinearTreeLstm(TreeLstm model) : ITreeForm
{
    private readonly ITreeWalk _walk =
        model.Embedding.dtype == ScalarType.Float64 ? new TreeWalk<double>(model) : new TreeWalk<float>(model);

    public Reading Train(Sentences batch, MergeRule rule)
    {
        using var scope = NewDisposeScope();
        var (roots, merges) = _walk.Forward(batch, rule, training: true);
        roots.requires_grad_();
        var (loss, reading) = Classify(batch, roots, merges, Dropout(batch));
        loss.backward();
        using var _ = no_grad();
        _walk.Backward(roots.grad!);
        return reading;
    }

    public Reading Evaluate(Sentences batch, MergeRule rule)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var (roots, merges) = _walk.Forward(batch, rule.Settled, training: false);
        return Classify(batch, roots, merges, dropout: null).Reading;
    }

    /// <summary>
    /// For each sentence the gradient of its own cross-entropy at the query, with drawn merges and without dropout. No parameter's
    /// <c>grad</c> is touched.
    /// </summary>
    internal double[][] QueryGradients(Sentences batch, MergeRule rule)
    {
        using var scope = NewDisposeScope();
        var (roots, _) = _walk.Forward(batch, rule, training: false);
        roots.requires_grad_();
        var loss = nn.functional.cross_entropy(model.Classify(roots, dropout: null), Labels(batch), reduction: nn.Reduction.Sum);
        return _walk.QueryGradients(Derivatives.Of(loss, [roots])[0]!);
    }

    internal TreeLstm Model => model;

    private static Tensor Labels(Sentences batch) => tensor(batch.Labels.Select(label => (long)label).ToArray());

    private (Tensor Loss, Reading Reading) Classify(Sentences batch, Tensor roots, int[][] merges, Tensor? dropout)
    {
        var logits = model.Classify(roots, dropout);
        var loss = nn.functional.cross_entropy(logits, Labels(batch));
        return (loss, Reading.Of(loss, logits, merges));
    }

    /// <summary>What roots and hidden layer are multiplied by [B, 2, d].</summary>
    private Tensor Dropout(Sentences batch)
    {
        var factors = new double[batch.Count, 2 * model.Size];
        for (var sentence = 0; sentence < batch.Count; sentence++)
        {
            var row = System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref factors[sentence, 0], 2 * model.Size);
            model.Drop(batch.DropoutNoise(sentence), (long)batch.Words[sentence].Length * model.Size, row);
        }

        return tensor(factors).view(batch.Count, 2, model.Size).to_type(model.Embedding.dtype);
    }

    public void Dispose() => _walk.Dispose();
}

/// <summary>The part of the linear form between the symbols and the roots.</summary>
internal interface ITreeWalk : IDisposable
{
    /// <summary>The roots' h [B, d] in the order of the batch, and the merges that led to them.</summary>
    (Tensor Roots, int[][] Merges) Forward(Sentences batch, MergeRule rule, bool training);

    /// <summary>Adds the gradients of the parameters, from that at the roots [B, d] of the last way forward.</summary>
    void Backward(Tensor atRoots);

    /// <summary>The gradient at the query from each sentence, in the order of the batch, and nothing else.</summary>
    double[][] QueryGradients(Tensor atRoots);
}
