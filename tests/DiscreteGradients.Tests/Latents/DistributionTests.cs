using DiscreteGradients.Fused;
using DiscreteGradients.Testing;
using static TorchSharp.torch.autograd;

namespace DiscreteGradients.Tests;

public class DistributionTests
{
    public static TheoryData<int> Categories => [1, 2, 3, 8, 10, 16, 33, 65, 128, 129, 1_000, 5_001];

    [Theory]
    [MemberData(nameof(Categories))]
    public void Values_and_gradients_are_those_of_tensor_operations(int categories)
    {
        foreach (var (dtype, bound) in new[] { (ScalarType.Float64, 1e-11), (ScalarType.Float32, 2e-5) })
        {
            foreach (var (scale, masked) in new[] { (1.0, false), (1.0, true), (30, true) })
            {
                using var scope = NewDisposeScope();
                var plain = Conformance.Logits([5, categories]) * scale;
                if (masked)
                {
                    plain = plain.masked_fill(Conformance.Logits([5, categories], seed: 6) > 0.3, double.NegativeInfinity);
                    plain[TensorIndex.Ellipsis, categories / 2] = 0.25;
                }

                var logits = plain.to_type(dtype).requires_grad_();
                var hard = OneHot.FromIndex(full([5], categories / 2, ScalarType.Int64), categories, dtype);
                var v = Conformance.Logits([5, 1], seed: 4).squeeze(-1).to_type(dtype);
                var finite = logits.clamp_min(dtype == ScalarType.Float64 ? double.MinValue : float.MinValue);
                var logP = finite.log_softmax(-1).clamp_min(-1e30);
                var entropy = -(logP.exp() * logP).sum(-1);

                Close(Distribution.Entropy(logits), entropy);
                Close(Distribution.LogProbability(logits, hard), (logP * hard).sum(-1));
                Close(Distribution.DivergenceFromUniform(logits), Math.Log(categories) - entropy);

                void Close(Tensor mine, Tensor theirs)
                {
                    Assert.Equal(dtype, mine.dtype);
                    var off = ((mine - theirs).abs() / theirs.abs().clamp_min(1)).max().to_type(ScalarType.Float64).item<double>();
                    Assert.True(off <= bound, $"values differ by {off}: {dtype}, K = {categories}, scale {scale}, masked {masked}");
                    var difference = grad([mine], [logits], [v])[0] - grad([theirs], [logits], [v], retain_graph: true)[0];
                    var error = difference.abs().max().to_type(ScalarType.Float64).item<double>();
                    Assert.True(error <= bound, $"gradients differ by {error}: {dtype}, K = {categories}, scale {scale}, masked {masked}");
                }
            }
        }
    }

    [Fact]
    public void Uniform_and_certain_rows_have_the_known_values()
    {
        using var scope = NewDisposeScope();
        const double none = double.NegativeInfinity;
        var logits = tensor(new[] { 0.0, 0, 0, 0, 0, none, none, none }).view(2, 4);

        Assert.Equal([Math.Log(4), 0], Distribution.Entropy(logits).data<double>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-15);
        Assert.Equal(
            [0, Math.Log(4)], Distribution.DivergenceFromUniform(logits).data<double>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-15);
    }

    /// <summary>Rows from nearly uniform to nearly certain; the exact value of the same logits is computed with 28 digits.</summary>
    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void The_divergence_is_the_exact_one_rounded_once(ScalarType dtype)
    {
        foreach (var categories in new[] { 1, 2, 3, 7, 8, 33, 128, 1_024 })
        {
            var rows = categories <= RowLayout.ShortRow ? Tile<float>.Lanes + 1 : 2;  // a whole tile and one that is not
            foreach (var (scale, offset) in new[] { (1e-6, 0), (1e-3, 0), (0.01, 0), (0.1, 0), (0.1, 8), (0.3, 0), (1, -2), (8.0, 0) })
            {
                using var scope = NewDisposeScope();
                var logits = ((Conformance.Logits([rows, categories]) * scale) + offset).to_type(dtype);
                var got = Distribution.DivergenceFromUniform(logits).to_type(ScalarType.Float64).data<double>().ToArray();
                var readable = FusedStatistic.Readable(Statistic.DivergenceFromUniform, logits.to_type(ScalarType.Float64))
                    .data<double>().ToArray();
                for (var row = 0; row < rows; row++)
                {
                    var exact = Exact.DivergenceFromUniform(logits[row].to_type(ScalarType.Float64).data<double>().ToArray());
                    var (relative, least) = Rounding(dtype);
                    var bound = (relative * Math.Abs(exact)) + least + 1e-26;
                    Assert.True(
                        got[row] >= 0 && Math.Abs(got[row] - exact) <= bound,
                        $"K = {categories}, {scale}, {offset}: {got[row]:r}, not {exact:r}");
                    Assert.True(
                        Math.Abs(readable[row] - exact) <= (1e-13 * exact) + 1e-26,
                        $"K = {categories}, {scale}, {offset}: {readable[row]:r}, not {exact:r}");
                }
            }
        }
    }

    [Fact]
    public void The_divergence_of_a_hair_from_uniform_is_half_the_variance()
    {
        using var scope = NewDisposeScope();
        foreach (var hair in new[] { 1e-8, 1e-12, 1e-17 })
        {
            // p = ½ ± s/4 + O(s³), of which the divergence is s²/8 + O(s⁴).
            var (two, one) = (tensor(new[] { 0, hair, hair, 0, 0, 0 }).view(3, 2), tensor(new[] { 0, (float)hair }));
            Assert.Equal([hair * hair / 8, hair * hair / 8, 0], Distribution.DivergenceFromUniform(two).data<double>().ToArray(), Near);
            Assert.Equal(
                [hair * hair / 8, hair * hair / 8, 0],
                FusedStatistic.Readable(Statistic.DivergenceFromUniform, two).data<double>().ToArray(),
                Near);
            Assert.Equal((float)hair * (double)(float)hair / 8, Distribution.DivergenceFromUniform(one).item<float>(), 1e-7 * hair * hair);
            var slope = grad([Distribution.DivergenceFromUniform(two.requires_grad_()).sum()], [two])[0];
            Assert.Equal(
                [-hair / 4, hair / 4, hair / 4, -hair / 4, 0, 0],
                slope.data<double>().ToArray(),
                (a, b) => Math.Abs(a - b) <= 1e-14 * hair);
        }

        static bool Near(double a, double b) => Math.Abs(a - b) <= 1e-14 * b;
    }

    [Fact]
    public void Masked_categories_count_in_the_divergence()
    {
        using var scope = NewDisposeScope();
        foreach (var standIn in new[] { double.NegativeInfinity, -1e9, double.MinValue })
        {
            var logits = tensor(new[] { 0.25, standIn, 0.25, standIn, standIn, 0.25 + 1e-7 }).view(1, 6).requires_grad_();
            var divergence = Distribution.DivergenceFromUniform(logits);

            Assert.Equal(Math.Log(2), divergence.item<double>(), 1e-14);
            var slope = grad([divergence.sum()], [logits])[0];
            Assert.True(slope.isfinite().all().item<bool>());
            Assert.Equal(0, slope.masked_select(logits < -1).abs().max().item<double>());
        }
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void A_masked_category_has_log_probability_minus_infinity_and_no_gradient(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([4, 5]).to_type(dtype);
        logits[TensorIndex.Slice(0, 3), 1] = double.NegativeInfinity;
        var index = tensor(new long[] { 1, 0, 2, 1 });
        foreach (var weight in new[] { 1.0, -60_000 })
        {
            var leaf = logits.clone().requires_grad_();
            var log = Distribution.LogProbability(leaf, OneHot.FromIndex(index, 5, dtype));
            var gradient = grad([log * weight], [leaf], [ones_like(log)])[0];

            Assert.Equal([true, false, false, false], log.isneginf().data<bool>().ToArray());
            Assert.True(log[1..].isfinite().all().item<bool>());
            Assert.True(gradient.isfinite().all().item<bool>());
            Assert.Equal(0, gradient.masked_select(logits.isneginf()).abs().max().to_type(ScalarType.Float64).item<double>());
            Assert.Equal(0, gradient[0].abs().max().to_type(ScalarType.Float64).item<double>());
        }
    }

    [Theory]
    [InlineData(ScalarType.Float16, 1024)]
    [InlineData(ScalarType.BFloat16, 128)]
    [InlineData(ScalarType.Float32, 1e6)]
    [InlineData(ScalarType.Float64, 1e14)]
    public void A_common_offset_changes_nothing(ScalarType dtype, double offset)
    {
        foreach (var categories in new[] { 2, 10, 40, 3_000 })
        {
            using var scope = NewDisposeScope();
            var logits = (Conformance.Logits([6, categories]) * 2).round().to_type(dtype);
            logits[0, 1] = double.NegativeInfinity;
            var hard = OneHot.FromIndex(arange(6, ScalarType.Int64).remainder(categories).roll(1), categories, dtype);
            foreach (var of in new Func<Tensor, Tensor>[]
            {
                Distribution.Entropy, Distribution.DivergenceFromUniform, x => Distribution.LogProbability(x, hard),
                x => Distribution.LogProbability(x, hard.detach().requires_grad_(true)),
                x => FusedStatistic.Readable(Statistic.Entropy, Precision.AtLeastSingle(x)),
                x => FusedStatistic.Readable(Statistic.DivergenceFromUniform, x),
                x => FusedLogProbability.Readable(Precision.AtLeastSingle(x), hard.argmax(-1, keepdim: true)),
            })
            {
                var (near, far) = (logits.clone().requires_grad_(), (logits + offset).requires_grad_());
                var (a, b) = (of(near), of(far));
                Assert.True((a == b).all().item<bool>());
                Assert.True((grad([a.sum()], [near])[0] == grad([b.sum()], [far])[0]).all().item<bool>());
            }
        }
    }

    [Fact]
    public void Transposed_and_expanded_logits_and_half_precision_are_taken()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([4, 3]);
        var expected = Distribution.Entropy(logits);

        Assert.True((Distribution.Entropy(logits.t().contiguous().t()) - expected).abs().max().item<double>() < 1e-15);
        Assert.True((Distribution.Entropy(logits.unsqueeze(0).expand(5, -1, -1))[3] - expected).abs().max().item<double>() < 1e-15);
        Assert.Equal(ScalarType.BFloat16, Distribution.Entropy(logits.to_type(ScalarType.BFloat16)).dtype);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0.05)]
    public void The_second_derivative_is_that_of_tensor_operations(double scale)
    {
        using var scope = NewDisposeScope();
        var index = tensor(new long[] { 1, 0 });
        Tensor Second(Func<Tensor, Tensor> f, double masked)
        {
            var logits = Conformance.Logits([2, 4]) * scale;
            logits[TensorIndex.Ellipsis, 3] = masked;
            logits.requires_grad_();
            var first = grad([f(logits).sum()], [logits], retain_graph: true, create_graph: true)[0];
            return grad([first.pow(2).sum()], [logits])[0];
        }

        Tensor Entropy(Tensor logits) => -(logits.softmax(-1) * logits.log_softmax(-1)).sum(-1);
        Tensor Chosen(Tensor logits) => logits.log_softmax(-1).gather(-1, index.unsqueeze(-1)).squeeze(-1);
        foreach (var (mine, theirs) in new (Func<Tensor, Tensor>, Func<Tensor, Tensor>)[]
        {
            (Distribution.Entropy, Entropy),
            (Distribution.DivergenceFromUniform, logits => -Entropy(logits)),
            (logits => Distribution.LogProbability(logits, OneHot.FromIndex(index, 4, logits.dtype)), Chosen),
        })
        {
            foreach (var masked in new[] { double.NegativeInfinity, -1e9, double.MinValue })
                Assert.InRange((Second(mine, masked) - Second(theirs, -800)).abs().max().item<double>(), 0, 1e-13);
        }
    }

    [Fact]
    public void Nothing_leaks()
    {
        using var logits = Conformance.Logits([3, 4]).DetachFromDisposeScope().requires_grad_();
        void Call()
        {
            using var scope = NewDisposeScope();
            Distribution.DivergenceFromUniform(logits).sum().backward();
            logits.grad = null;
        }

        Call();
        var before = LiveTensors.Count();
        for (var i = 0; i < 100; i++)
            Call();
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void Wrong_input_is_one_sentence()
    {
        using var scope = NewDisposeScope();
        Assert.StartsWith(
            "logits must have shape [..., categories] with at least one category; got []",
            Assert.Throws<ArgumentException>(() => Distribution.Entropy(tensor(1.0))).Message, StringComparison.Ordinal);
        Assert.StartsWith(
            "hard must be one-hot samples whose shape ends in the logits' shape [2, 3] and of dtype Float32; got [3], Float32.",
            Assert.Throws<ArgumentException>(() => Distribution.LogProbability(zeros(2, 3), zeros(3))).Message, StringComparison.Ordinal);
    }

    /// <summary>The bound of one rounding: relative, and the spacing of the smallest numbers.</summary>
    private static (double Relative, double Least) Rounding(ScalarType dtype) => dtype switch
    {
        ScalarType.Float16 => (Math.ScaleB(1, -11), Math.ScaleB(1, -25)),
        ScalarType.BFloat16 => (Math.ScaleB(1, -8) * 1.0001, 0),
        ScalarType.Float32 => (Math.ScaleB(1, -24) * 1.0001, 0),
        _ => (1e-13, 0),
    };
}
