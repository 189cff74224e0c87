using System.Runtime.InteropServices;

namespace DiscreteGradients.Testing;

/// <summary>What goes wrong inside libtorch, in the user's objective or behind the estimator's back, is an exception and never ends the process.</summary>
public static partial class Conformance
{
    public static void An_objective_that_breaks_its_own_graph_is_an_exception(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(For(estimator, [4, 2, 3])).requires_grad_(true);
        var weight = ones(logits.shape[^1], ScalarType.Float64).requires_grad_(true);
        Tensor Broken(Tensor z)
        {
            var h = (z * weight).exp();
            h.mul_(2);  // exp keeps its result for the way back
            return h.sum([-2, -1]);
        }

        using var fresh = new Fresh(estimator, logits);
        var thrown = Assert.Throws<ExternalException>(() => fresh.Estimator.Estimate(logits, Broken, Seeded()).sum().backward());
        Assert.StartsWith("one of the variables needed for gradient computation has been modified by an inplace operation", thrown.Message, StringComparison.Ordinal);
    }

    public static void An_objective_without_a_derivative_is_an_exception_or_needs_none(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(For(estimator, [4, 2, 3])).requires_grad_(true);
        var needsNone = estimator is ScoreFunctionEstimator or ExactEnumeration or ReinforceBaseline;
        using var fresh = new Fresh(estimator, logits);
        void Estimate() => fresh.Estimator.Estimate(logits, z => special.gammainc(z + 1, ones_like(z)).sum([-2, -1]), Seeded()).sum().backward();

        if (needsNone)
            Estimate();
        else
            Assert.StartsWith("the derivative for 'igamma: input' is not implemented", Assert.Throws<ExternalException>(Estimate).Message, StringComparison.Ordinal);
    }

    public static void An_objective_without_a_second_derivative_is_an_exception_or_needs_none(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(For(estimator, [4, 2, 3])).requires_grad_(true);
        var image = Logits([1, 1, 5, 5]);
        Tensor Sampled(Tensor z)
        {
            var at = z.flatten(-2)[TensorIndex.Ellipsis, TensorIndex.Slice(0, 2)];
            var points = at.reshape(1, 1, -1, 2) - 0.5;
            return nn.functional.grid_sample(image, points, align_corners: true).view(at.shape[..^1]);
        }

        using var fresh = new Fresh(estimator, logits);
        void Estimate() => fresh.Estimator.Estimate(logits, Sampled, Seeded()).sum().backward();

        if (estimator is RelaxedControl)
            Assert.Contains("grid_sampler_2d_backward", Assert.Throws<ExternalException>(Estimate).Message, StringComparison.Ordinal);
        else
            Estimate();
    }

    public static void Logits_changed_between_the_estimate_and_backward_are_an_exception_or_make_no_difference(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        foreach (var dtype in DTypes)
        {
            var leaf = Logits(For(estimator, [4, 2, 3]), dtype).requires_grad_(true);
            var logits = leaf + 0;
            using var fresh = new Fresh(estimator, logits);
            var value = fresh.Estimator.Estimate(logits, Quadratic(leaf.shape, dtype), Seeded()).sum();
            logits.mul_(3);
            try
            {
                value.backward();
            }
            catch (ExternalException e)
            {
                Assert.StartsWith("one of the variables needed for gradient computation has been modified by an inplace operation", e.Message, StringComparison.Ordinal);
                continue;
            }

            using var again = new Fresh(estimator, logits);
            var kept = leaf.detach().requires_grad_(true);
            again.Estimator.Estimate(kept + 0, Quadratic(leaf.shape, dtype), Seeded()).sum().backward();
            Assert.Equal(kept.grad!, leaf.grad!);
        }
    }

    public static void An_objective_may_write_into_its_argument(GradientEstimator estimator)
    {
        foreach (var dtype in DTypes)
        {
            using var scope = NewDisposeScope();
            var logits = Logits(For(estimator, [6, 2, 3]), dtype);
            var weight = Logits(logits.shape[^2..], dtype, seed: 9);
            double[] At(Func<Tensor, Tensor> f)
            {
                using var fresh = new Fresh(estimator, logits);
                var leaf = logits.detach().requires_grad_(true);
                var value = fresh.Estimator.Estimate(leaf, f, Seeded());
                value.sum().backward();
                return [.. Doubles(value), .. Doubles(leaf.grad!)];
            }

            var expected = At(z => (((z * 2) - 1) * weight).sum([-2, -1]));

            Assert.Equal(expected, At(z => (z.mul_(2).sub_(1) * weight).sum([-2, -1])));
            Assert.Equal(expected, At(z =>
            {
                var value = (((z * 2) - 1) * weight).sum([-2, -1]);
                using var _ = no_grad();
                z.detach().zero_();
                return value;
            }));
        }
    }

    private static double[] Doubles(Tensor tensor) => tensor.detach().to_type(ScalarType.Float64).contiguous().data<double>().ToArray();
}
