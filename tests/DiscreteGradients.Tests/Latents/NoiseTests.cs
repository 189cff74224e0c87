using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

public class NoiseTests
{
    [Theory]
    [InlineData(ScalarType.Float32, 2)]
    [InlineData(ScalarType.Float32, 7)]
    [InlineData(ScalarType.Float64, 16)]
    [InlineData(ScalarType.Float32, 17)]
    [InlineData(ScalarType.Float64, 301)]
    public void Noise_is_standard_exponential(ScalarType dtype, int categories)
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        var noise = Noise.Draw(generator);

        var values = noise.Exponential(4, zeros([250_000 / categories, categories], dtype)).to_type(ScalarType.Float64);

        var count = values.numel();
        Assert.True(values.min().item<double>() > 0);
        Near(values.mean().item<double>(), 1, 1, count);
        Near(values.pow(2).mean().item<double>(), 2, Math.Sqrt(20), count);
        Near((-values).exp().mean().item<double>(), 0.5, Math.Sqrt(1 / 12.0), count);
        var bins = ((-values).exp() * 1000).floor().to_type(ScalarType.Int64).clamp(0, 999).flatten().bincount(null, 1000)
            .to_type(ScalarType.Float64);
        var chi = ((bins - (count / 1000.0)).pow(2) / (count / 1000.0)).sum().item<double>();
        Assert.True(Math.Abs(chi - 999) < 5 * Math.Sqrt(2 * 999), $"chi-square {chi}");
    }

    [Fact]
    public void Neighbours_in_every_direction_are_independent()
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        foreach (var categories in new[] { 4, 40 })
        {
            var (sums, counts) = (new double[3], new long[3]);
            for (var part = 0; part < 10; part++)
            {
                using var inner = NewDisposeScope();
                var drawn = Noise.Draw(generator).Exponential(60, zeros([400, categories], ScalarType.Float32));
                var values = drawn.to_type(ScalarType.Float64) - 1;
                for (var axis = 0; axis < 3; axis++)
                {
                    var last = values.shape[axis] - 1;
                    var product = values.narrow(axis, 0, last) * values.narrow(axis, 1, last);
                    sums[axis] += product.sum().item<double>();
                    counts[axis] += product.numel();
                }
            }

            for (var axis = 0; axis < 3; axis++)
                Near(sums[axis] / counts[axis], 0, 1, counts[axis]);
        }
    }

    [Fact]
    public void Two_keys_and_the_two_kinds_of_numbers_of_one_key_are_independent()
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        var like = zeros([100_000, 3], ScalarType.Float64);
        var (first, second) = (Noise.Draw(generator), Noise.Draw(generator));
        foreach (var other in new[] { second, first.Other() })
        {
            var product = (first.Exponential(1, like) - 1) * (other.Exponential(1, like) - 1);
            Near(product.mean().item<double>(), 0, 1, product.numel());
        }

        var uniforms = first.Uniform(1, 300_000, CPU).view(-1) - 0.5;
        Near((uniforms * (first.Other().Exponential(1, like).view(-1) - 1)).mean().item<double>(), 0, Math.Sqrt(1 / 12.0), 300_000);
    }

    [Fact]
    public void One_key_gives_the_same_numbers_again()
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        var noise = Noise.Draw(generator);
        var like = zeros([70, 5], ScalarType.Float32);
        Assert.True((noise.Exponential(3, like) == noise.Exponential(3, like)).all().item<bool>());
        Assert.True((noise.Exponential(5, like)[2] == noise.Exponential(3, like)[2]).all().item<bool>());
    }

    [Fact]
    public void Uniforms_have_53_bits_and_stay_below_one()
    {
        using var generator = Conformance.Seeded();
        var noise = Noise.Draw(generator);
        var values = Enumerable.Range(0, 200_000).Select(i => noise.Uniform(i)).ToList();
        Assert.All(values, u => Assert.True(u is >= 0 and < 1));
        Assert.Contains(values, u => Math.ScaleB(u, 52) != Math.Floor(Math.ScaleB(u, 52)));
        Assert.Equal(200_000, values.Distinct().Count());
        Near(values.Average(), 0.5, Math.Sqrt(1 / 12.0), values.Count);
    }

    private static void Near(double value, double expected, double deviation, long count) =>
        Assert.True(Math.Abs(value - expected) < 5 * deviation / Math.Sqrt(count), $"{value} instead of {expected}");
}
