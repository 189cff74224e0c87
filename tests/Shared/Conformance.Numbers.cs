namespace DiscreteGradients.Testing;

/// <summary>Numbers that are hard on arithmetic: masks and what stands in for them, large offsets, wide gaps, extreme temperatures.</summary>
public static partial class Conformance
{
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

    public static void A_weighted_log_ratio_of_masked_distributions_has_a_finite_gradient(GradientEstimator estimator)
    {
        foreach (var (dtype, weight) in DTypes.SelectMany(dtype => new[] { (dtype, 2.0), (dtype, dtype == ScalarType.Float16 ? -30 : -3_000) }))
        {
            using var scope = NewDisposeScope();
            var logits = SomeMasked(estimator, dtype, double.NegativeInfinity);
            var prior = estimator is PathwiseEstimator  // others multiply by the value of f, which must be finite
                ? SomeMasked(estimator, dtype, double.NegativeInfinity, seed: 9)
                : logits.flip(0).masked_fill(logits.isneginf(), double.NegativeInfinity).masked_fill(logits.flip(0).isneginf() & ~logits.isneginf(), 1);
            Tensor Log(Tensor of, Tensor z) => estimator is IRelaxingEstimator  // whose z are also rows of probabilities
                ? (of.log_softmax(-1).masked_fill(of.isneginf(), 0) * z).sum([-2, -1])
                : Distribution.LogProbability(of, z).sum(-1);
            foreach (var form in Forms(estimator))
            {
                var leaf = logits.clone().requires_grad_(true);
                var (_, gradient) = Gradients(form, leaf, z => weight * (Log(leaf, z) - Log(prior, z)));

                Assert.True(gradient.isfinite().all().item<bool>(), $"{form}, {dtype}, weight {weight}");
                Assert.Equal(0, gradient.masked_select(logits.isneginf()).abs().max().item<double>());
                Assert.True(gradient.abs().sum().item<double>() > 0);
            }
        }
    }

    public static void A_large_common_offset_changes_not_a_bit(GradientEstimator estimator)
    {
        foreach (var (dtype, offset, grid) in new[]
        {
            (ScalarType.Float16, 1024.0, 1.0), (ScalarType.BFloat16, 128, 1), (ScalarType.Float32, 1e6, 8), (ScalarType.Float32, -12_345, 64),
            (ScalarType.Float64, 1e6, 64), (ScalarType.Float64, 1e13, 8),
        })
        {
            using var scope = NewDisposeScope();
            var logits = ((2 * Logits(For(estimator, [40, 2, 5])) * grid).round() / grid).to_type(dtype);
            Assert.True((logits + offset - offset == logits).all().item<bool>());
            foreach (var form in Forms(estimator).SelectMany(form => new[] { form, At(form, 0.7) ?? form }))
            {
                var (near, far) = (Gradients(form, logits), Gradients(form, logits + offset));

                Assert.True((near.Values == far.Values).all().item<bool>(), $"{form}, {dtype}, {offset}");
                Assert.True((near.Gradient == far.Gradient).all().item<bool>(), $"{form}, {dtype}, {offset}");
            }
        }
    }

    public static void A_number_that_stands_in_for_a_mask_is_as_good_as_one(GradientEstimator estimator)
    {
        foreach (var (dtype, standIn) in new[]
        {
            (ScalarType.Float16, -1e4), (ScalarType.Float16, -65504), (ScalarType.BFloat16, -1e9), (ScalarType.BFloat16, -3.3895313892515355e38),
            (ScalarType.Float32, -1e4), (ScalarType.Float32, -1e9), (ScalarType.Float32, float.MinValue),
            (ScalarType.Float64, -1e4), (ScalarType.Float64, -1e9), (ScalarType.Float64, float.MinValue), (ScalarType.Float64, double.MinValue),
        })
        {
            using var scope = NewDisposeScope();
            var (masked, finite) = (SomeMasked(estimator, dtype, double.NegativeInfinity), SomeMasked(estimator, dtype, standIn));
            foreach (var form in Forms(estimator))
            {
                var (expected, got) = (Gradients(form, masked), Gradients(form, finite));

                Assert.True(got.Values.isfinite().all().item<bool>() && got.Gradient.isfinite().all().item<bool>(), $"{form}, {dtype}, {standIn}");
                Assert.Equal(0, got.Gradient.masked_select(masked.isneginf()).abs().max().item<double>());
                if (form is not ReinMaxUniform)  // which counts the categories
                {
                    Assert.True((expected.Values == got.Values).all().item<bool>(), $"{form}, {dtype}, {standIn}");
                    Assert.True((expected.Gradient == got.Gradient).all().item<bool>(), $"{form}, {dtype}, {standIn}");
                }
            }
        }
    }

    public static void Gaps_wider_than_the_largest_number_give_the_gradient_of_a_mask(GradientEstimator estimator)
    {
        foreach (var (dtype, large) in new[] { (ScalarType.BFloat16, 3e38), (ScalarType.Float32, 3e38), (ScalarType.Float64, 1.5e308) })
        {
            using var scope = NewDisposeScope();
            var sign = Logits(For(estimator, [30, 2, 4])).sign();
            var wide = (sign * large).to_type(dtype);
            var masked = where(sign == sign.amax([-1], keepdim: true), large, double.NegativeInfinity).to_type(dtype);
            foreach (var form in Forms(estimator))
            {
                var (expected, got) = (Gradients(form, masked), Gradients(form, wide));

                Assert.True(got.Values.isfinite().all().item<bool>(), $"{form}, {dtype}");
                Assert.True((expected.Values == got.Values).all().item<bool>(), $"{form}, {dtype}");
                Assert.True((expected.Gradient == got.Gradient).all().item<bool>(), $"{form}, {dtype}");
            }
        }
    }

    [Needs("Temperature")]
    public static void The_ends_of_the_temperatures_are_limits(GradientEstimator estimator)
    {
        foreach (var dtype in DTypes)
        {
            using var scope = NewDisposeScope();
            var logits = SomeMasked(estimator, dtype, double.NegativeInfinity);
            foreach (var form in Forms(estimator))
            {
                Tensor Gradient(double temperature)
                {
                    var (values, gradient) = Gradients(At(form, temperature)!, logits);
                    Assert.True(values.isfinite().all().item<bool>() && gradient.isfinite().all().item<bool>(), $"{form}, {dtype}, {temperature}");
                    Assert.Equal(0, gradient.masked_select(logits.isneginf()).abs().max().item<double>());
                    return gradient;
                }

                Assert.True((Gradient(1e-30) == Gradient(1e-12)).all().item<bool>(), $"{form}, {dtype}");
                var (largest, large) = (Gradient(1e30), Gradient(1e12));
                bool Close(Tensor a) => ((a - large).abs() <= (Half(dtype) ? 1e-2 : 1e-5) * large.abs().amax()).all().item<bool>();
                Assert.True(Close(largest) || Close(largest * 1e18), $"{form}, {dtype}");
            }
        }
    }

    /// <summary>Rows of different logits, most with a category that holds <paramref name="mask"/>.</summary>
    private static Tensor SomeMasked(GradientEstimator estimator, ScalarType dtype, double mask, long seed = 2)
    {
        var logits = Logits(For(estimator, [60, 2, 4]), seed: seed).argsort(-1).to_type(ScalarType.Float64) * 0.7;
        var at = randint(0, logits.shape[^1], [60, 2, 1], ScalarType.Int64, generator: Seeded(seed + 1));
        at = zeros_like(logits).scatter(-1, at, ones_like(logits)) > 0;
        at[TensorIndex.Slice(0, 10)] = false;
        return logits.masked_fill(at, mask).to_type(dtype);
    }

    private static bool Half(ScalarType dtype) => dtype is ScalarType.Float16 or ScalarType.BFloat16;

    /// <summary>The estimator, and its readable form where that is another one.</summary>
    private static IEnumerable<GradientEstimator> Forms(GradientEstimator estimator) =>
        estimator is PathwiseEstimator pathwise ? [pathwise, pathwise with { Form = Form.Readable }] : [estimator];

    /// <summary>A copy at another temperature; null if the estimator has none.</summary>
    private static GradientEstimator? At(GradientEstimator estimator, double temperature)
    {
        if (estimator.GetType().GetProperty("Temperature") is not { } property)
            return null;
        var copy = estimator with { };
        property.SetValue(copy, temperature);
        return copy;
    }

    /// <summary>Values and gradient in float64 of a fresh copy; what it learns from must be finite as well.</summary>
    private static (Tensor Values, Tensor Gradient) Gradients(GradientEstimator estimator, Tensor logits, Func<Tensor, Tensor>? f = null)
    {
        var leaf = logits.requires_grad ? logits : logits.clone().requires_grad_(true);
        using var fresh = new Fresh(estimator, leaf);
        var values = fresh.Estimator.Estimate(leaf, f ?? Quadratic(logits.shape, logits.dtype), Seeded());
        values.sum().backward();
        if (fresh.Learnt is { } learnt)
            Assert.All(learnt.parameters(), parameter => Assert.True(parameter.grad is null || parameter.grad.isfinite().all().item<bool>(), $"{estimator}, {logits.dtype}"));
        return (values.detach().to_type(ScalarType.Float64), leaf.grad!.to_type(ScalarType.Float64));
    }
}
