namespace DiscreteGradients.Experiments;

/// <summary>
/// The expectation over all (n − 1)! orders in which the pairs of a sentence can be merged, for sentences of a few symbols.
/// </summary>
/// <remarks>
/// What is compared is the gradient of the expected cross-entropy of a sentence at the query. Given the merges the loss does not depend on
/// the query, so all of this gradient comes from the choices, and it is what an estimator estimates. Without dropout.
/// </remarks>
internal static class MergeOrders
{
    /// <summary>The longest sentence: 720 orders.</summary>
    internal const int Longest = 7;

    /// <summary>Trees read at once, which bounds the memory.</summary>
    private const int Rows = 512;

    /// <summary>E[cross-entropy] of a sentence as a function of the parameters, which can be differentiated.</summary>
    /// <param name="model">The parameters.</param>
    /// <param name="words">At most <see cref="Longest"/> symbols.</param>
    /// <param name="label">The class.</param>
    /// <param name="law">What the merges are drawn from, given the scores.</param>
    internal static Tensor ExpectedLoss(TreeLstm model, int[] words, int label, SamplingLaw law)
    {
        using var scope = NewDisposeScope();
        using var form = new PlainTreeLstm(model);
        var (h, c) = form.Leaves(new Sentences([words], [label], [0]), words.Length, dropout: null);
        var orders = zeros([1], h.dtype);  // log-probabilities of the merges so far, one row for each way to make them
        while (h.shape[1] > 1)
        {
            (Tensor H, Tensor C) left = (h[.., ..^1], c[.., ..^1]), right = (h[.., 1..], c[.., 1..]);
            var composed = form.Compose(left, right);
            var pairs = composed.H.shape[1];
            if (pairs > 1)
            {
                var scores = composed.H.matmul(model.Query) / Math.Sqrt(model.Size);
                orders = (orders.unsqueeze(-1) + law.LogProbabilities(scores)).flatten();
            }

            var choice = eye(pairs, dtype: h.dtype).view(1, pairs, pairs, 1);  // each row goes on with each of its pairs
            var behind = choice.cumsum(2) - choice;
            var before = 1 - choice.cumsum(2);
            h = After(composed.H, left.H, right.H);
            c = After(composed.C, left.C, right.C);

            Tensor After(Tensor merged, Tensor left, Tensor right) =>
                (choice * merged.unsqueeze(1) + before * left.unsqueeze(1) + behind * right.unsqueeze(1)).flatten(0, 1);
        }

        var losses = nn.functional.cross_entropy(
            model.Classify(h.squeeze(1), dropout: null), full([h.shape[0]], label, ScalarType.Int64), reduction: nn.Reduction.None);
        return (orders.exp() * losses).sum().MoveToOuterDisposeScope();
    }

    /// <summary>The gradient of <see cref="ExpectedLoss"/> at the query.</summary>
    internal static double[] Gradient(TreeLstm model, int[] words, int label, SamplingLaw law)
    {
        using var scope = NewDisposeScope();
        if (words.Length < 3)
            return new double[model.Size];  // there is no choice
        var gradient = Derivatives.Of(ExpectedLoss(model, words, label, law), [model.Query])[0]!;
        return gradient.to_type(ScalarType.Float64).data<double>().ToArray();
    }

    /// <summary>
    /// How far an estimator's gradient at the query is from the exact one, from that many draws for each sentence; norms are over all
    /// sentences and entries together.
    /// </summary>
    /// <param name="form">The model, which stays as it is.</param>
    /// <param name="sentences">Sentences of 3 to <see cref="Longest"/> symbols; their keys are what the draws follow from.</param>
    /// <param name="rule">The estimator.</param>
    /// <param name="draws">At least 2.</param>
    internal static GradientErrors Measure(LinearTreeLstm form, Sentences sentences, EstimatedMerges rule, int draws)
    {
        using var scope = NewDisposeScope();
        var (model, law) = (form.Model, rule.Estimator.Law());
        var (means, exact, variance) = (new List<Tensor>(), new List<Tensor>(), 0.0);
        for (var sentence = 0; sentence < sentences.Count; sentence++)
        {
            exact.Add(tensor(Gradient(model, sentences.Words[sentence], sentences.Labels[sentence], law)));
            var moments = new GradientMoments(exact[^1]);
            for (var done = 0; done < draws; done += Rows)
            {
                var some = Enumerable.Range(done, Math.Min(Rows, draws - done)).ToArray();
                var copies = new Sentences(
                    Array.ConvertAll(some, _ => sentences.Words[sentence]), Array.ConvertAll(some, _ => sentences.Labels[sentence]),
                    Array.ConvertAll(some, draw => sentences.Keys[sentence] + draw));
                using var step = NewDisposeScope();
                moments.Add(stack(form.QueryGradients(copies, rule).Select(gradient => tensor(gradient))));
            }

            means.Add(moments.Mean);
            variance += moments.Variance;
        }

        return GradientErrors.Of(stack(means), stack(exact), variance);
    }
}
