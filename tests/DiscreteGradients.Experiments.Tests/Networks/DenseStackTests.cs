using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Experiments.Tests.Networks;

public sealed class DenseStackTests : IDisposable
{
    private readonly Generator _generator = new(5);

    public DenseStackTests() => set_num_threads(1);

    public void Dispose() => _generator.Dispose();

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(0.3, false)]
    [InlineData(0.3, true)]
    public void Values_and_gradients_are_those_of_linear_layers_and_activations(double slope, bool fused)
    {
        using var scope = NewDisposeScope();
        using var stack = new DenseStack([50, 40, 33, 64], slope, _generator);
        var x = randn([2, 20, 50], generator: _generator).requires_grad_();

        var y = Form(stack, slope, fused)(x);
        y.pow(2).sum().backward();

        var got = Gradients(stack, x);
        var reference = Reference(stack, x, slope);
        AssertClose(reference, y, 1e-5);
        reference.pow(2).sum().backward();
        foreach (var (expected, actual) in Gradients(stack, x).Zip(got))
            AssertClose(expected, actual, 1e-3);
    }

    [Fact]
    public void Few_rows_narrow_layers_and_double_precision_are_left_to_libtorch()
    {
        using var scope = NewDisposeScope();
        using var stack = new DenseStack([50, 40, 3], 0, _generator);
        foreach (var x in new[] { randn([5, 50], generator: _generator), randn([50], generator: _generator), zeros(0, 50) })
            AssertClose(Reference(stack, x, 0), stack.forward(x), 1e-5);
        using var wide = new DenseStack([50, 40], 0, _generator);
        wide.to(ScalarType.Float64);
        Assert.Equal(ScalarType.Float64, wide.forward(randn([20, 50], ScalarType.Float64, generator: _generator)).dtype);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Weights_changed_before_backward_are_an_exception(bool fused)
    {
        using var scope = NewDisposeScope();
        using var stack = new DenseStack([40, 48, 36], 0.3, _generator);
        var value = Form(stack, 0.3, fused)(randn([20, 40], generator: _generator)).sum();
        using (no_grad())
            stack.parameters().ElementAt(2).mul_(2);  // the second layer's: of the first they are not needed

        var thrown = Assert.Throws<ExternalException>(() => value.backward());

        Assert.StartsWith(
            "one of the variables needed for gradient computation has been modified", thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Second_derivatives_are_those_of_the_readable_form(bool fused)
    {
        using var scope = NewDisposeScope();
        using var stack = new DenseStack([40, 48, 36], 0.3, _generator);
        var x = randn([20, 40], generator: _generator).requires_grad_();

        Tensor[] Twice(Func<Tensor, Tensor> f)
        {
            stack.zero_grad();
            x.grad = null;
            var slope = autograd.grad([f(x).pow(3).sum()], [x], create_graph: true, retain_graph: true)[0];
            slope.pow(2).sum().backward();
            return Gradients(stack, x);
        }

        foreach (var (expected, actual) in Twice(v => Reference(stack, v, 0.3)).Zip(Twice(Form(stack, 0.3, fused))))
            AssertClose(expected, actual, 1e-3 * expected.abs().max().item<float>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Second_derivatives_reach_the_weights_of_images_that_want_no_gradient(bool fused)
    {
        using var scope = NewDisposeScope();
        using var stack = new DenseStack([40, 48, 36], 0.3, _generator);
        var images = rand([20, 40], generator: _generator);
        var weights = stack.parameters().ToArray();

        float[] Twice(Func<Tensor, Tensor> f)
        {
            stack.zero_grad();
            var slopes = Derivatives.Differentiable(f(images).pow(3).sum(), weights);
            slopes.Select(slope => slope!.pow(2).sum()).Aggregate((a, b) => a + b).backward();
            return [.. weights.SelectMany(weight => weight.grad!.data<float>().ToArray())];
        }

        var expected = Twice(v => Reference(stack, v, 0.3));
        var scale = expected.Max(MathF.Abs);
        var actual = Twice(Form(stack, 0.3, fused));
        Assert.All(expected.Zip(actual), pair => Assert.InRange(pair.First - pair.Second, -1e-4f * scale, 1e-4f * scale));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nothing_leaks_and_nothing_is_recorded_under_no_grad(bool fused)
    {
        using var scope = NewDisposeScope();
        using var stack = new DenseStack([40, 48, 36], 0, _generator);
        var forward = Form(stack, 0, fused);
        var images = rand([20, 40], generator: _generator);
        void Step()
        {
            using var step = NewDisposeScope();
            stack.zero_grad();
            FusedCrossEntropy.Apply(forward(images), rand([20, 36], generator: _generator)).sum().backward();
        }

        Step();
        var before = Testing.LiveTensors.Count();
        for (var i = 0; i < 100; i++)
            Step();
        Assert.Equal(before, Testing.LiveTensors.Count());

        using var _ = no_grad();
        Assert.False(forward(images).requires_grad);
    }

    /// <summary>The form that the stack chooses by the processor, or the fused one.</summary>
    private static Func<Tensor, Tensor> Form(DenseStack stack, double slope, bool fused)
    {
        if (!fused)
            return stack.forward;

        Assert.SkipUnless(Vector512.IsHardwareAccelerated, "This processor has no 512-bit vectors; libtorch's products are used instead.");
        TorchSharp.Modules.Parameter[][] layers = [.. stack.parameters().Chunk(2)];
        return x => layers.Index().Aggregate(
            x, (y, layer) => FusedLinear.Apply(y, layer.Item[0], layer.Item[1], layer.Index < layers.Length - 1 ? (float)slope : 1));
    }

    private static Tensor Reference(DenseStack stack, Tensor x, double slope)
    {
        var parameters = stack.parameters().ToList();
        for (var i = 0; i < parameters.Count; i += 2)
        {
            x = nn.functional.linear(x, parameters[i], parameters[i + 1]);
            if (i < parameters.Count - 2)
                x = nn.functional.leaky_relu(x, slope);
        }

        return x;
    }

    /// <summary>The gradients of weights, biases and input, which are reset.</summary>
    private static Tensor[] Gradients(DenseStack stack, Tensor x)
    {
        Tensor[] gradients = [.. stack.parameters().Append(x).Select(t => t.grad!.clone())];
        stack.zero_grad();
        x.grad = null;
        return gradients;
    }

    private static void AssertClose(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange(expected.numel() == 0 ? 0 : (expected - actual).abs().max().item<float>(), 0, tolerance);
    }
}
