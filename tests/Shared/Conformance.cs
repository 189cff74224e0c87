using System.Reflection;

namespace DiscreteGradients.Testing;

/// <summary>What every estimator must do, whoever wrote it. Each public method is one check; a failed one throws.</summary>
public static partial class Conformance
{
    private static readonly ScalarType[] DTypes = [ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64];

    public static IEnumerable<string> Checks { get; } = Of(typeof(GradientEstimator));

    /// <summary>What a pathwise estimator must do besides.</summary>
    public static IEnumerable<string> PathwiseChecks { get; } = Of(typeof(PathwiseEstimator));

    public static void Run(string check, GradientEstimator estimator) =>
        typeof(Conformance).GetMethod(check)!.CreateDelegate<Action<GradientEstimator>>()(estimator);

    public static void Run(string check, PathwiseEstimator estimator) =>
        typeof(Conformance).GetMethod(check)!.CreateDelegate<Action<PathwiseEstimator>>()(estimator);

    private static List<string> Of(Type estimator) =>
        [.. typeof(Conformance).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(m => m.ReturnType == typeof(void) && m.GetParameters() is [var only] && only.ParameterType == estimator)
            .Select(m => m.Name)];

    public static void Values_and_gradients_have_shape_and_dtype_of_the_logits(GradientEstimator estimator)
    {
        foreach (var dtype in DTypes)
        {
            foreach (var shape in new long[][] { [2, 3], [5, 2, 3], [2, 2, 2, 3], [0, 2, 3], [4, 1, 1] }.Select(shape => For(estimator, shape)))
            {
                using var scope = NewDisposeScope();
                var logits = Logits(shape, dtype).requires_grad_(true);
                using var fresh = new Fresh(estimator, logits);
                var value = fresh.Estimator.Estimate(logits, Quadratic(shape, dtype), Seeded());
                value.sum().backward();

                Assert.Equal(shape[..^2], value.shape);
                Assert.Equal(dtype, value.dtype);
                Assert.Equal(shape, logits.grad!.shape);
                Assert.Equal(dtype, logits.grad.dtype);
                Assert.True(logits.grad.isfinite().all().item<bool>());
            }
        }
    }

    public static void Samples_handed_to_f_are_exactly_one_hot(GradientEstimator estimator)
    {
        var between = estimator is IRelaxingEstimator;  // the first row is a sample; others may be probabilities
        foreach (var dtype in DTypes)
        {
            using var scope = NewDisposeScope();
            var ones = true;
            var logits = Logits(For(estimator, [50, 2, 4]), dtype).requires_grad_(true);
            using var fresh = new Fresh(estimator, logits);
            fresh.Estimator.Estimate(logits, z =>
            {
                var sample = between ? z[0] : z;
                ones &= z.dtype == dtype && ((sample == 0) | (sample == 1)).all().item<bool>() && (sample.sum(-1) == 1).all().item<bool>();
                ones &= (z >= 0).all().item<bool>() && ((z.to_type(ScalarType.Float64).sum(-1) - 1).abs() < 0.02).all().item<bool>();
                return z.sum([-2, -1]);
            }, Seeded());
            Assert.True(ones);
        }
    }

    public static void One_generator_state_gives_one_result_and_the_global_generator_is_left_alone(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var before = Generator.Default.get_state().clone();

        var logits = Logits(For(estimator, [6, 2, 3]));

        var first = Estimate(estimator, logits, Seeded(5));
        var second = Estimate(estimator, logits, Seeded(5));

        Assert.Equal(first, second);
        Assert.True(before.equal(Generator.Default.get_state()).all().item<bool>());
    }

    public static void The_default_generator_is_used_when_none_is_given(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        using var restore = new GlobalSeed(11);
        var logits = Logits(For(estimator, [6, 2, 3]));
        var first = Estimate(estimator, logits, null);
        torch.manual_seed(11);

        Assert.Equal(first, Estimate(estimator, logits, null));
    }

    public static void Rows_of_the_gradient_sum_to_zero(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var gradient = tensor(Estimate(estimator, Logits(For(estimator, [20, 2, 3])), Seeded())).view(20, 2, -1);

        Assert.True(gradient.abs().sum().item<double>() > 0.1);
        Assert.True(gradient.sum(-1).abs().max().item<double>() < 1e-13);
    }

    public static void A_shift_of_a_row_of_logits_changes_nothing(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(For(estimator, [20, 2, 3]));
        var shifted = logits + arange(20, ScalarType.Float64).view(20, 1, 1) * 4;

        var first = Estimate(estimator, logits, Seeded());
        var second = Estimate(estimator, shifted, Seeded());

        Assert.True(first.Zip(second, (a, b) => Math.Abs(a - b)).Max() < 1e-11);
    }

    public static void Masked_categories_get_no_gradient_and_nothing_becomes_NaN(GradientEstimator estimator)
    {
        foreach (var dtype in DTypes)
        {
            using var scope = NewDisposeScope();
            var masked = Logits(For(estimator, [40, 2, 4]), dtype);
            masked[TensorIndex.Slice(1, 20), TensorIndex.Colon, 1] = double.NegativeInfinity;
            masked[0, 0, TensorIndex.Slice(0, -1)] = double.NegativeInfinity;
            masked.requires_grad_(true);

            using var fresh = new Fresh(estimator, masked);
            fresh.Estimator.Estimate(masked, Quadratic(masked.shape, dtype), Seeded()).sum().backward();

            var gradient = masked.grad!.to_type(ScalarType.Float64);
            Assert.True(gradient.isfinite().all().item<bool>());
            Assert.Equal(0.0, gradient[TensorIndex.Slice(1, 20), TensorIndex.Colon, 1].abs().max().item<double>());
            Assert.Equal(0.0, gradient[0, 0].abs().max().item<double>());
            Assert.True(gradient.abs().sum().item<double>() > 0);
        }
    }

    public static void Huge_logits_give_finite_gradients(GradientEstimator estimator)
    {
        foreach (var scale in new[] { 1e3, 1e4 })
        {
            using var scope = NewDisposeScope();
            var logits = (Logits(For(estimator, [30, 2, 3])).sign() * scale).to_type(ScalarType.Float32).requires_grad_(true);
            using var fresh = new Fresh(estimator, logits);
            fresh.Estimator.Estimate(logits, Quadratic(logits.shape, ScalarType.Float32), Seeded()).sum().backward();
            Assert.True(logits.grad!.isfinite().all().item<bool>());
        }
    }

    public static void One_category_has_no_gradient(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(For(estimator, [3, 2, 1]));
        logits.narrow(-1, 1, logits.shape[^1] - 1).fill_(double.NegativeInfinity);

        Assert.All(Estimate(estimator, logits, Seeded()), g => Assert.Equal(0, g, 1e-15));
    }

    public static void The_declared_order_is_reached(GradientEstimator estimator)
    {
        for (var degree = 1; degree <= Math.Min(estimator.Order, 4); degree++)
        {
            using var scope = NewDisposeScope();
            var logits = Logits(For(estimator, [2, 2, 3]), seed: 3);
            using var fresh = new Fresh(estimator, logits);
            var report = GradientQuality.Measure(fresh.Estimator, logits, Polynomial(degree, (int)logits.shape[^1] * 2), draws: 4_000, Seeded(degree));
            Assert.True(report.LargestZ < 5, $"degree {degree}: z = {report.LargestZ}");
        }
    }

    public static void The_declared_order_is_not_exceeded(GradientEstimator estimator)
    {
        if (estimator.Order == GradientEstimator.Unbiased)
            return;

        using var scope = NewDisposeScope();
        var logits = Logits(For(estimator, [2, 2, 3]), seed: 3);
        var report = GradientQuality.Measure(estimator, logits, Polynomial(estimator.Order + 1, (int)logits.shape[^1] * 2), draws: 20_000, Seeded());
        Assert.True(report.LargestZ > 5, $"z = {report.LargestZ}");
    }

    public static void A_constant_f_has_zero_expected_gradient(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(For(estimator, [2, 3])).expand(4_000, 2, -1).clone();
        var gradient = tensor(Estimate(estimator, logits, Seeded(), z => ones_like(z).sum([-2, -1]) + z.sum([-2, -1]) * 0)).view(4_000, -1);
        var standardError = gradient.std([0]) / Math.Sqrt(4_000) + 1e-15;
        Assert.True((gradient.mean([0]).abs() / standardError).max().item<double>() < 5);
    }

    public static void The_value_estimates_the_expectation(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(For(estimator, [2, 3]));
        var f = Polynomial(3, (int)logits.numel());
        var exact = new ExactEnumeration().Under(estimator.Law()).Estimate(logits, f).item<double>();
        using var fresh = new Fresh(estimator, logits);
        var values = fresh.Estimator.Estimate(logits.expand(4_000, 2, -1), f, Seeded());
        var standardError = values.std().item<double>() / Math.Sqrt(4_000) + 1e-14;
        Assert.True(Math.Abs(values.mean().item<double>() - exact) / standardError < 5);
    }

    public static void Parameters_inside_f_get_their_ordinary_gradient(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(For(estimator, [500, 2, 3])).requires_grad_(true);
        var weight = ones(logits.shape[^1], ScalarType.Float64).requires_grad_(true);
        using var fresh = new Fresh(estimator, logits);
        fresh.Estimator.Estimate(logits, z => (z * weight).sum([-2, -1]), Seeded()).mean().backward();

        var expected = estimator.Law().LogProbabilities(logits.detach()).exp().sum([1]);  // E[Σ_l z_lk]
        var error = (weight.grad! - expected.mean([0])).abs().max().item<double>();
        Assert.True(error < 5 * Math.Sqrt(2 * 0.25 / 500), $"error {error}");
        Assert.True(weight.grad!.sum().item<double>() is > 1.999999 and < 2.000001);
    }

    public static void Expanded_and_transposed_logits_are_accepted(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var row = Logits(For(estimator, [2, 3]));
        var transposed = Logits(For(estimator, [5, 2, 3])).transpose(0, 1).contiguous().transpose(0, 1);

        Assert.Equal(
            Estimate(estimator, row.expand(5, 2, -1).clone(), Seeded()),
            Estimate(estimator, row.expand(5, 2, -1), Seeded()));
        Assert.Equal(Estimate(estimator, transposed.clone(), Seeded()), Estimate(estimator, transposed, Seeded()));
    }

    public static void Expanded_leaves_accumulate_their_gradient(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var leaf = Logits(For(estimator, [2, 3])).requires_grad_(true);
        var f = Quadratic(leaf.shape, ScalarType.Float64);
        using var fresh = new Fresh(estimator, leaf);
        fresh.Estimator.Estimate(leaf.unsqueeze(0).expand(5, 2, -1), f, Seeded()).sum().backward();

        var separate = tensor(Estimate(estimator, leaf.detach().expand(5, 2, -1).clone(), Seeded(), f)).view(5, 2, -1);
        Assert.True((leaf.grad! - separate.sum([0])).abs().max().item<double>() < 1e-12);
    }

    public static void Nothing_leaks_and_inputs_survive(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(For(estimator, [2, 2, 3])).requires_grad_(true);
        using var fresh = new Fresh(estimator, logits);
        var generator = Seeded();
        var f = Quadratic(logits.shape, ScalarType.Float64);
        void Step()
        {
            using var value = fresh.Estimator.Estimate(logits, f, generator);
            using var sum = value.sum();
            sum.backward();
            using var gradient = logits.grad!;
            using var zeroed = gradient.zero_();
        }

        Step();
        var before = LiveTensors.Count();
        for (var i = 0; i < 1_000; i++)
            Step();

        Assert.Equal(before, LiveTensors.Count());
        Assert.False(logits.IsInvalid);
        Assert.Equal(For(estimator, [2, 2, 3]), logits.shape);
    }

    public static void Results_belong_to_the_callers_scope(GradientEstimator estimator)
    {
        using var outer = NewDisposeScope();
        var logits = Logits(For(estimator, [2, 2, 3])).requires_grad_(true);
        using var fresh = new Fresh(estimator, logits);
        var f = Quadratic(logits.shape, ScalarType.Float64);
        Tensor kept;
        using (NewDisposeScope())
        {
            kept = fresh.Estimator.Estimate(logits, f, Seeded()).MoveToOuterDisposeScope();
            _ = fresh.Estimator.Estimate(logits, f, Seeded());  // never used
        }

        kept.sum().backward();
        Assert.True(logits.grad!.abs().sum().item<double>() > 0);
    }

    public static void An_exception_thrown_by_f_reaches_the_caller_and_leaks_nothing(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(For(estimator, [2, 2, 3])).requires_grad_(true);
        using var fresh = new Fresh(estimator, logits);
        Tensor Fail(Tensor z) => throw new InvalidOperationException("from f");
        Assert.Throws<InvalidOperationException>(() => fresh.Estimator.Estimate(logits, Fail, Seeded()));
        var before = LiveTensors.Count();

        var thrown = Assert.Throws<InvalidOperationException>(() => fresh.Estimator.Estimate(logits, Fail, Generator.Default));

        Assert.Equal("from f", thrown.Message);
        Assert.Equal(before, LiveTensors.Count());
    }

    public static void Wrong_shapes_are_refused_in_words(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        Func<Tensor, Tensor> f = z => z.sum([-2, -1]);

        Refused("logits must have shape [..., latents, categories] with at least one category; got [3].", () => estimator.Estimate(zeros(3), f));
        Refused("logits must have shape [..., latents, categories] with at least one category; got [2, 0].", () => estimator.Estimate(zeros(2, 0), f));
        Refused("logits must be float16, bfloat16, float32 or float64; got Int64.", () => estimator.Estimate(zeros([2, 3], ScalarType.Int64), f));
        var logits = zeros(For(estimator, [5, 2, 3]));
        using var fresh = new Fresh(estimator, logits);
        var scalar = Assert.Throws<ArgumentException>(() => fresh.Estimator.Estimate(logits, z => z.sum()));
        Assert.Matches(@"^f must map \[(\d+, )?5, 2, [23]\] to floating-point values of shape \[(\d+, )?5\]; got Float32 of shape \[\]\. Reduce over the last two axes \(latents, categories\) only\.", scalar.Message);
        Refused("f returned null; it must return one value per sample and example, [S.., B..].", () => fresh.Estimator.Estimate(logits, z => null!));
    }

    public static void A_disposed_tensor_is_refused_in_words(GradientEstimator estimator)
    {
        var logits = zeros(2, 3);
        logits.Dispose();
        Refused("logits were disposed before the call; move them out of their dispose scope.", () => estimator.Estimate(logits, z => z));
    }

    public static void No_gradient_is_recorded_under_no_grad(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var logits = Logits(For(estimator, [4, 2, 3])).requires_grad_(true);
        using var fresh = new Fresh(estimator, logits);
        var value = fresh.Estimator.Estimate(logits, Quadratic(logits.shape, ScalarType.Float64), Seeded());
        Assert.False(value.requires_grad);
    }

    public static void Records_with_equal_settings_are_equal(GradientEstimator estimator)
    {
        Assert.Equal(estimator with { }, estimator);
        Assert.NotEmpty(estimator.ToString());
        Assert.True(estimator.Evaluations(2, 3) >= 1);
    }

    // The pieces the checks and other tests are made of.

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
