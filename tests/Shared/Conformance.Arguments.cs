namespace DiscreteGradients.Testing;

/// <summary>Arguments that cannot be, refused before native code runs.</summary>
public static partial class Conformance
{
    private const string DisposedGenerator = "generator was disposed before the call; keep it until the last call that uses it.";

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

    public static void Arguments_that_are_missing_or_disposed_are_refused_in_words(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var logits = zeros(For(estimator, [5, 2, 3]));
        using var generator = Seeded();
        generator.Dispose();
        Tensor F(Tensor z) => z.sum([-2, -1]);

        Refused("logits must be given; got null.", () => estimator.Estimate(null!, F));
        Refused("f must be given; got null.", () => estimator.Estimate(logits, null!));
        Refused(DisposedGenerator, () => estimator.Estimate(logits, F, generator));
    }

    public static void Arguments_of_a_sample_that_are_missing_or_disposed_are_refused_in_words(PathwiseEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var logits = zeros(5, 2, 3);
        using var generator = Seeded();
        generator.Dispose();
        var gone = zeros(logits.shape);
        gone.Dispose();
        Refused("hard must be given; got null.", () => estimator.Attach(logits, null!));
        Refused("hard was disposed before the call; move it out of its dispose scope.", () => estimator.Attach(logits, gone));
        Refused("mask was disposed before the call; move it out of its dispose scope.", () => estimator.Attach(logits, First(logits), gone));
        Refused("mask was disposed before the call; move it out of its dispose scope.", () => estimator.Sample(logits, gone));
        Refused(DisposedGenerator, () => estimator.Sample(logits, generator: generator));
        Refused(DisposedGenerator, () => estimator.Attach(logits, First(logits), generator: generator));
    }

    public static void What_f_returns_is_checked_before_it_is_used(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var logits = zeros(For(estimator, [5, 2, 3])).requires_grad_(true);
        using var fresh = new Fresh(estimator, logits);
        Tensor Disposed(Tensor z)
        {
            var values = z.sum([-2, -1]);
            values.Dispose();
            return values;
        }

        Refused(
            "f returned a tensor that is disposed; return it from f's dispose scope with MoveToOuterDisposeScope.",
            () => fresh.Estimator.Estimate(logits, Disposed));
        Refused(
            "f must return values on the device of its argument, cpu; got meta.",
            () => fresh.Estimator.Estimate(logits, z => z.sum([-2, -1]).to(new Device("meta"))));
    }
}
