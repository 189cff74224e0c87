using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

/// <summary>The fused kernels against the readable form, which is the definition.</summary>
public class FusedTests
{
    private static readonly double[] Temperatures = [0.05, 0.5, 1, 1.3, 20];

    /// <summary>Every fused estimator, by a name that tests can print.</summary>
    private static PathwiseEstimator Create(string name, double temperature) => name switch
    {
        "st" => new StraightThrough(temperature),
        "reinmax" => new ReinMax(temperature),
        "reinmax-uniform" => new ReinMaxUniform(),
        "st-gumbel" => new GumbelRao(1, temperature),
        "gumbel-rao" => new GumbelRao(7, temperature),
        "gst-1.0" => new GappedStraightThrough(1, temperature),
        "gst-p" => new GappedStraightThrough(null, temperature),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    public static MatrixTheoryData<string, int> Cases { get; } = new(
        ["st", "reinmax", "reinmax-uniform", "st-gumbel", "gumbel-rao", "gst-1.0", "gst-p"],
        [1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 31, 32, 33, 99, 128, 129, 1_000, 2_049, 5_000]);

    /// <summary>
    /// Relative to the largest entry of the row's gradient, or to one where all are smaller: 1e-12 in double precision, and in single
    /// precision 1e-5 (1 + 1/τ): exponents of up to a hundred carry a rounding of 6e-6, and the temperature divides it.
    /// </summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void The_fused_gradient_is_the_readable_one(string name, int categories)
    {
        foreach (var temperature in Temperatures)
        {
            foreach (var (scale, masked) in new[] { (1.0, false), (1.0, true), (30, false), (1e4, true) })
            {
                using var scope = NewDisposeScope();
                var rows = categories < 200 ? 70 : 3;
                var logits = Conformance.Logits([rows, categories]) * scale;
                if (masked)
                {
                    logits = logits.masked_fill(Conformance.Logits([rows, categories], seed: 6) > 0.3, double.NegativeInfinity);
                    logits[TensorIndex.Ellipsis, categories / 2] = 0.25;
                }

                var v = Conformance.Logits([rows, categories], seed: 4);
                foreach (var (dtype, bound) in new[] { (ScalarType.Float64, 1e-12), (ScalarType.Float32, 1e-5 * (1 + (1 / temperature))) })
                {
                    var typed = logits.to_type(dtype);
                    var estimator = Create(name, temperature);
                    var fused = Gradient(estimator with { Form = Form.Fused }, typed, v);
                    var readable = Gradient(estimator with { Form = Form.Readable }, typed, v);

                    Assert.True((fused.Sample == readable.Sample).all().item<bool>());
                    var size = readable.Gradient.abs().amax([-1], keepdim: true).clamp_min(1);
                    var error = ((fused.Gradient - readable.Gradient).abs() / size).max().item<double>();
                    Assert.True(
                        error <= bound, $"{name}, K = {categories}, τ = {temperature}, scale {scale}, masked {masked}, {dtype}: {error}");
                }
            }
        }
    }

    /// <summary>Then as many draws are worked on at a time as otherwise rows.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(9)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(33)]
    [InlineData(64)]
    public void The_gradient_of_few_rows_with_many_draws_is_the_readable_one(int categories)
    {
        using var scope = NewDisposeScope();
        foreach (var (dtype, bound) in new[] { (ScalarType.Float64, 1e-12), (ScalarType.Float32, 2e-5) })
        {
            foreach (var (rows, draws, temperature) in new[] { (1, 8, 1), (1, 16, 0.5), (3, 19, 1), (5, 37, 0.5), (7, 100, 1) })
            {
                var logits = Conformance.Logits([rows, categories]).to_type(dtype);
                var v = Conformance.Logits([rows, categories], seed: 4);
                var estimator = new GumbelRao(draws, temperature);
                var fused = Gradient(estimator with { Form = Form.Fused }, logits, v).Gradient;
                var readable = Gradient(estimator with { Form = Form.Readable }, logits, v).Gradient;
                Assert.InRange((fused - readable).abs().max().item<double>(), 0, bound);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_supplied_sample_gets_the_readable_gradient_too(string name, int categories)
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([20, categories]);
        var hard = OneHot.FromIndex(arange(20, ScalarType.Int64).remainder(categories), categories, ScalarType.Float64);
        var v = Conformance.Logits([20, categories], seed: 4);
        Tensor Attached(Form form)
        {
            var leaf = logits.clone().requires_grad_(true);
            var attached = (Create(name, 1.3) with { Form = form }).Attach(leaf, hard, generator: Conformance.Seeded());
            Assert.True((attached.detach() == hard).all().item<bool>());
            return autograd.grad([(attached * v).sum()], [leaf])[0];
        }

        Assert.True((Attached(Form.Fused) - Attached(Form.Readable)).abs().max().item<double>() < 1e-12);
    }

    /// <summary>
    /// The gap −log(1 − p)/p, which a sample of probability p makes, tends to 1; the logarithm must not be that of a rounded 1 − p.
    /// </summary>
    [Theory]
    [MemberData(nameof(Unlikely))]
    public void A_supplied_sample_however_unlikely_gets_the_readable_gradient(string name, double logit)
    {
        using var scope = NewDisposeScope();
        var hard = OneHot.FromIndex(tensor(2L), 5, ScalarType.Float64);
        var v = Conformance.Logits([5], seed: 4);
        foreach (var (dtype, bound) in new[] { (ScalarType.Float32, 3e-6), (ScalarType.Float64, 1e-14) })
        {
            foreach (var temperature in new[] { 0.7, 1 })
            {
                Tensor Attached(Form form, ScalarType dtype)
                {
                    var leaf = tensor(new[] { 0.2, 0.1, logit, -0.9, 0.3 }).to_type(dtype).requires_grad_(true);
                    var estimator = Create(name, temperature) with { Form = form };
                    var attached = estimator.Attach(leaf, hard.to_type(dtype), generator: Conformance.Seeded());
                    return autograd.grad([(attached * v.to_type(dtype)).sum()], [leaf])[0].to_type(ScalarType.Float64);
                }

                var (fused, readable) = (Attached(Form.Fused, dtype), Attached(Form.Readable, dtype));
                var size = Math.Max(1, readable.abs().max().item<double>());  // that of reinmax-uniform has no bound
                Assert.InRange((fused - readable).abs().max().item<double>() / size, 0, bound);
                if (name is not ("st-gumbel" or "gumbel-rao" or "reinmax-uniform"))  // other noise, or another smallest number
                    Assert.InRange((readable - Attached(Form.Readable, ScalarType.Float64)).abs().max().item<double>() / size, 0, bound);
            }
        }
    }

    public static MatrixTheoryData<string, double> Unlikely { get; } = new(
        ["st", "reinmax", "reinmax-uniform", "st-gumbel", "gumbel-rao", "gst-1.0", "gst-p"], [-6, -16.1, -18, -37, -80, -800, -1e9, -3e38]);

    public static MatrixTheoryData<string, int> Widths { get; } = new(
        ["st", "reinmax", "reinmax-uniform", "st-gumbel", "gumbel-rao", "gst-1.0", "gst-p"], [2, 3, 16, 17, 40, 3_000]);

    [Theory]
    [MemberData(nameof(Widths))]
    public void A_large_common_offset_changes_not_a_bit(string name, int categories)
    {
        using var scope = NewDisposeScope();
        var v = Conformance.Logits([20, categories], seed: 4);
        foreach (var (dtype, offset) in new[] { (ScalarType.Float32, 1e6), (ScalarType.Float64, 1e13) })
        {
            var logits = ((Conformance.Logits([20, categories]) * 8).round() / 8).to_type(dtype);
            foreach (var temperature in new[] { 0.7, 1 })
            {
                var (near, far) = (Gradient(Create(name, temperature), logits, v), Gradient(Create(name, temperature), logits + offset, v));
                Assert.True((near.Sample == far.Sample).all().item<bool>());
                Assert.True((near.Gradient == far.Gradient).all().item<bool>(), $"{name}, K = {categories}, τ = {temperature}, {dtype}");
            }
        }
    }

    [Theory]
    [InlineData(1e30)]
    [InlineData(1e300)]
    public void A_gap_that_no_logit_can_cross_leaves_no_gradient(double gap)
    {
        using var scope = NewDisposeScope();
        foreach (var dtype in new[] { ScalarType.Float32, ScalarType.Float64 })
        {
            foreach (var form in new[] { Form.Fused, Form.Readable })
            {
                var logits = Conformance.Logits([9, 4]).to_type(dtype);
                var estimator = new GappedStraightThrough(gap) { Form = form };
                var gradient = Gradient(estimator, logits, Conformance.Logits([9, 4], seed: 4)).Gradient;
                Assert.Equal(0, gradient.abs().max().item<double>());
            }
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(300)]
    public void Results_do_not_depend_on_the_number_of_threads(int categories)
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([600_000 / categories, categories], ScalarType.Float32);
        var v = Conformance.Logits(logits.shape, seed: 4);
        foreach (var name in new[] { "reinmax", "gumbel-rao" })
        {
            var one = Gradient(Create(name, 1.3), logits, v);
            set_num_threads(2);
            var two = Gradient(Create(name, 1.3), logits, v);
            set_num_threads(1);

            Assert.True((one.Sample == two.Sample).all().item<bool>());
            Assert.True((one.Gradient == two.Gradient).all().item<bool>());
        }
    }

    [Fact]
    public void Other_layouts_are_taken()
    {
        using var scope = NewDisposeScope();
        var v = Conformance.Logits([6, 4, 5], seed: 4);
        foreach (var logits in new[]
        {
            Conformance.Logits([5, 4, 6]).transpose(0, 2),
            Conformance.Logits([4, 5]).expand(6, 4, 5),
            Conformance.Logits([12, 8, 10])[TensorIndex.Slice(null, null, 2), TensorIndex.Slice(2, 6), TensorIndex.Slice(3, 8)],
        })
        {
            var fused = Gradient(new ReinMax(1.2) { Form = Form.Fused }, logits, v);
            var readable = Gradient(new ReinMax(1.2) { Form = Form.Readable }, logits, v);
            Assert.True((fused.Gradient - readable.Gradient).abs().max().item<double>() < 1e-12);
        }

        // The upstream gradient may have any layout as well.
        var leaf = Conformance.Logits([3, 4]).requires_grad_(true);
        var sample = new ReinMax().Sample(leaf, generator: Conformance.Seeded());
        var expanded = autograd.grad([sample], [leaf], [tensor(2.0).expand(3, 4)])[0];
        Assert.True(expanded.abs().max().item<double>() < 1e-15);  // a constant slope has no gradient
    }

    [Fact]
    public void A_sample_that_nothing_depends_on_gets_no_gradient_and_nothing_breaks()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([3, 4]).requires_grad_(true);
        Tensor sum;
        using (NewDisposeScope())
        {
            var used = new ReinMax().Sample(logits);
            _ = new ReinMax().Sample(logits);
            sum = used.pow(3).sum().MoveToOuterDisposeScope();
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        sum.backward();
        Assert.True(logits.grad!.isfinite().all().item<bool>());
    }

    [Fact]
    public void A_gradient_can_be_taken_twice_from_a_retained_graph()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([30, 4]).requires_grad_(true);
        var sum = (new GumbelRao(5).Sample(logits) * Conformance.Logits([30, 4], seed: 4)).sum();

        var first = autograd.grad([sum], [logits], retain_graph: true)[0];
        var second = autograd.grad([sum], [logits])[0];

        Assert.True((first == second).all().item<bool>());
    }

    [Fact]
    public void NaN_in_the_upstream_gradient_stays_in_its_row()
    {
        using var scope = NewDisposeScope();
        foreach (var name in new[] { "st", "reinmax", "reinmax-uniform", "st-gumbel", "gumbel-rao", "gst-1.0", "gst-p" })
        {
            var v = Conformance.Logits([40, 5], seed: 4);
            v[7, 2] = double.NaN;
            var gradient = Gradient(Create(name, 1), Conformance.Logits([40, 5]), v).Gradient;
            Assert.True(gradient[7].isnan().any().item<bool>());
            Assert.Equal(39 * 5, gradient.isfinite().sum().item<long>() - gradient[7].isfinite().sum().item<long>());
        }
    }

    [Fact]
    public void An_estimator_without_a_kernel_says_so_when_it_is_forced()
    {
        using var scope = NewDisposeScope();
        Conformance.Refused(
            "DecoupledStraightThrough has no fused form for Float32 logits of shape [2, 3] on cpu; use Form.Automatic or Form.Readable.",
            () => new DecoupledStraightThrough(2) { Form = Form.Fused }.Sample(zeros(2, 3)));
    }

    [Fact]
    public void Nothing_leaks_over_many_calls()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([2, 3], ScalarType.Float32).requires_grad_(true);
        var v = Conformance.Logits([2, 3], ScalarType.Float32, seed: 4);
        void Step()
        {
            using var sample = new ReinMax().Sample(logits);
            sample.backward([v]);
            using var gradient = logits.grad!;
            using var zero = gradient.zero_();
        }

        Step();
        GC.Collect();  // from here on garbage is collected as ever
        var (before, resident) = (LiveTensors.Count(), Environment.WorkingSet);
        for (var i = 0; i < 20_000; i++)
            Step();

        Assert.Equal(before, LiveTensors.Count());
        Assert.InRange(Environment.WorkingSet - resident, long.MinValue, 20L << 20);
    }

    private static (Tensor Sample, Tensor Gradient) Gradient(PathwiseEstimator estimator, Tensor logits, Tensor v)
    {
        var leaf = logits.detach();
        leaf.requires_grad_(true);
        var sample = estimator.Sample(leaf, generator: Conformance.Seeded());
        var gradient = autograd.grad([(sample * v.to_type(logits.dtype)).sum()], [leaf])[0];
        return (sample.detach(), gradient.to_type(ScalarType.Float64));
    }
}
