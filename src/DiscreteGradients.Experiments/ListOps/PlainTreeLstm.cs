namespace DiscreteGradients.Experiments;

/// <summary>
/// The model as the released code computes it: at every step all neighbouring pairs are composed, and autograd finds the gradient. It is
/// the definition, and takes time and memory of the order of the square of the longest sentence.
/// </summary>
/// <remarks>
/// Letters: B sentences, M nodes of the longest, d the size. The nodes of shorter sentences are followed by padding, which nothing depends
/// on.
/// </remarks>
internal sealed class PlainTreeLstm(TreeLstm model) : ITreeForm
{
    private readonly int _size = model.Size;

    public Reading Train(Sentences batch, MergeRule rule)
    {
        using var scope = NewDisposeScope();
        var (loss, reading) = Read(batch, rule, training: true);
        loss.backward();
        return reading;
    }

    public Reading Evaluate(Sentences batch, MergeRule rule)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        return Read(batch, rule.Settled, training: false).Reading;
    }

    public void Dispose()
    {
    }

    private (Tensor Loss, Reading Reading) Read(Sentences batch, MergeRule rule, bool training)
    {
        var longest = batch.Words.Max(words => words.Length);
        var dropout = training ? Dropout(batch, longest) : null;
        var (h, c) = Leaves(batch, longest, dropout);
        var merges = batch.Words.Select(words => new int[words.Length - 1]).ToArray();
        for (var step = 0; step < longest - 1; step++)
        {
            (Tensor H, Tensor C) left = (h[.., ..^1], c[.., ..^1]), right = (h[.., 1..], c[.., 1..]);
            var composed = Compose(left, right);
            var choice = Choices(composed.H.matmul(model.Query) / Math.Sqrt(_size), batch, step, rule, merges).unsqueeze(-1);

            // Nodes before the merged pair stay, those behind it move up by one: zeros and ones that carry the choice's gradient.
            var behind = choice.cumsum(1) - choice;
            var before = 1 - choice.cumsum(1);
            h = choice * composed.H + before * left.H + behind * right.H;
            c = choice * composed.C + before * left.C + behind * right.C;
        }

        var logits = model.Classify(h.squeeze(1), dropout?[.., ^2..]);
        var loss = nn.functional.cross_entropy(logits, tensor(batch.Labels.Select(label => (long)label).ToArray()));
        return (loss, Reading.Of(loss, logits, merges));
    }

    /// <summary>The LSTM over the symbols, from left to right: states h and c [B, M, d] of the leaves.</summary>
    internal (Tensor H, Tensor C) Leaves(Sentences batch, int longest, Tensor? dropout)
    {
        var words = tensor(batch.Words.SelectMany(w => w.Select(i => (long)i).Concat(new long[longest - w.Length])).ToArray());
        var embedded = model.Embedding.index_select(0, words).view(batch.Count, longest, _size);
        if (dropout is not null)
            embedded *= dropout[.., ..longest];
        var h = zeros([batch.Count, _size], embedded.dtype);
        var (c, leaves) = (h, new List<(Tensor H, Tensor C)>());
        for (var i = 0; i < longest; i++)
        {
            var z = nn.functional.linear(embedded[.., i], model.LeafInput, model.LeafInputBias)
                + nn.functional.linear(h, model.LeafHidden, model.LeafHiddenBias);
            var gates = z.chunk(4, -1);  // input, forget, new, output
            c = gates[1].sigmoid() * c + gates[0].sigmoid() * gates[2].tanh();
            h = gates[3].sigmoid() * c.tanh();
            leaves.Add((h, c));
        }

        return (stack(leaves.Select(leaf => leaf.H), 1), stack(leaves.Select(leaf => leaf.C), 1));
    }

    /// <summary>The node that each pair would become.</summary>
    internal (Tensor H, Tensor C) Compose((Tensor H, Tensor C) left, (Tensor H, Tensor C) right)
    {
        var gates = nn.functional.linear(cat([left.H, right.H], -1), model.Cell, model.CellBias).chunk(5, -1);
        var c = left.C * (gates[1] + 1).sigmoid() + right.C * (gates[2] + 1).sigmoid() + gates[3].tanh() * gates[0].sigmoid();
        return (gates[4].sigmoid() * c.tanh(), c);
    }

    /// <summary>The chosen pair of each sentence, one-hot among all [B, m]; nothing for a sentence that is one node already.</summary>
    private static Tensor Choices(Tensor scores, Sentences batch, int step, MergeRule rule, int[][] merges)
    {
        var rows = new List<Tensor>();
        for (var sentence = 0; sentence < batch.Count; sentence++)
        {
            var turn = batch.At(sentence, step);
            var pairs = Math.Max(0, turn.Pairs);
            var choice = pairs > 1
                ? rule.Sample(turn, scores[sentence, ..pairs].to_type(ScalarType.Float64)).to_type(scores.dtype)
                : ones(pairs, scores.dtype);
            if (pairs > 0)
                merges[sentence][step] = (int)choice.argmax().item<long>();
            rows.Add(nn.functional.pad(choice, [0, scores.shape[1] - pairs]));
        }

        return stack(rows);
    }

    /// <summary>0 or 1 / (1 − rate) for every entry of the embedded symbols, then of root and hidden layer [B, M + 2, d].</summary>
    private Tensor Dropout(Sentences batch, int longest)
    {
        var keep = zeros([batch.Count, longest + 2, _size], ScalarType.Float64);
        for (var sentence = 0; sentence < batch.Count; sentence++)
        {
            var (noise, n) = (batch.DropoutNoise(sentence), batch.Words[sentence].Length);
            var factors = new double[(n + 2) * _size];
            model.Drop<double>(noise, 0, factors);
            var rows = tensor(factors).view(n + 2, _size);
            keep[sentence, ..n] = rows[..n];
            keep[sentence, -2] = rows[n];
            keep[sentence, -1] = rows[n + 1];
        }

        return keep.to_type(model.Embedding.dtype);
    }
}
