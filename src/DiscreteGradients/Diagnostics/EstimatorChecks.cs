namespace DiscreteGradients.Diagnostics;

/// <summary>What every estimator must do, as checks for the tests of whoever wrote one; no test framework is needed.</summary>
/// <remarks>
/// A finding is a sentence; none means that all is well. What an estimator or libtorch throws passes through. Seeds are fixed, and what
/// varies is held to five standard errors. An estimator that learns is copied and prepared anew for each check.
/// </remarks>
public static class EstimatorChecks
{
    private const double Bound = 5;

    private static readonly ScalarType[] DTypes = [ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64];

    private static readonly
        (string Name, Func<GradientEstimator, bool> Applies, Func<GradientEstimator, IEnumerable<string>> Findings)[] All =
    [
        ("values and gradients have the shape and the dtype of the logits", _ => true, ShapesAndDTypes),
        ("f gets one-hot samples", _ => true, OneHotSamples),
        ("the generator decides alone", _ => true, OneGenerator),
        ("a row of the gradient sums to zero and a shift of its logits changes nothing", _ => true, RowsAndShifts),
        ("masked categories have no gradient", _ => true, MaskedCategories),
        ("the gradient is exact up to the declared order", e => e.Order is > 0 and < GradientEstimator.Unbiased, OrderReached),
        ("the gradient is biased beyond the declared order", e => e.Order < GradientEstimator.Unbiased, OrderNotExceeded),
        ("the gradient has no bias", e => e.Order == GradientEstimator.Unbiased, NoBias),
        ("a constant f has no expected gradient", _ => true, ConstantObjective),
        ("the value estimates the expectation", _ => true, Expectation),
        ("parameters inside f have their ordinary gradient", _ => true, ParametersOfTheObjective),
        ("no call leaks a tensor", _ => true, Leaks),
    ];

    /// <summary>The checks that apply to an estimator.</summary>
    public static IReadOnlyList<string> Names(GradientEstimator estimator)
    {
        Check.Given(estimator);
        return [.. All.Where(check => check.Applies(estimator)).Select(check => check.Name)];
    }

    /// <summary>What all checks find.</summary>
    public static IReadOnlyList<string> Findings(GradientEstimator estimator) =>
        [.. Names(estimator).SelectMany(name => Findings(estimator, name).Select(finding => $"{name}: {finding}"))];

    /// <summary>What one of the <see cref="Names"/> finds.</summary>
    /// <exception cref="ArgumentException">There is no such check, or it does not apply to the estimator.</exception>
    public static IReadOnlyList<string> Findings(GradientEstimator estimator, string check)
    {
        Check.Given(estimator);
        var found = Array.FindIndex(All, one => one.Name == check && one.Applies(estimator));
        if (found < 0)
        {
            throw new ArgumentException(
                $"check must be one of those that apply to the estimator; got '{check}'. Names lists them.", nameof(check));
        }

        using var scope = NewDisposeScope();
        return [.. All[found].Findings(estimator)];
    }

    private static IEnumerable<string> ShapesAndDTypes(GradientEstimator estimator)
    {
        foreach (var dtype in DTypes)
        {
            foreach (var any in new long[][] { [2, 3], [5, 2, 3], [2, 2, 2, 3], [0, 2, 3], [4, 1, 1] })
            {
                var shape = For(estimator, any);
                var (value, gradient) = Estimate(estimator, Logits(shape, dtype), Quadratic);
                if (!shape.AsSpan()[..^2].SequenceEqual(value.shape) || value.dtype != dtype)
                    yield return $"logits {Check.Shape(shape)} of {dtype} give values {Check.Shape(value)} of {value.dtype}.";
                if (!gradient.shape.SequenceEqual(shape) || gradient.dtype != dtype)
                    yield return $"logits {Check.Shape(shape)} of {dtype} give a gradient {Check.Shape(gradient)} of {gradient.dtype}.";
                if (!True(gradient.isfinite()))
                    yield return $"logits {Check.Shape(shape)} of {dtype} give a gradient that is not finite.";
            }
        }
    }

    private static IEnumerable<string> OneHotSamples(GradientEstimator estimator)
    {
        foreach (var dtype in DTypes)
        {
            var (oneHot, rows) = (true, true);
            Estimate(estimator, Logits(For(estimator, [50, 2, 4]), dtype), z =>
            {
                var sample = estimator is IRelaxingEstimator ? z[0] : z;  // the first row; others may be probabilities
                oneHot &= z.dtype == dtype && True((sample == 0) | (sample == 1)) && True(sample.sum(-1) == 1);
                rows &= True(z >= 0) && True((z.to_type(ScalarType.Float64).sum(-1) - 1).abs() < 0.02);
                return z.sum([-2, -1]);
            });
            if (!oneHot)
                yield return $"for logits of {dtype} f gets a sample that is not one-hot in their dtype.";
            else if (!rows)
                yield return $"for logits of {dtype} f gets a row that is no distribution.";
        }
    }

    private static IEnumerable<string> OneGenerator(GradientEstimator estimator)
    {
        var before = Generator.Default.get_state().clone();
        var logits = Logits(For(estimator, [20, 2, 3]));
        var (first, second) = (Estimate(estimator, logits, Quadratic), Estimate(estimator, logits, Quadratic));
        if (!Same(first.Value, second.Value) || !Same(first.Gradient, second.Gradient))
            yield return "two calls with the same state of the generator give different results.";
        if (!Same(before, Generator.Default.get_state()))
            yield return "a call with a generator of its own changes the global one.";
    }

    private static IEnumerable<string> RowsAndShifts(GradientEstimator estimator)
    {
        var logits = Logits(For(estimator, [20, 2, 3]));
        var gradient = Estimate(estimator, logits, Quadratic).Gradient;
        if (Number(gradient.abs().sum()) < 0.1)
            yield return "the gradient of a quadratic f is zero.";
        if (Number(gradient.sum(-1).abs().max()) is > 1e-13 and var sum)
            yield return FormattableString.Invariant($"a row of the gradient sums to {sum:g3}.");
        var shifted = Estimate(estimator, logits + (arange(20, ScalarType.Float64).view(20, 1, 1) * 4), Quadratic).Gradient;
        if (Number((gradient - shifted).abs().max()) is > 1e-11 and var change)
            yield return FormattableString.Invariant($"a number added to a row of logits changes the gradient by {change:g3}.");
    }

    private static IEnumerable<string> MaskedCategories(GradientEstimator estimator)
    {
        foreach (var dtype in DTypes)
        {
            var logits = Logits(For(estimator, [40, 2, 4]), dtype);
            logits[TensorIndex.Slice(1, 20), TensorIndex.Colon, 1] = double.NegativeInfinity;
            logits[0, 0, TensorIndex.Slice(0, -1)] = double.NegativeInfinity;
            var gradient = Estimate(estimator, logits, Quadratic).Gradient.to_type(ScalarType.Float64);
            if (!True(gradient.isfinite()))
                yield return $"with masked logits of {dtype} the gradient is not finite.";
            else if (!True(gradient.masked_select(logits.isneginf()) == 0))
                yield return $"with masked logits of {dtype} a masked category has a gradient.";
            else if (!True(gradient[0, 0] == 0))
                yield return $"with masked logits of {dtype} the one category that is left has a gradient.";
        }
    }

    private static IEnumerable<string> OrderReached(GradientEstimator estimator)
    {
        for (var degree = 1; degree <= Math.Min(estimator.Order, 4); degree++)
        {
            if (Bias(estimator, [2, 2, 3], Polynomial(degree), draws: 4_000, seed: degree) is > Bound and var z)
                yield return FormattableString.Invariant($"for a polynomial of degree {degree} the bias is {z:g3} standard errors.");
        }
    }

    private static IEnumerable<string> OrderNotExceeded(GradientEstimator estimator)
    {
        if (Bias(estimator, [2, 2, 3], Polynomial(estimator.Order + 1), draws: 20_000, seed: 1) is <= Bound and var z)
        {
            yield return FormattableString.Invariant(
                $"for a polynomial of degree {estimator.Order + 1} the bias is only {z:g3} standard errors.");
        }
    }

    private static IEnumerable<string> NoBias(GradientEstimator estimator)
    {
        foreach (var shape in new long[][] { [2, 1, 5], [2, 2, 3], [2, 3, 2] })
        {
            if (Bias(estimator, shape, Curved, draws: 4_000, seed: 12) is > Bound and var z)
            {
                yield return FormattableString.Invariant(
                    $"for logits {Check.Shape(For(estimator, shape))} the bias is {z:g3} standard errors.");
            }
        }
    }

    private static IEnumerable<string> ConstantObjective(GradientEstimator estimator)
    {
        var logits = Logits(For(estimator, [2, 3])).expand(2_000, 2, -1).clone();
        var gradient = Estimate(estimator, logits, z => ones_like(z).sum([-2, -1]) + (z.sum([-2, -1]) * 0)).Gradient;
        if (LargestZ(gradient, zeros_like(gradient[0])) is > Bound and var z)
            yield return FormattableString.Invariant($"its mean is {z:g3} standard errors.");
    }

    private static IEnumerable<string> Expectation(GradientEstimator estimator)
    {
        var logits = FirstMasked(Logits(For(estimator, [2, 2, 3]), seed: 3));
        var values = Estimate(estimator, logits.expand([2_000, .. logits.shape]).clone(), Curved).Value;
        if (LargestZ(values, new ExactEnumeration().Under(estimator.Law()).Estimate(logits, Curved)) is > Bound and var z)
            yield return FormattableString.Invariant($"the mean of the values is {z:g3} standard errors away.");
    }

    private static IEnumerable<string> ParametersOfTheObjective(GradientEstimator estimator)
    {
        var logits = Logits(For(estimator, [2, 3]), seed: 3);
        var input = Logits([logits.numel(), 8], seed: 9);
        Tensor Gradient(GradientEstimator of, Tensor at, params long[] groups)
        {
            var output = ones([.. groups, 8], ScalarType.Float64).requires_grad_(true);
            Estimate(of, at, z => (z.flatten(-2).matmul(input).tanh() * output).sum(-1) + 2);
            return output.grad!;
        }

        var sampled = Gradient(estimator, logits.expand(50, 100, 2, -1).clone(), 50, 1).squeeze(1) / 100;
        if (LargestZ(sampled, Gradient(new ExactEnumeration().Under(estimator.Law()), logits)) is > Bound and var z)
            yield return FormattableString.Invariant($"it is {z:g3} standard errors away.");
    }

    private static IEnumerable<string> Leaks(GradientEstimator estimator)
    {
        const int Calls = 50;
        var leaf = Logits(For(estimator, [2, 2, 3])).requires_grad_(true);
        using var generator = new Generator(1);
        var leaked = Prepared(estimator, leaf, prepared =>
        {
            for (var call = 0; call < 5; call++)
                Step(prepared);
            var before = Alive();
            for (var call = 0; call < Calls; call++)
                Step(prepared);
            return Alive() - before;
        });
        if (leaked != 0)
            yield return $"{Calls} calls leave {leaked} tensors behind.";

        void Step(GradientEstimator prepared)
        {
            using var value = prepared.Estimate(leaf, Quadratic, generator);
            using var sum = value.sum();
            sum.backward();
            using var gradient = leaf.grad!;
            using var zeroed = gradient.zero_();
        }

        static long Alive() => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
    }

    /// <summary>The largest bias of an entry of the gradient in standard errors: one example has all categories, one a mask.</summary>
    private static double Bias(GradientEstimator estimator, long[] shape, Func<Tensor, Tensor> f, int draws, long seed)
    {
        using var generator = new Generator((ulong)seed);
        var logits = FirstMasked(Logits(For(estimator, shape), seed: 3));
        return Prepared(estimator, logits, prepared => GradientQuality.Measure(prepared, logits, f, draws, generator).LargestZ);
    }

    /// <summary>Values, and what their sum leaves on the logits.</summary>
    private static (Tensor Value, Tensor Gradient) Estimate(GradientEstimator estimator, Tensor logits, Func<Tensor, Tensor> f)
    {
        using var generator = new Generator(1);
        var leaf = logits.detach().requires_grad_(true);
        return Prepared(estimator, leaf, prepared =>
        {
            var value = prepared.Estimate(leaf, f, generator);
            value.sum().backward();
            return (value.detach(), leaf.grad!);
        });
    }

    /// <summary>Estimators that learn do not learn from one check for another.</summary>
    private static T Prepared<T>(GradientEstimator estimator, Tensor logits, Func<GradientEstimator, T> use)
    {
        if (estimator is not AdaptiveEstimator adaptive)
            return use(estimator);
        using var generator = new Generator(2);
        var copy = adaptive with { };
        using var learnt = copy.Prepare(logits.shape[^2], logits.shape[^1], generator);
        return use(copy);
    }

    /// <summary>That shape, with a number of categories that the estimator can take.</summary>
    private static long[] For(GradientEstimator estimator, long[] shape) => estimator is IBinaryEstimator ? [.. shape[..^1], 2] : shape;

    private static Tensor Logits(long[] shape, ScalarType dtype = ScalarType.Float64, long seed = 2)
    {
        using var generator = new Generator((ulong)seed);
        return randn(shape, ScalarType.Float64, generator: generator).to_type(dtype);
    }

    /// <summary>Without the first category of the first latent in the last example, where others are left.</summary>
    private static Tensor FirstMasked(Tensor logits)
    {
        if (logits[0].numel() > 2)
            logits[-1, 0, 0] = double.NegativeInfinity;
        return logits;
    }

    private static Tensor Quadratic(Tensor z)
    {
        var target = linspace(-1, 2, z.shape[^2] * z.shape[^1], ScalarType.Float64).view(z.shape[^2], z.shape[^1]).to_type(z.dtype);
        return (z - target).pow(2).sum([-2, -1]) + (z[TensorIndex.Ellipsis, 0, 0] * z[TensorIndex.Ellipsis, -1, -1]);
    }

    /// <summary>A polynomial of that degree in the one-hot entries, with cross terms; the top degree is in a form ⟨b, z⟩^degree.</summary>
    private static Func<Tensor, Tensor> Polynomial(int degree) => z =>
    {
        var slopes = Logits([z.shape[^2] * z.shape[^1], 4], seed: 7);
        var forms = z.flatten(-2).matmul(slopes);
        return Enumerable.Range(1, degree).Select(d => forms.pow(d).mean([-1])).Aggregate((x, y) => x + y);
    };

    /// <summary>A cubic polynomial and a network, which is none of any degree.</summary>
    private static Tensor Curved(Tensor z) =>
        Polynomial(3)(z) + z.flatten(-2).matmul(Logits([z.shape[^2] * z.shape[^1], 8], seed: 9)).tanh().sum(-1);

    private static double LargestZ(Tensor draws, Tensor expected) =>
        Number(((draws.mean([0]) - expected).abs() / ((draws.std([0]) / Math.Sqrt(draws.shape[0])) + 1e-13)).max());

    private static bool Same(Tensor a, Tensor b) => True(a == b);

    private static bool True(Tensor conditions) => conditions.all().item<bool>();

    private static double Number(Tensor scalar) => scalar.to_type(ScalarType.Float64).item<double>();
}
