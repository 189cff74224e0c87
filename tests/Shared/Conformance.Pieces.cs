namespace DiscreteGradients.Testing;

/// <summary>What the checks and other tests are made of.</summary>
public static partial class Conformance
{
    private static readonly ScalarType[] DTypes = [ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64];

    /// <summary>That shape, with a number of categories that the estimator can take.</summary>
    public static long[] For(GradientEstimator estimator, long[] shape) => estimator is IBinaryEstimator ? [.. shape[..^1], 2] : shape;

    public static Generator Seeded(long seed = 1) => new((ulong)seed);

    public static Tensor Logits(long[] shape, ScalarType dtype = ScalarType.Float64, long seed = 2)
    {
        using var generator = Seeded(seed);
        return randn(shape, ScalarType.Float64, generator: generator).to_type(dtype);
    }

    /// <summary>A random polynomial of that degree in the one-hot entries, with cross terms; the top degree is in a form ⟨b, z⟩^degree.</summary>
    public static Func<Tensor, Tensor> Polynomial(int degree, int size)
    {
        using var generator = Seeded(7);
        var b = randn([4, size], ScalarType.Float64, generator: generator);
        return z => Enumerable.Range(1, degree)
            .Select(d => z.flatten(-2).matmul(b.t()).pow(d).mean([-1]))
            .Aggregate((x, y) => x + y);
    }

    public static Func<Tensor, Tensor> Quadratic(long[] shape, ScalarType dtype)
    {
        var size = shape[^2] * shape[^1];
        var target = linspace(-1, 2, size, ScalarType.Float64).view(shape[^2], shape[^1]).to_type(dtype);
        return z => (z - target).pow(2).sum([-2, -1]) + z[TensorIndex.Ellipsis, 0, 0] * z[TensorIndex.Ellipsis, -1, -1];
    }

    /// <summary>The gradient that a fresh copy of the estimator gives: one that learns is then the same at every call.</summary>
    public static double[] Estimate(GradientEstimator estimator, Tensor logits, Generator? generator, Func<Tensor, Tensor>? f = null)
    {
        using var scope = NewDisposeScope();
        var leaf = logits.detach();
        leaf.requires_grad_(true);
        using var fresh = new Fresh(estimator, leaf);
        var value = fresh.Estimator.Estimate(leaf, f ?? Quadratic(logits.shape, logits.dtype), generator).sum();
        return autograd.grad([value], [leaf])[0].contiguous().data<double>().ToArray();
    }

    public static void Refused(string message, Action action)
    {
        var thrown = Assert.ThrowsAny<ArgumentException>(action);
        Assert.Equal(message, thrown.ParamName is null ? thrown.Message : thrown.Message.Replace($" (Parameter '{thrown.ParamName}')", "", StringComparison.Ordinal));
    }

    /// <summary>A copy that has learnt nothing yet, for logits of that size.</summary>
    public sealed class Fresh : IDisposable
    {
        public Fresh(GradientEstimator estimator, Tensor logits)
        {
            Estimator = estimator with { };
            using var weights = Seeded();
            Learnt = (Estimator as AdaptiveEstimator)?.Prepare(Math.Max(1, logits.size(-2)), logits.size(-1), weights);
        }

        public GradientEstimator Estimator { get; }

        public nn.Module? Learnt { get; }

        public void Dispose() => Learnt?.Dispose();
    }

    /// <summary>Seeds the global generator and puts its state back.</summary>
    public sealed class GlobalSeed : IDisposable
    {
        private readonly Tensor _state = Generator.Default.get_state().clone().DetachFromDisposeScope();

        public GlobalSeed(long seed) => torch.manual_seed(seed);

        public void Dispose()
        {
            Generator.Default.set_state(_state);
            _state.Dispose();
        }
    }
}
