namespace DiscreteGradients.Experiments.Tests.ListOps;

public sealed class MergeOrdersTests : IDisposable
{
    private readonly TreeLstm _model;
    private readonly LinearTreeLstm _form;

    public MergeOrdersTests()
    {
        using var generator = new Generator(3);
        _model = new TreeLstm(6, 3, 5, dropout: 0, ScalarType.Float64, generator);
        _form = new LinearTreeLstm(_model);
        using var _ = no_grad();
        foreach (var parameter in _model.All)
            parameter.normal_(0, 0.7, generator);
        _model.Query.normal_(0, 3, generator);
    }

    public void Dispose()
    {
        _form.Dispose();
        _model.Dispose();
    }

    [Fact]
    public void Three_symbols_have_two_trees_and_a_gradient_in_closed_form()
    {
        using var scope = NewDisposeScope();
        int[] words = [1, 4, 2];
        var (first, second) = (Loss(words, 2, [0, 0]), Loss(words, 2, [1, 0]));
        using var form = new PlainTreeLstm(_model);
        var (h, c) = form.Leaves(new Sentences([words], [2], [0]), 3, null);
        var pairs = form.Compose((h[.., ..^1], c[.., ..^1]), (h[.., 1..], c[.., 1..])).H.squeeze(0);
        var difference = (pairs[0] - pairs[1]) / Math.Sqrt(5);
        var p = difference.dot(_model.Query).sigmoid().item<double>();

        Assert.Equal((p * first) + ((1 - p) * second), Expected(words, 2, SamplingLaw.Softmax), 1e-13);
        var gradient = (difference * (p * (1 - p) * (first - second))).detach();
        Assert.All(
            gradient.data<double>().ToArray().Zip(MergeOrders.Gradient(_model, words, 2, SamplingLaw.Softmax)),
            both => Assert.Equal(both.First, both.Second, 1e-13));
    }

    [Theory]
    [InlineData(4, 1, 1000)]
    [InlineData(5, 1, 1000)]
    [InlineData(7, 1, 1000)]
    [InlineData(5, 2.5, 4000)]  // the two laws have close losses
    public void Merges_drawn_by_a_form_have_the_loss_that_is_expected_under_the_law(int length, double temperature, int draws)
    {
        int[] words = [.. Enumerable.Range(0, length).Select(i => (i * 5 + 1) % 6)];
        var estimator = new DecoupledStraightThrough(temperature);
        var drawn = new Sentences(
            [.. Enumerable.Repeat(words, draws)], new int[draws], [.. Enumerable.Range(0, draws).Select(i => (long)i)]);
        var orders = _form.Train(drawn, new EstimatedMerges(estimator)).Merges.GroupBy(chosen => string.Join(',', chosen))
            .Select(order => (Count: order.Count(), Loss: Loss(words, 0, order.First()))).ToList();
        var mean = orders.Sum(order => order.Count * order.Loss) / draws;
        var variance = orders.Sum(order => order.Count * (order.Loss - mean) * (order.Loss - mean)) / draws;

        Assert.InRange(orders.Count, 4, 720);
        Assert.InRange(Math.Abs(mean - Expected(words, 0, estimator.Law())), 1e-12, 5 * Math.Sqrt(variance / draws));
    }

    [Fact]
    public void The_gradient_at_the_query_is_the_slope_of_the_expected_loss()
    {
        int[] words = [0, 5, 3, 3, 1, 2];
        var gradient = MergeOrders.Gradient(_model, words, 1, SamplingLaw.Softmax);
        for (var i = 0; i < 5; i++)
        {
            Move(i, 1e-5);
            var above = Expected(words, 1, SamplingLaw.Softmax);
            Move(i, -2e-5);
            var below = Expected(words, 1, SamplingLaw.Softmax);
            Move(i, 1e-5);
            Assert.Equal((above - below) / 2e-5, gradient[i], 1e-9);
        }

        Assert.Null(_model.Query.grad);

        void Move(int i, double by)
        {
            using var _ = no_grad();
            _model.Query[i] += by;
        }
    }

    [Fact]
    public void The_gradients_of_sentences_add_up_to_that_of_their_batch()
    {
        using var generator = new Generator(3);
        using var dropping = new TreeLstm(6, 3, 5, dropout: 0.5, ScalarType.Float64, generator);
        using (no_grad())
        {
            foreach (var (its, mine) in dropping.All.Zip(_model.All))
                its.copy_(mine);
        }

        using var form = new LinearTreeLstm(dropping);
        var batch = new Sentences([[1, 2, 3, 4], [0, 5, 1, 1, 2, 3], [2], [4, 4]], [0, 1, 2, 0], [5, 6, 7, 8]);
        var rule = new EstimatedMerges(new ReinMax());

        var gradients = form.QueryGradients(batch, rule);
        Assert.All(dropping.All, parameter => Assert.Null(parameter.grad));
        _form.Train(batch, rule);

        var all = _model.Query.grad!.data<double>().ToArray();
        Assert.Contains(all, entry => entry != 0);
        for (var i = 0; i < 5; i++)
            Assert.Equal(all[i], gradients.Sum(gradient => gradient[i]) / 4, 1e-15);
    }

    [Fact]
    public void A_second_order_estimator_has_less_bias_than_a_first_order_one()
    {
        var sentences = new Sentences([[1, 2, 3, 4], [0, 5, 1, 1, 2]], [0, 1], [100_000, 200_000]);

        var first = MergeOrders.Measure(_form, sentences, new EstimatedMerges(new StraightThrough()), 5000);
        var second = MergeOrders.Measure(_form, sentences, new EstimatedMerges(new ReinMax()), 5000);

        Assert.InRange(second.Bias, 0.001, 0.8 * first.Bias);
        Assert.InRange(second.Cosine, first.Cosine, 1);
        Assert.InRange(second.Deviation, 0.01, 100);
    }

    private double Loss(int[] words, int label, int[] merges) =>
        _form.Evaluate(new Sentences([words], [label], [0]) { Merges = [merges] }, MergeRule.Given).Loss;

    private double Expected(int[] words, int label, SamplingLaw law)
    {
        using var _ = no_grad();
        using var loss = MergeOrders.ExpectedLoss(_model, words, label, law);
        return loss.item<double>();
    }
}
