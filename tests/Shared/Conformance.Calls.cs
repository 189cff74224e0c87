namespace DiscreteGradients.Testing;

/// <summary>One call among others: generators, layouts of the logits, scopes, exceptions of f.</summary>
public static partial class Conformance
{
    public static void The_default_generator_is_used_when_none_is_given(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        using var restore = new GlobalSeed(11);
        var logits = Logits(For(estimator, [6, 2, 3]));
        var first = Estimate(estimator, logits, null);
        torch.manual_seed(11);

        Assert.Equal(first, Estimate(estimator, logits, null));
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

    public static void Results_belong_to_the_callers_scope_and_inputs_survive(GradientEstimator estimator)
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
        Assert.False(logits.IsInvalid);
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
}
