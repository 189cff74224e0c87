using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Training;

public sealed class SeedsTests
{
    private const long Range = 1 << 27;

    [Theory]
    [InlineData(0L)]
    [InlineData(1L)]
    [InlineData((1L << 32) - 1)]
    public void Seeds_of_32_bits_are_libtorchs(long seed)
    {
        using var expected = new Generator((ulong)seed);
        using var generator = Seeds.Generator(seed);

        using var its = expected.get_state();
        using var mine = generator.get_state();
        Assert.Equal(its.data<byte>().ToArray(), mine.data<byte>().ToArray());
    }

    [Theory]  // random.seed(n); [random.getrandbits(32) for _ in range(4)] and the thousandth after them, in Python 3.11
    [InlineData(1L << 32, 0, 1, new[] { 485306839L, 1508871100, 1794561286, 4014597330 }, 2326303146)]
    [InlineData((1L << 32) + 5, 0, 1, new[] { 675479763L, 2085189291, 1213270837, 3822202474 }, 1381656196)]
    [InlineData(long.MaxValue, 0, 1, new[] { 1359979423L, 2819855560, 2711238091, 569878368 }, 26015838)]
    [InlineData(long.MaxValue, 3, 4, new[] { 1333840036L, 328072992, 1036168876, 3341432876 }, 1197784332)]
    public void Larger_seeds_are_taken_as_Python_takes_them(long seed, int purpose, int purposes, long[] first, long later)
    {
        using var generator = Seeds.Generator(seed, purpose, purposes);

        Assert.Equal(first.Select(word => word % Range), Numbers(generator, 4));
        Assert.Equal(later % Range, Numbers(generator, 1000)[^1]);
    }

    [Fact]
    public void Purposes_of_large_seeds_do_not_meet()
    {
        var seeds = new[] { 0, 1, 1L << 30, (1L << 30) + 1, 1L << 32, 1L << 62, long.MaxValue };

        var firsts = from seed in seeds from purpose in Enumerable.Range(0, 4) select First(seed, purpose);

        Assert.Distinct(firsts);

        static long First(long seed, int purpose)
        {
            using var generator = Seeds.Generator(seed, purpose, purposes: 4);
            return Numbers(generator, 2) is [var a, var b] ? (a << 32) + b : 0;
        }
    }

    [Fact]
    public void A_negative_seed_is_refused()
    {
        var experiment = new PolynomialExperiment(new PolynomialOptions { Latents = 2, Epochs = 1, Steps = 1 });

        var error = Assert.Throws<OptionException>(() => experiment.Start(new ReinMax(), seed: -1));

        Assert.Equal("--seed must be at least 0; got -1.", error.Message);
    }

    [Theory]
    [InlineData("polynomial", 1L << 32)]
    [InlineData("vae", 1L << 30)]  // four generators a seed
    [InlineData("vae", 1L << 32)]
    [InlineData("bernoulli-vae", 1L << 62)]
    [InlineData("listops", 1L << 62)]
    public void Seeds_that_differ_in_their_upper_bits_give_other_numbers(string name, long seed)
    {
        using var folder = new TemporaryFolder();
        Experiment experiment = name switch
        {
            "listops" => new ListOpsExperiment(TinyListOps.Write(folder) with { Epochs = 1 }),
            "vae" => new VaeExperiment(new VaeOptions { Dataset = "made-digits", Images = 50, Batch = 50, Latents = 2, Epochs = 1 }),
            "bernoulli-vae" => new BernoulliVaeExperiment(new BernoulliVaeOptions
            {
                Dataset = "made-digits",
                Images = 50,
                Latents = 2,
                Batch = 50,
                Epochs = 1,
                BoundSamples = 1,
                VarianceDraws = 2,
            }),
            _ => new PolynomialExperiment(new PolynomialOptions { Latents = 2, Epochs = 1, Steps = 1 }),
        };

        Assert.NotEqual(Loss(0), Loss(seed));

        double Loss(long seed) =>
            experiment.Run(new ReinMax(), seed, cancellation: TestContext.Current.CancellationToken).Single().TrainLoss;
    }

    /// <summary>The generator's own words, as far as libtorch takes one for a number.</summary>
    private static long[] Numbers(Generator generator, int count)
    {
        using var numbers = randint(0, Range, [count], ScalarType.Int64, generator: generator);
        return [.. numbers.data<long>()];
    }
}
