namespace DiscreteGradients.Experiments.Bench;

/// <summary>One piece of work, by the library and by the composed form: float32 logits [N, K], each call as in a training step.</summary>
internal sealed class KernelCase : IDisposable
{
    private readonly Func<Tensor, Generator?, Tensor> _library;
    private readonly Func<Tensor, Generator?, Tensor> _composed;
    private readonly BenchPass _pass;
    private readonly Generator _generator = new(1);
    private readonly Tensor _logits;
    private readonly Tensor _upstream;

    /// <summary>Random logits and upstream gradients, the same every time.</summary>
    /// <exception cref="ArgumentException">The estimator has no composed form.</exception>
    public KernelCase(PathwiseEstimator estimator, BenchShape shape, BenchPass pass)
        : this(
            (logits, generator) => estimator.Sample(logits, generator: generator),
            Composed.FormOf(estimator) ?? throw new ArgumentException($"{estimator} has no composed form.", nameof(estimator)),
            shape, pass)
    {
    }

    private KernelCase(
        Func<Tensor, Generator?, Tensor> library, Func<Tensor, Generator?, Tensor> composed, BenchShape shape, BenchPass pass)
    {
        (_library, _composed, _pass) = (library, composed, pass);
        using var scope = NewDisposeScope();
        using var generator = new Generator(0);
        _logits = randn([shape.Rows, shape.Categories], ScalarType.Float32, generator: generator).requires_grad_().DetachFromDisposeScope();
        _upstream = randn([shape.Rows, shape.Categories], ScalarType.Float32, generator: generator).DetachFromDisposeScope();
    }

    /// <summary>Empty functions: as the library records one, and TorchSharp's own.</summary>
    public static KernelCase Empty(BenchShape shape, BenchPass pass) =>
        new((logits, _) => EmptyFunction.Of(logits), (logits, _) => EmptyTorchSharpFunction.apply(logits), shape, pass);

    /// <summary>One call of the library.</summary>
    public void Library()
    {
        using var scope = NewDisposeScope();
        Finish(_library(_logits, _generator));
    }

    /// <summary>One call of the composed form.</summary>
    public void Published()
    {
        using var scope = NewDisposeScope();
        Finish(_composed(_logits, _generator));
    }

    public void Dispose()
    {
        _logits.Dispose();
        _upstream.Dispose();
        _generator.Dispose();
    }

    private void Finish(Tensor sample)
    {
        if (_pass == BenchPass.ForwardBackward)
#pragma warning disable RS0030 // What is timed; the graph is the library's own and nothing in it is changed.
            _ = autograd.grad([sample], [_logits], [_upstream]);
#pragma warning restore RS0030
    }
}
