using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

/// <summary>What holds for every pathwise estimator beyond the conformance suite: samples inside networks, supplied samples, gradients of gradients.</summary>
public class PathwiseEstimatorTests
{
    public static TheoryData<string> Names { get; } = [.. Estimators.All.Where(e => e.Default is PathwiseEstimator).Select(e => e.Name)];

    private static PathwiseEstimator Get(string name) => (PathwiseEstimator)Estimators.Get(name).Default;

    [Theory]
    [MemberData(nameof(Names))]
    public void A_supplied_sample_comes_back_unchanged_with_a_gradient(string name)
    {
        using var scope = NewDisposeScope();
        foreach (var dtype in new[] { ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64 })
        {
            var logits = Conformance.Logits([9, 3], dtype).requires_grad_(true);
            var hard = OneHot.FromIndex(arange(9, ScalarType.Int64).remainder(3), 3, dtype);

            var attached = Get(name).Attach(logits, hard, generator: Conformance.Seeded());
            (attached * Conformance.Logits([9, 3], dtype, seed: 8)).sum().backward();

            Assert.True((attached.detach() == hard).all().item<bool>());
            Assert.True(logits.grad!.isfinite().all().item<bool>());
            Assert.True(logits.grad.abs().sum().to_type(ScalarType.Float32).item<float>() > 0);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_mask_equals_logits_of_minus_infinity(string name)
    {
        using var scope = NewDisposeScope();
        var mask = tensor(new[] { true, false, true, true });
        var plain = Conformance.Logits([30, 4]).requires_grad_(true);
        var infinite = plain.detach().masked_fill(mask.logical_not(), double.NegativeInfinity).requires_grad_(true);
        var v = Conformance.Logits([30, 4], seed: 4);

        var byMask = Get(name).Sample(plain, mask, Conformance.Seeded());
        var byInfinity = Get(name).Sample(infinite, null, Conformance.Seeded());

        Assert.True((byMask == byInfinity).all().item<bool>());
        var (a, b) = (autograd.grad([(byMask * v).sum()], [plain])[0], autograd.grad([(byInfinity * v).sum()], [infinite])[0]);
        Assert.True((a == b).all().item<bool>());
        Assert.Equal(0, a[TensorIndex.Ellipsis, 1].abs().max().item<double>());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Evaluation_without_gradients_draws_the_same_sample(string name)
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([30, 4]).requires_grad_(true);
        var training = Get(name).Sample(logits, generator: Conformance.Seeded()).detach();
        using var _ = no_grad();

        Assert.True((training == Get(name).Sample(logits, generator: Conformance.Seeded())).all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Unused_samples_and_nested_scopes_leak_nothing(string name)
    {
        using var outer = NewDisposeScope();
        var logits = Conformance.Logits([4, 3]).requires_grad_(true);
        void Use()
        {
            using var middle = NewDisposeScope();
            var sample = Get(name).Sample(logits);
            using (NewDisposeScope())
            {
                _ = Get(name).Sample(logits);
                sample = (Get(name).Attach(logits, sample.detach()) * 2).MoveToOuterDisposeScope();
            }

            sample.sum().backward();
        }

        Use();
        var before = LiveTensors.Count();
        for (var i = 0; i < 200; i++)
            Use();

        Assert.Equal(before, LiveTensors.Count());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_of_gradients_are_finite_and_not_constant(string name)
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([5, 3]).requires_grad_(true);
        var v = Conformance.Logits([5, 3], seed: 4);
        var sample = Get(name).Sample(logits, generator: Conformance.Seeded());

        var first = autograd.grad([(sample * v).sum()], [logits], create_graph: true, retain_graph: true)[0];
        var second = autograd.grad([(first * first).sum()], [logits])[0];

        Assert.True(second.isfinite().all().item<bool>());
        Assert.True(second.abs().sum().item<double>() > 0);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_of_gradients_do_not_see_a_masked_category_or_what_stands_in_for_one(string name)
    {
        using var scope = NewDisposeScope();
        foreach (var (dtype, mask) in new[]
        {
            (ScalarType.Float64, double.NegativeInfinity), (ScalarType.Float64, -1e9), (ScalarType.Float64, double.MinValue),
            (ScalarType.Float32, double.NegativeInfinity), (ScalarType.Float32, -1e9), (ScalarType.Float32, float.MinValue),
        })
        {
            var logits = Conformance.Logits([9, 4], dtype);
            logits[TensorIndex.Ellipsis, 2] = mask;
            logits.requires_grad_(true);
            var v = Conformance.Logits([9, 4], dtype, seed: 4);
            var sample = Get(name).Sample(logits, generator: Conformance.Seeded());

            var first = autograd.grad([(sample * v).sum()], [logits], create_graph: true, retain_graph: true)[0];
            var second = autograd.grad([(first * first).sum()], [logits])[0];

            Assert.True(second.isfinite().all().item<bool>());
            Assert.Equal(0, second[TensorIndex.Ellipsis, 2].abs().max().to_type(ScalarType.Float64).item<double>());
            Assert.True(second.abs().sum().to_type(ScalarType.Float64).item<double>() > 0);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_supplied_sample_of_another_shape_or_dtype_is_refused_in_words(string name)
    {
        using var scope = NewDisposeScope();
        Conformance.Refused(
            "hard must be one-hot with the logits' shape [2, 3] and dtype Float32; got [3], Float32.",
            () => Get(name).Attach(zeros(2, 3), zeros(3)));
        Conformance.Refused(
            "hard must be one-hot with the logits' shape [2, 3] and dtype Float32; got [2, 3], Float64.",
            () => Get(name).Attach(zeros(2, 3), zeros([2, 3], ScalarType.Float64)));
    }

    [Fact]
    public void Single_precision_gradients_stay_accurate_at_large_logits()
    {
        // exp(log-midpoint − logits + logits) cancels badly at logits of 10⁴ unless the logits are normalised first.
        using var scope = NewDisposeScope();
        var logits = (Conformance.Logits([200, 4]) + 9_000).to_type(ScalarType.Float32);
        var hard = OneHot.Sample(logits, generator: Conformance.Seeded());
        var v = Conformance.Logits([200, 4], ScalarType.Float32, seed: 4);
        Tensor Gradient(PathwiseEstimator estimator, ScalarType dtype)
        {
            var leaf = logits.to_type(dtype).clone().requires_grad_(true);
            return autograd.grad([(estimator.Attach(leaf, hard.to_type(dtype)) * v.to_type(dtype)).sum()], [leaf])[0].to_type(ScalarType.Float64);
        }

        foreach (PathwiseEstimator estimator in new PathwiseEstimator[] { new ReinMax(), new ReinMax(1.5), new StraightThrough(), new ReinMaxUniform() })
        {
            var reference = Gradient(estimator, ScalarType.Float64);
            var error = (Gradient(estimator, ScalarType.Float32) - reference).abs() / reference.abs().clamp_min(1);
            Assert.True(error.max().item<double>() < 2e-6, $"{estimator}: {error.max().item<double>()}");
        }
    }
}
