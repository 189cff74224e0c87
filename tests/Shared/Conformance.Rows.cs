namespace DiscreteGradients.Testing;

/// <summary>Rows that no distribution has, samples that are not one-hot, nothing to sample: one rule, the same words everywhere.</summary>
public static partial class Conformance
{
    /// <summary>All that can be wrong with a row of logits [K], and the words for it as row number <paramref name="row"/>.</summary>
    public static IEnumerable<(Action<Tensor> Spoil, string Words)> BadRows(long row)
    {
        var masked = $"logits row {row} is fully masked; every row needs a category with a finite logit.";
        string Holds(string what) => $"logits row {row} holds {what}; logits must be finite, or −∞ to mask a category.";
        return
        [
            (of => of.fill_(double.NegativeInfinity), masked),
            (of => of[0] = double.NaN, Holds("NaN")),
            (of => of[-1] = double.NaN, Holds("NaN")),
            (of => of.fill_(double.NegativeInfinity)[-1] = double.NaN, Holds("NaN")),
            (of => of[-1] = double.PositiveInfinity, Holds("Infinity")),
            (of => of.fill_(double.NegativeInfinity)[0] = double.PositiveInfinity, Holds("Infinity")),
            (of => of.fill_(double.NaN)[-1] = double.PositiveInfinity, Holds("Infinity")),
        ];
    }

    /// <summary>
    /// Every kind of bad row is refused in its words, with another bad row behind it: in every dtype, in rows shorter and longer than a
    /// vector and longer than a block.
    /// </summary>
    public static void BadRowsAreRefused(Action<Tensor> call, params long[] categories)
    {
        foreach (var dtype in DTypes)
        {
            foreach (var k in categories)
            {
                foreach (var (spoil, words) in BadRows(5))
                {
                    using var scope = NewDisposeScope();
                    var logits = Logits([4, 2, k], dtype);
                    spoil(logits.view(8, k)[5]);
                    logits[3, 0, 0] = double.NaN;
                    Refused(words, () => call(logits));
                    using var _ = no_grad();
                    Refused(words, () => call(logits));
                }
            }
        }
    }

    /// <summary>The first bad row is named whichever thread meets one first, below and above the size that is worth a thread.</summary>
    public static void TheFirstBadRowIsNamedOnAnyNumberOfThreads(Action<Tensor> call, long categories)
    {
        using var scope = NewDisposeScope();
        foreach (var examples in new[] { 500, 80_000 })
        {
            var logits = zeros([examples, 2, categories], ScalarType.Float32);
            logits[examples - 1, 1] = double.NegativeInfinity;
            foreach (var first in new[] { (2 * examples) - 1, examples + 3, 100 })
            {
                logits.view(-1, categories)[first] = double.NegativeInfinity;
                foreach (var threads in new[] { 1, 2, 5 })
                {
                    set_num_threads(threads);
                    try
                    {
                        Refused($"logits row {first} is fully masked; every row needs a category with a finite logit.", () => call(logits));
                    }
                    finally
                    {
                        set_num_threads(1);
                    }
                }
            }
        }
    }

    public static void A_row_that_no_distribution_has_is_refused_by_its_number(GradientEstimator estimator) => BadRowsAreRefused(
        logits => estimator.Estimate(logits.requires_grad_(is_grad_enabled()), z => z.sum([-2, -1]), Seeded()),
        estimator is IBinaryEstimator ? [2] : [3, 40]);

    public static void The_first_bad_row_is_named_on_any_number_of_threads(GradientEstimator estimator) =>
        TheFirstBadRowIsNamedOnAnyNumberOfThreads(
            logits => estimator.Estimate(logits, z => z.sum([-2, -1]), Seeded()), estimator is IBinaryEstimator ? 2 : 3);

    public static void Both_forms_refuse_a_row_that_no_distribution_has(PathwiseEstimator estimator)
    {
        foreach (var form in new[] { Form.Automatic, Form.Readable })
        {
            var formed = estimator with { Form = form };
            BadRowsAreRefused(logits => formed.Sample(logits, generator: Seeded()), 3, 40, 3_000);
            BadRowsAreRefused(logits => formed.Attach(logits, First(logits), generator: Seeded()), 1, 3, 40, 3_000);
            TheFirstBadRowIsNamedOnAnyNumberOfThreads(logits => formed.Attach(logits, First(logits)), 3);
            Refused(
                "logits row 1 is fully masked; every row needs a category with a finite logit.",
                () => formed.Sample(zeros(2, 3), tensor(new[] { true, false }).unsqueeze(-1)));
        }
    }

    public static void A_supplied_sample_that_is_not_one_hot_is_refused_by_its_row(PathwiseEstimator estimator)
    {
        foreach (var form in new[] { Form.Automatic, Form.Readable })
        {
            var formed = estimator with { Form = form };
            foreach (var dtype in DTypes)
            {
                SamplesThatAreNotOneHotAreRefused((logits, hard) => formed.Attach(logits, hard), dtype);
                foreach (var byMask in new[] { false, true })
                {
                    using var scope = NewDisposeScope();
                    var (logits, mask) = (zeros([4, 3], dtype), ones([4, 3], ScalarType.Bool));
                    var hard = First(logits);
                    if (byMask)
                        mask[2, 0] = false;
                    else
                        logits[2, 0] = double.NegativeInfinity;
                    Refused(
                        "hard row 2 chooses category 0, which is masked; choose one that can be sampled.",
                        () => formed.Attach(logits, hard, mask));
                }
            }
        }
    }

    /// <summary>Every kind of row that is not one-hot, as the last but one of many, in one dtype.</summary>
    public static void SamplesThatAreNotOneHotAreRefused(Action<Tensor, Tensor> call, ScalarType dtype)
    {
        foreach (var (rows, k) in new[] { (4, 2L), (4, 3L), (4, 40L), (60_000, 3L) })
        {
            using var scope = NewDisposeScope();
            var (logits, hard) = (zeros([rows, k], dtype), First(zeros([rows, k], dtype)));
            var row = hard[rows - 2];
            void Check(string what) =>
                Refused($"hard row {rows - 2} must be one-hot, one 1 among zeros; {what}.", () => call(logits, hard));

            row[0] = -0.0;
            hard[rows - 2, 1] = 1;
            call(logits, hard);  // −0 is 0
            row.zero_();
            Check("it holds zeros only");
            row[1] = 0.5;
            Check("its only entry that is not 0 is 0.5");
            row[1] = -1;
            Check("its only entry that is not 0 is -1");
            row[1] = double.NaN;
            Check("its only entry that is not 0 is NaN");
            row[1] = double.PositiveInfinity;
            Check("its only entry that is not 0 is Infinity");
            row[1] = 1;
            row[0] = 1;
            Check("2 of its entries are not 0");
            row.fill_(0.5);
            Check($"{k} of its entries are not 0");
            row.zero_();
            row[k - 1] = 1 - 6e-8;
            if (row[k - 1].to_type(ScalarType.Float64).item<double>() is not 1 and var near)
                Check(FormattableString.Invariant($"its only entry that is not 0 is {near}"));
            else
                call(logits, hard);
        }
    }

    public static void Without_latents_the_value_is_that_of_f_and_nothing_has_a_gradient(GradientEstimator estimator)
    {
        foreach (var dtype in DTypes)
        {
            foreach (var shape in new long[][] { [3, 0, 4], [0, 4], [2, 3, 0, 1], [0, 0, 4] }.Select(shape => For(estimator, shape)))
            {
                using var scope = NewDisposeScope();
                var logits = zeros(shape, dtype).requires_grad_(true);
                using var fresh = new Fresh(estimator, logits);
                var weight = tensor(1.5).to_type(dtype).requires_grad_(true);

                var value = fresh.Estimator.Estimate(logits, z => z.sum([-2, -1]) + (weight * 4), Seeded());
                value.sum().backward();

                Assert.Equal(shape[..^2], value.shape);
                Assert.Equal(dtype, value.dtype);
                Assert.True((value == 6).all().item<bool>());
                Assert.Equal(shape, logits.grad!.shape);
                Assert.Equal(4 * value.numel(), weight.grad!.to_type(ScalarType.Float64).item<double>());
                var step = fresh.Estimator.Estimate(logits, z => (z > 0.5).to_type(dtype).sum([-2, -1]));  // not differentiable
                Assert.True((step == 0).all().item<bool>());
                Assert.True(fresh.Estimator.Evaluations(0, 3) >= 1);
            }
        }
    }

    public static void Samples_of_no_rows_are_empty(PathwiseEstimator estimator)
    {
        foreach (var form in new[] { Form.Automatic, Form.Readable })
        {
            foreach (var shape in new long[][] { [0, 3], [2, 0, 3], [0, 0, 1] })
            {
                using var scope = NewDisposeScope();
                var logits = zeros(shape).requires_grad_(true);
                var formed = estimator with { Form = form };
                foreach (var sample in new[] { formed.Sample(logits), formed.Attach(logits, zeros(shape)) })
                {
                    sample.sum().backward();
                    Assert.Equal(shape, sample.shape);
                    Assert.Equal(shape, logits.grad!.shape);
                }
            }
        }
    }

    /// <summary>
    /// A supplied sample may be as improbable as it likes: below the smallest probability that there is, nothing depends on how much. Where
    /// the gradient grows without bound instead, as with a weight 1/p, it is not finite at either.
    /// </summary>
    public static void A_sample_far_below_the_others_has_the_gradient_of_the_limit(PathwiseEstimator estimator)
    {
        foreach (var form in new[] { Form.Automatic, Form.Readable })
        {
            foreach (var (dtype, bound) in new[] { (ScalarType.Float32, 1e-5), (ScalarType.Float64, 1e-12) })
            {
                using var scope = NewDisposeScope();
                var others = Logits([50, 4], dtype);
                var v = Logits([50, 4], dtype, seed: 4);
                Tensor Gradient(double gap)
                {
                    using var restored = no_grad();
                    var logits = others.clone();
                    logits[TensorIndex.Colon, 0] = -gap;
                    using var recorded = enable_grad();
                    logits.requires_grad_(true);
                    var attached = (estimator with { Form = form }).Attach(logits, First(logits), generator: Seeded());
                    return autograd.grad([(attached * v).sum()], [logits])[0];
                }

                var (far, further) = (Gradient(1_000), Gradient(1e9));
                Assert.True(far.isfinite().equal(further.isfinite()).all().item<bool>(), $"{form}, {dtype}");
                var error = (far - further).nan_to_num(0, 0, 0).abs().max().to_type(ScalarType.Float64).item<double>();
                Assert.True(error <= bound, $"{form}, {dtype}: {error}");
            }
        }
    }

    /// <summary>One-hot samples of the first category, for logits [.., K].</summary>
    private static Tensor First(Tensor logits) =>
        OneHot.FromIndex(zeros(logits.shape[..^1], ScalarType.Int64), logits.shape[^1], logits.dtype);
}
