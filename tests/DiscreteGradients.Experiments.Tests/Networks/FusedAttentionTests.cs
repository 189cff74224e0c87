namespace DiscreteGradients.Experiments.Tests.Networks;

public sealed class FusedAttentionTests
{
    public static TheoryData<int, int, int, int, double> Shapes => new()
    {
        { 1, 1, 1, 1, 0 },
        { 2, 3, 1, 5, 0 },
        { 2, 16, 2, 16, 0 },
        { 3, 32, 4, 16, 0.1 },
        { 2, 33, 2, 20, 0.5 },
        { 16, 32, 8, 16, 0.1 },
        { 1, 70, 3, 7, 0 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Attention_and_its_gradient_are_those_of_the_definition(int batch, int length, int heads, int size, double share)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var (scale, dropping) = (0.3, new Dropping(Noise.Draw(generator), share));
        var upstream = randn([batch, length, heads * size], generator: generator);
        var all = randn([batch, length, 3 * heads * size], generator: generator).mul_(2);
        var (fused, readable) = (all.clone().requires_grad_(), all.to_type(ScalarType.Float64).requires_grad_());

        foreach (var threads in (ReadOnlySpan<int>)[1, 2])
        {
            set_num_threads(threads);
            fused.grad = readable.grad = null;
            var mine = FusedAttention.Apply(fused, heads, scale, dropping);
            var its = FusedAttention.Readable(readable, heads, scale, dropping);
            (mine * upstream).sum().backward();
            (its * upstream).sum().backward();

            Near(its, mine);
            Near(readable.grad!, fused.grad!);
        }

        set_num_threads(1);
    }

    [Fact]
    public void A_place_does_not_see_those_after_it()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        var all = randn([1, 20, 3 * 8], generator: generator);
        var other = all.clone();
        other[.., 12..] += 5;

        var (before, after) = (
            FusedAttention.Apply(all, 2, 1, Dropping.None), FusedAttention.Apply(other, 2, 1, Dropping.None));

        Assert.True(before[.., ..12].Equals(after[.., ..12]));
        Assert.False(before[.., 12..].Equals(after[.., 12..]));
    }

    [Theory]
    [InlineData(1, 0.1)]
    [InlineData(15, 0.5)]
    [InlineData(70_000, 0.25)]
    public void Dropout_keeps_the_mean_and_its_gradient_has_the_same_mask(int length, double share)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var dropping = new Dropping(Noise.Draw(generator), share);
        var x = randn([length], generator: generator).requires_grad_();

        var y = FusedDropout.Apply(x, dropping);
        y.sum().backward();

        Assert.True(x.grad!.Equals(dropping.Factors([length])));
        Assert.True(y.detach().Equals(x.detach() * x.grad));
        var kept = x.grad.ne(0).to_type(ScalarType.Float64).mean().item<double>();
        Assert.InRange(Math.Abs(kept - (1 - share)), 0, Math.Max(5 * Math.Sqrt(share * (1 - share) / length), 1e-9));
        Assert.All(x.grad.data<float>(), factor => Assert.True(factor == 0 || Math.Abs(factor - (1 / (1 - share))) < 1e-6));
    }

    private static void Near(Tensor expected, Tensor actual)
    {
        var (want, got) = (expected.detach().to_type(ScalarType.Float64), actual.detach().to_type(ScalarType.Float64));
        Assert.InRange((want - got).abs().max().item<double>(), 0, 2e-6 * (1 + want.abs().max().item<double>()));
    }
}
