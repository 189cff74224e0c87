using DiscreteGradients.Fused;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

public class SamplerTests
{
    public static MatrixTheoryData<int, ScalarType> Sizes { get; } = new(
        [1, 2, 3, 8, 9, 10, 128, 1_000, 32_768, 151_936],
        [ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64]);

    /// <summary>40 cases of 250,000 draws: ten million in all, with masks, −∞, and logits of ±10⁴.</summary>
    [Theory]
    [MemberData(nameof(Sizes))]
    public void An_impossible_category_is_never_drawn(int categories, ScalarType dtype)
    {
        const int Draws = 50_000;
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded(categories);
        var gaussian = randn([categories], ScalarType.Float64, generator: generator);
        var huge = gaussian.sign() * 1e4;
        var masked = gaussian.masked_fill(rand([categories], ScalarType.Float64, generator: generator) < 0.5, double.NegativeInfinity);
        masked[categories / 2] = 0.5;
        var concentrated = full([categories], -1e4, ScalarType.Float64);
        concentrated[categories - 1] = 1e4;
        var graded = linspace(0, -2_000, categories, ScalarType.Float64);
        var wide = gaussian * 40;

        foreach (var logits in new[] { huge, masked, concentrated, graded, wide })
        {
            var typed = logits.to_type(dtype);
            var index = OneHot.SampleIndex(typed, Draws, generator: generator);

            Assert.True(index.min().item<long>() >= 0 && index.max().item<long>() < categories);
            var working = dtype == ScalarType.Float64 ? typed : typed.to_type(ScalarType.Float32);
            Assert.True(working.softmax(-1).index_select(0, index).min().to_type(ScalarType.Float64).item<double>() > 0);
        }
    }

    [Theory]
    [InlineData(2, ScalarType.Float32)]
    [InlineData(3, ScalarType.Float16)]
    [InlineData(8, ScalarType.BFloat16)]
    [InlineData(10, ScalarType.Float64)]
    [InlineData(1_000, ScalarType.Float32)]
    [InlineData(151_936, ScalarType.Float32)]
    public void Frequencies_pass_a_chi_square_test(int categories, ScalarType dtype)
    {
        const int Draws = 2_000_000;
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        var logits = randn([categories], ScalarType.Float64, generator: generator).to_type(dtype);

        var counts = OneHot.SampleIndex(logits, Draws, generator: generator).bincount(null, categories);

        AssertFrequencies(counts, logits.to_type(ScalarType.Float64).softmax(-1), Draws);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(9)]
    [InlineData(17)]
    [InlineData(40)]
    [InlineData(64)]
    public void Rows_drawn_once_each_have_the_right_frequencies_too(int categories) => DrawOnceEach(categories, rows: 100_000);

    [Fact]
    public void Long_rows_drawn_once_each_have_the_right_frequencies_too() => DrawOnceEach(categories: 3_000, rows: 3_333);

    private static void DrawOnceEach(int categories, int rows)
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        var logits = randn([categories], ScalarType.Float32, generator: generator);

        var samples = OneHot.Sample(logits.expand(rows, categories), generator: generator);

        AssertFrequencies(samples.sum([0]), logits.to_type(ScalarType.Float64).softmax(-1), rows);
    }

    /// <summary>
    /// Uniform numbers at both ends and on the boundaries between categories, where rounding could pick a weight of zero.
    /// </summary>
    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(40)]
    [InlineData(300)]
    [InlineData(2_500)]
    public void Extreme_uniform_numbers_never_pick_a_weight_of_zero(int categories)
    {
        var last = Math.BitDecrement(1.0);
        for (var possible = 0; possible < categories; possible++)
        {
            var logits = Enumerable.Repeat(float.NegativeInfinity, categories).ToArray();
            logits[possible] = 3;
            logits[(possible + (categories / 2)) % categories] = 3;
            using var sampler = new RowSampler<float>(categories, 1);
            sampler.Load(logits);
            sampler.Accumulate(0, logits, 0);

            foreach (var u in new[] { 0, double.Epsilon, 1e-300, Math.BitDecrement(0.5), 0.5, Math.BitIncrement(0.5), 1 - 1e-10, last })
                Assert.Equal(3, logits[sampler.Draw(0, logits, u)]);
        }
    }

    [Fact]
    public void Rows_and_samples_are_independent()
    {
        const int Rows = 100_000;
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();

        var index = OneHot.SampleIndex(zeros(Rows, 3), 2, generator: generator).to_type(ScalarType.Float64);

        var pairs = (index[0] * 3 + index[1]).to_type(ScalarType.Int64).bincount(null, 9);
        AssertFrequencies(pairs, full([9], 1 / 9.0, ScalarType.Float64), Rows);
        var neighbours = (index[0][TensorIndex.Slice(null, -1)] * 3 + index[0][TensorIndex.Slice(1)]).to_type(ScalarType.Int64)
            .bincount(null, 9);
        AssertFrequencies(neighbours, full([9], 1 / 9.0, ScalarType.Float64), Rows - 1);
    }

    [Fact]
    public void Many_rows_with_their_own_masks_never_give_a_masked_category()
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        foreach (var categories in new[] { 2, 7, 100 })
        {
            var mask = rand([200_000 / categories, categories], generator: generator) < 0.3;
            mask[TensorIndex.Ellipsis, 0] |= mask.any(-1).logical_not();

            var sample = OneHot.Sample(randn(mask.shape, generator: generator) * 5, mask, generator);

            Assert.Equal(mask.shape[0], sample.sum().item<float>());
            Assert.Equal(0, sample.masked_fill(mask, 0).sum().item<float>());
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(1_000)]
    public void The_sampler_for_other_devices_draws_the_same(int categories)
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        var logits = randn([500, categories], ScalarType.Float64, generator: generator) * 4;
        logits[TensorIndex.Ellipsis, 1] = double.NegativeInfinity;
        var noise = Noise.Draw(generator);

        var spans = Categorical.SampleIndex(logits, 3, noise);

        Assert.True((spans == Categorical.SearchTensors(logits, 3, noise)).all().item<bool>());
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void One_hot_samples_and_indices_are_the_same_samples(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        foreach (var categories in new[] { 1, 2, 3, 31, 99, 128, 129 })
        {
            var logits = randn([1_100, categories], dtype, generator: generator) * 4;
            if (categories > 1)
                logits[TensorIndex.Slice(5, 700), 1] = double.NegativeInfinity;
            var noise = Noise.Draw(generator);

            foreach (var layout in new[] { logits, logits.t().contiguous().t(), logits[TensorIndex.Slice(0, 0)] })
            {
                var samples = Categorical.Sample(layout, 3, noise);

                Assert.True((samples == OneHot.Of(Categorical.SampleIndex(layout, 3, noise), categories, dtype)).all().item<bool>());
                Assert.Equal([3, .. layout.shape], samples.shape);
            }
        }
    }

    /// <summary>Of a long row that is drawn from often, the weights are kept.</summary>
    [Theory]
    [InlineData(2_049)]
    [InlineData(3_072)]
    [InlineData(32_768)]
    public void The_first_samples_are_the_same_however_many_are_drawn(int categories)
    {
        foreach (var dtype in new[] { ScalarType.Float32, ScalarType.Float64 })
        {
            using var scope = NewDisposeScope();
            var logits = Conformance.Logits([50, categories], dtype) * 3;
            logits[TensorIndex.Slice(0, 20), TensorIndex.Slice(0, 1_024)] = double.NegativeInfinity;  // whole chunks
            logits[TensorIndex.Slice(10, 30), TensorIndex.Slice(2_048)] = double.NegativeInfinity;

            var few = OneHot.SampleIndex(logits, 2, generator: Conformance.Seeded());
            var many = OneHot.SampleIndex(logits, 100, generator: Conformance.Seeded());

            Assert.True(few.equal(many[TensorIndex.Slice(0, 2)]).all().item<bool>());
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32, 5e-7)]
    [InlineData(ScalarType.Float64, 2e-15)]
    public void Probabilities_are_the_softmax_in_any_layout(ScalarType dtype, double error)
    {
        using var scope = NewDisposeScope();
        foreach (var categories in new[] { 1, 2, 3, 31, 100, 3_000 })
        {
            var logits = Conformance.Logits([1 + (20_000 / categories), categories], dtype) * 30;
            logits[3, TensorIndex.Slice(1)] = double.NegativeInfinity;

            foreach (var layout in new[] { logits, logits.t().contiguous().t(), logits[TensorIndex.Slice(0, 0)] })
            {
                var p = Categorical.Probabilities(layout);

                Assert.Equal(layout.shape, p.shape);
                Assert.Equal(dtype, p.dtype);
                if (p.numel() > 0)
                    Assert.InRange((p - layout.softmax(-1)).abs().max().ToDouble(), 0, error);
            }

            Assert.Equal(0, Categorical.Probabilities(logits)[3, TensorIndex.Slice(1)].sum().ToDouble());
        }
    }

    [Fact]
    public void Every_pathwise_estimator_draws_the_same_sample()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([100, 4]).requires_grad_(true);
        var samples = Estimators.All.Select(e => e.Default).OfType<PathwiseEstimator>()
            .Select(e => e.Sample(logits, generator: Conformance.Seeded(9)).detach())
            .Append(OneHot.Sample(logits, generator: Conformance.Seeded(9)))
            .ToList();

        Assert.True(samples.Count > 6);
        Assert.All(samples, s => Assert.True((s == samples[0]).all().item<bool>()));
    }

    [Fact]
    public void Rows_that_cannot_be_sampled_are_refused_in_words()
    {
        using var scope = NewDisposeScope();
        foreach (var categories in new[] { 3, 20 })
        {
            foreach (var dtype in new[] { ScalarType.Float16, ScalarType.Float32, ScalarType.Float64 })
            {
                var logits = zeros([4, categories], dtype);
                void Refused(string message) => Conformance.Refused(message, () => OneHot.Sample(logits));
                logits[2] = double.NegativeInfinity;
                Refused("logits row 2 is fully masked; every row needs a category with a finite logit.");
                logits[2, 1] = double.NaN;
                Refused("logits row 2 holds NaN; logits must be finite, or −∞ to mask a category.");
                logits[2] = 0;
                logits[2, categories - 1] = double.NaN;
                Refused("logits row 2 holds NaN; logits must be finite, or −∞ to mask a category.");
                logits[2, 1] = double.PositiveInfinity;
                Refused("logits row 2 holds Infinity; logits must be finite, or −∞ to mask a category.");
            }
        }

        var mask = ones([4, 3], ScalarType.Bool);
        mask[1] = false;
        Conformance.Refused(
            "logits row 1 is fully masked; every row needs a category with a finite logit.", () => new ReinMax().Sample(zeros(4, 3), mask));
    }

    [Fact]
    public void Empty_batches_and_single_rows_are_sampled()
    {
        using var scope = NewDisposeScope();
        Assert.Equal([0, 5], OneHot.Sample(zeros(0, 5)).shape);
        Assert.Equal([0, 2, 5], OneHot.Sample(zeros(0, 2, 5)).shape);
        Assert.Equal([5], OneHot.Sample(zeros(5)).shape);
        Assert.Equal([7, 2, 5], OneHot.Sample(zeros(2, 5), samples: 7).shape);
    }

    [Fact]
    public void Wrong_masks_generators_and_counts_are_refused_in_words()
    {
        using var scope = NewDisposeScope();
        Conformance.Refused(
            "mask must be Boolean, true where a category may be chosen; got Float32.", () => OneHot.Sample(zeros(2, 3), ones(2, 3)));
        Conformance.Refused(
            "mask must broadcast to the logits' shape [2, 3]; got [2, 4].",
            () => OneHot.Sample(zeros(2, 3), ones([2, 4], ScalarType.Bool)));
        Conformance.Refused(
            "mask must broadcast to the logits' shape [2, 3]; got [1, 2, 3].",
            () => OneHot.Sample(zeros(2, 3), ones([1, 2, 3], ScalarType.Bool)));
        Conformance.Refused("samples must be at least 1; got 0.", () => OneHot.Sample(zeros(2, 3), samples: 0));
        Conformance.Refused("logits must have shape [..., categories] with at least one category; got [].", () => OneHot.Sample(zeros([])));
    }

    private static void AssertFrequencies(Tensor counts, Tensor probabilities, long draws)
    {
        using var scope = NewDisposeScope();
        var expected = probabilities * draws;
        var enough = expected >= 5;  // the test's usual condition; the rest is pooled
        var observed = counts.to_type(ScalarType.Float64);
        var chi = ((observed - expected).pow(2) / expected)[enough].sum().item<double>();
        var pooled = expected[enough.logical_not()].sum().item<double>();
        if (pooled > 5)
            chi += Math.Pow(observed[enough.logical_not()].sum().item<double>() - pooled, 2) / pooled;

        var freedom = enough.sum().item<long>() - 1 + (pooled > 5 ? 1 : 0);
        if (freedom == 0)
        {
            Assert.Equal(draws, observed.sum().item<double>());
            return;
        }

        var cube = Math.Cbrt(chi / freedom);  // Wilson-Hilferty: nearly standard normal after this
        var z = (cube - 1 + (2.0 / (9 * freedom))) / Math.Sqrt(2.0 / (9 * freedom));
        Assert.True(Math.Abs(z) < 5, $"z = {z} with {freedom} degrees of freedom");
    }
}
