using DiscreteGradients.Testing;
using static TorchSharp.torch.autograd;

namespace DiscreteGradients.Tests;

public class DistributionTests
{
    public static TheoryData<int> Categories => [1, 2, 3, 8, 10, 33, 1_000, 5_001];

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
        var logits = tensor(new[] { 0.0, 0, 0, 0, 0, double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity }).view(2, 4);

        Assert.Equal([Math.Log(4), 0], Distribution.Entropy(logits).data<double>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-15);
        Assert.Equal([0, Math.Log(4)], Distribution.DivergenceFromUniform(logits).data<double>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-15);
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

    [Fact]
    public void The_second_derivative_is_that_of_tensor_operations()
    {
        using var scope = NewDisposeScope();
        Tensor Second(Func<Tensor, Tensor> entropy)
        {
            var logits = Conformance.Logits([2, 3]).requires_grad_();
            var first = grad([entropy(logits).sum()], [logits], retain_graph: true, create_graph: true)[0];
            return grad([first.pow(2).sum()], [logits])[0];
        }

        var expected = Second(logits => -(logits.softmax(-1) * logits.log_softmax(-1)).sum(-1));
        Assert.True((Second(Distribution.Entropy) - expected).abs().max().item<double>() < 1e-13);
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
            "hard must be one-hot with the logits' shape [2, 3] and dtype Float32; got [3], Float32.",
            Assert.Throws<ArgumentException>(() => Distribution.LogProbability(zeros(2, 3), zeros(3))).Message, StringComparison.Ordinal);
    }
}
