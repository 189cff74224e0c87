using DiscreteGradients.Fused;

namespace DiscreteGradients.Tests.Fused;

public sealed class ElementaryTests
{
    private const double Bound = 1.01;

    [Fact]
    public void Single_precision_exponentials_are_within_an_ulp_over_the_whole_range()
    {
        var (values, results) = (new float[4099], new float[4099]);
        var end = BitConverter.SingleToUInt32Bits(-105);
        for (var first = BitConverter.SingleToUInt32Bits(-0f); first < end; first += (uint)values.Length * 211)
        {
            for (var i = 0; i < values.Length; i++)
                values[i] = results[i] = BitConverter.UInt32BitsToSingle(first + ((uint)i * 211));
            Elementary.Exp<float>(results);
            for (var i = 0; i < values.Length; i++)
                Near(results[i], Math.Exp(values[i]), Bound, 23, -149, "exp", values[i]);
        }
    }

    [Fact]
    public void Double_precision_exponentials_are_within_two_ulps()
    {
        var random = new Random(1);
        var (values, results) = (new double[4099], new double[4099]);
        for (var round = 0; round < 100; round++)
        {
            for (var i = 0; i < values.Length; i++)
                values[i] = results[i] = -random.NextDouble() * (round % 2 == 0 ? 746 : 1);
            Elementary.Exp<double>(results);
            for (var i = 0; i < values.Length; i++)
                Near(results[i], Math.Exp(values[i]), 2, 52, -1074, "exp", values[i]);
        }
    }

    /// <summary>Every uniform number that noise can be made of.</summary>
    [Fact]
    public void Logarithms_of_all_uniform_numbers_are_within_an_ulp()
    {
        var (values, results) = (new float[1 << 12], new float[1 << 12]);
        for (var first = 0; first < 1 << 23; first += values.Length)
        {
            for (var i = 0; i < values.Length; i++)
                values[i] = results[i] = (first + i + 0.5f) / (1 << 23);
            Elementary.NegativeLog(results);
            for (var i = 0; i < values.Length; i++)
                Near(results[i], -Math.Log(values[i]), Bound, 23, -149, "-log", values[i]);
        }
    }

    [Fact]
    public void Zero_infinity_underflow_and_nan()
    {
        float[] single = [0, -0f, float.NegativeInfinity, float.NaN, -104, -1e30f, -103.9f];
        double[] two = [0, -0.0, double.NegativeInfinity, double.NaN, -745.2, -1e300, -745];
        Elementary.Exp<float>(single);
        Elementary.Exp<double>(two);

        Assert.Equal([1, 1, 0, float.NaN, 0, 0, float.Epsilon], single);
        Assert.Equal([1, 1, 0, double.NaN, 0, 0, double.Epsilon], two);
    }

    [Fact]
    public void The_logarithm_of_one_plus_a_number_is_accurate_however_small_the_number()
    {
        for (var x = -0.99; x < -1e-25; x /= 1.7)
        {
            Assert.Equal(1, Elementary.LogP1(x) / Of(x), 1e-15);
            Assert.Equal(1, Elementary.LogP1((float)x) / Of((float)x), 3e-7);
        }

        static double Of(double x) => x > -1e-9 ? x - (x * x / 2) : (double)Exact.Log(1 + Exact.Number(x));

        Assert.Equal(
            (0.0, 0f, -1e-300, -1e-40f),
            (Elementary.LogP1(0.0), Elementary.LogP1(0f), Elementary.LogP1(-1e-300), Elementary.LogP1(-1e-40f)));
    }

    [Fact]
    public void A_number_does_not_depend_on_its_place()
    {
        for (var length = 1; length <= 33; length++)
        {
            var (exponentials, logarithms) = (new float[length], new float[length]);
            Array.Fill(exponentials, -1.2345f);
            Array.Fill(logarithms, 0.2345f);
            Elementary.Exp<float>(exponentials);
            Elementary.NegativeLog(logarithms);

            Assert.Single(exponentials.Distinct());
            Assert.Single(logarithms.Distinct());
        }
    }

    /// <summary>At most so many units in the last place apart; a sentence is made of a failure only, not of millions of numbers.</summary>
    private static void Near(double got, double exact, double bound, int bits, int least, string name, double x)
    {
        var unit = Math.ScaleB(1, Math.Max(exact == 0 ? least : Math.ILogB(exact) - bits, least));
        if (got != exact && !(Math.Abs(got - exact) <= bound * unit))
            Assert.Fail($"{name}({x:r}) = {got:r}, not {exact:r}");
    }
}
