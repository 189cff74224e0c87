namespace DiscreteGradients.Experiments.Tests.ListOps;

public sealed class TreeLstmTests
{
    private const int Symbols = 7;
    private const int Classes = 4;

    public static TheoryData<string> Pathwise => [.. Estimators.All.Where(e => e.Default is PathwiseEstimator).Select(e => e.Name)];

    [Theory]
    [InlineData("reinmax", false)]
    [InlineData("reinmax", true)]
    [InlineData("st", false)]
    [InlineData("st", true)]
    [InlineData("gumbel", false)]
    [InlineData("gumbel", true)]
    public void The_papers_own_code_computes_the_same_loss_gradients_and_logits(string method, bool linear)
    {
        var stored = Assert.Single(Golden(), c => c.Method == method);

        Assert.InRange(stored.LargestError(model => linear ? new LinearTreeLstm(model) : new PlainTreeLstm(model)), 0, 1e-12);
    }

    [Theory]
    [MemberData(nameof(Pathwise))]
    public void The_linear_form_is_the_plain_one_for_every_pathwise_estimator(string estimator)
    {
        var rule = new EstimatedMerges((PathwiseEstimator)Estimators.Get(estimator).Default);

        Agree(rule, ScalarType.Float64, size: 20, 1e-12, [[9, 1, 3, 2, 6, 2, 1, 12], [1], [2, 2], [3, 1, 2], [17, 16, 16, 5]]);
        Agree(
            rule, ScalarType.Float32, size: 37, 1e-4,
            [[9, 1, 3, 2, 6, 2, 1, 12], [5, 31, 4, 11, 7, 7, 30, 3, 2, 6, 13, 9, 8, 22, 16, 18]]);
    }

    [Theory]
    [InlineData("untrained")]
    [InlineData("left to right")]
    [InlineData("right to left")]
    [InlineData("balanced")]
    [InlineData("given")]
    [InlineData("highest")]
    public void The_linear_form_is_the_plain_one_for_merges_without_a_gradient(string name)
    {
        var rule = name switch
        {
            "untrained" => new UntrainedMerges(),
            "left to right" => MergeRule.LeftToRight,
            "right to left" => MergeRule.RightToLeft,
            "balanced" => MergeRule.Balanced,
            "given" => MergeRule.Given,
            _ => MergeRule.Highest,
        };

        Agree(rule, ScalarType.Float64, size: 8, 1e-12, [[7, 1, 3, 2, 10], [4, 4, 6]]);
    }

    [Fact]
    public void What_is_read_of_a_sentence_depends_neither_on_its_place_nor_on_the_others()
    {
        using var scope = NewDisposeScope();
        var batch = Random([9, 1, 4, 12], seed: 5);
        var turned = new Sentences([.. batch.Words.Reverse()], [.. batch.Labels.Reverse()], [.. batch.Keys.Reverse()]);
        using var model = Model(12, ScalarType.Float64);
        foreach (var form in (ITreeForm[])[new PlainTreeLstm(model), new LinearTreeLstm(model)])
        {
            using (form)
            {
                var rule = new EstimatedMerges(new GumbelRao(3));
                var (all, back) = (form.Train(batch, rule), form.Train(turned, rule));
                for (var sentence = 0; sentence < batch.Count; sentence++)
                {
                    var alone = form.Train(
                        new Sentences([batch.Words[sentence]], [batch.Labels[sentence]], [batch.Keys[sentence]]), rule);
                    Assert.Equal(all.Merges[sentence], back.Merges[^(sentence + 1)]);
                    Assert.Equal(all.Merges[sentence], alone.Merges[0]);
                    for (var label = 0; label < Classes; label++)
                        Assert.Equal(all.Logits[sentence, label], alone.Logits[0, label], 1e-13);
                }
            }
        }
    }

    [Fact]
    public void Another_key_draws_other_merges()
    {
        using var model = Model(8, ScalarType.Float32);
        using var form = new LinearTreeLstm(model);
        var rule = new EstimatedMerges(new StraightThrough());
        var batch = Random([20, 20], seed: 1);

        var first = form.Train(batch, rule).Merges;
        var again = form.Train(batch, rule).Merges;
        var other = form.Train(batch with { Keys = [.. batch.Keys.Select(key => key + 1)] }, rule).Merges;

        Assert.Equal(first, again);
        Assert.NotEqual(first[0], other[0]);
        Assert.NotEqual(first[0], first[1]);
    }

    [Theory]
    [InlineData(1, new int[] { })]
    [InlineData(2, new[] { 0 })]
    [InlineData(3, new[] { 0, 0 })]
    [InlineData(5, new[] { 0, 1, 0, 0 })]
    [InlineData(8, new[] { 0, 1, 2, 3, 0, 1, 0 })]
    public void A_balanced_tree_is_built_round_by_round(int leaves, int[] merges)
    {
        using var model = Model(8, ScalarType.Float32);
        using var form = new LinearTreeLstm(model);

        Assert.Equal(merges, form.Evaluate(Random([leaves], seed: 1), MergeRule.Balanced).Merges[0]);
    }

    [Fact]
    public void Of_equal_scores_the_first_is_the_highest()
    {
        Assert.Equal(1, MergeRule.Highest.Choose(default, [1, 3, 3, 2]));
        Assert.Equal(0, new EstimatedMerges(new ReinMax()).Settled.Choose(default, [2, 2]));
        Assert.Equal(2, new UntrainedMerges().Settled.Choose(default, [-3, -2, -1]));
    }

    [Fact]
    public void The_parameters_begin_as_in_the_released_code()
    {
        using var scope = NewDisposeScope();
        using var model = Model(64, ScalarType.Float64);

        Assert.InRange(model.Embedding.std().item<double>(), 0.009, 0.011);
        Assert.InRange(model.Query.std().item<double>(), 0.007, 0.013);
        Assert.InRange(model.LeafInput.std().item<double>(), 0.97 * Math.Sqrt(2.0 / 64), 1.03 * Math.Sqrt(2.0 / 64));
        Assert.InRange(model.Hidden.std().item<double>(), 0.95 * Math.Sqrt(2.0 / 64), 1.05 * Math.Sqrt(2.0 / 64));
        foreach (var matrix in (Tensor[])[model.LeafHidden, model.Cell])
        {
            var unit = eye(matrix.shape[1], dtype: ScalarType.Float64);
            Assert.InRange((matrix.t().mm(matrix) - unit).abs().max().item<double>(), 0, 1e-13);
        }

        Assert.InRange(model.Output.abs().max().item<double>(), 0.0019, 0.002);
        Assert.Equal(64, model.LeafInputBias.sum().item<double>());
        Assert.Equal(64, model.LeafInputBias[64..128].sum().item<double>());
        Assert.All(
            (Tensor[])[model.LeafHiddenBias, model.CellBias, model.HiddenBias, model.OutputBias],
            bias => Assert.Equal(0, bias.abs().max().item<double>()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_tensor_is_left_over_by_a_step(bool linear)
    {
        using var model = Model(8, ScalarType.Float32);
        using ITreeForm form = linear ? new LinearTreeLstm(model) : new PlainTreeLstm(model);
        var rule = new EstimatedMerges(new ReinMax());
        var batch = Random([5, 3, 8], seed: 3);
        form.Train(batch, rule);
        form.Evaluate(batch, rule);

        var before = LiveTensors.Count();
        form.Train(batch, rule);
        form.Evaluate(batch, rule);

        Assert.Equal(before, LiveTensors.Count());
    }

    /// <summary>Both forms read the batches one after the other and must agree in all they give.</summary>
    private static void Agree(MergeRule rule, ScalarType dtype, int size, double bound, int[][] batches)
    {
        using var scope = NewDisposeScope();
        using var model = Model(size, dtype);
        using ITreeForm plain = new PlainTreeLstm(model), linear = new LinearTreeLstm(model);
        foreach (var (seed, lengths) in batches.Index())
        {
            var batch = Random(lengths, seed);
            Agree(plain.Evaluate(batch, rule), linear.Evaluate(batch, rule), bound);

            model.zero_grad();
            var expected = plain.Train(batch, rule);
            var gradients = model.All.Select(p => p.grad?.clone()).ToArray();
            model.zero_grad();
            Agree(expected, linear.Train(batch, rule), bound);
            foreach (var ((name, parameter), gradient) in model.named_parameters().Zip(gradients))
            {
                var largest = gradient?.abs().max().to_type(ScalarType.Float64).item<double>() ?? 0;
                var error = (parameter.grad is null ? gradient?.abs() : (parameter.grad - (gradient ?? zeros_like(parameter))).abs())
                    ?.max().to_type(ScalarType.Float64).item<double>() ?? 0;
                Assert.True(error <= bound * largest, $"{name}: off by {error}, the largest is {largest}");
            }
        }
    }

    private static void Agree(Reading expected, Reading got, double bound)
    {
        Assert.Equal(expected.Merges, got.Merges);
        Assert.InRange(Math.Abs(expected.Loss - got.Loss), 0, bound);
        Assert.All(
            expected.Logits.Cast<double>().Zip(got.Logits.Cast<double>()), p => Assert.InRange(Math.Abs(p.First - p.Second), 0, bound));
    }

    /// <summary>A model far enough from its beginning for scores and gradients to be of some size.</summary>
    private static TreeLstm Model(int size, ScalarType dtype)
    {
        using var generator = new Generator(7);
        var model = new TreeLstm(Symbols, Classes, size, dropout: 0.3, dtype, generator);
        if (size == 64)
            return model;
        using var _ = no_grad();
        model.Embedding.normal_(0, 1, generator);
        model.Query.normal_(0, 2, generator);
        model.Output.normal_(0, 1, generator);
        model.CellBias.normal_(0, 1, generator);
        return model;
    }

    private static Sentences Random(int[] lengths, int seed)
    {
        var random = new Random(seed);
        return new Sentences(
            [.. lengths.Select(n => Enumerable.Range(0, n).Select(_ => random.Next(Symbols)).ToArray())],
            [.. lengths.Select(_ => random.Next(Classes))],
            [.. lengths.Select(_ => random.NextInt64())])
        {
            Merges = [.. lengths.Select(n => Enumerable.Range(1, n - 1).Reverse().Select(pairs => random.Next(pairs)).ToArray())],
        };
    }

    private static IReadOnlyList<TreeCase> Golden()
    {
        using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "ListOps", "Golden", "listops.json"));
        return TreeCases.Read(file)!;
    }
}
