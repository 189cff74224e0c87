using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Experiments.Tests.Networks;

public sealed unsafe class MatrixProductTests
{
    public static TheoryData<int, int, int> Sizes => new()
    {
        { 12, 1, 32 }, { 13, 2, 33 }, { 23, 3, 63 }, { 24, 4, 64 }, { 25, 5, 65 }, { 100, 784, 33 }, { 100, 32, 256 }, { 200, 200, 784 },
        { 37, 0, 40 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Products_of_matrices_and_of_their_transposes_are_those_in_double_precision(int m, int k, int n)
    {
        Require512Bits();
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var (a, b) = (randn([m, k], generator: generator), randn([k, n], generator: generator));
        var expected = a.to_type(ScalarType.Float64).matmul(b.to_type(ScalarType.Float64));
        var bound = a.abs().to_type(ScalarType.Float64).matmul(b.abs().to_type(ScalarType.Float64)) * (k + 1) * Math.ScaleB(1, -24);

        foreach (var transposeA in new[] { false, true })
        {
            foreach (var transposeB in new[] { false, true })
            {
                var (left, right) = (transposeA ? a.t().contiguous() : a, transposeB ? b.t().contiguous() : b);
                var got = Multiply(left, transposeA, right, transposeB, m, k, n);
                Assert.True(((got - expected).abs() <= bound).all().item<bool>());
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.3f)]
    [InlineData(1)]
    public void Bias_and_activation_are_applied_once_where_tiles_overlap(float slope)
    {
        Require512Bits();
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var (a, b, bias) = (randn([29, 6], generator: generator), randn([6, 45], generator: generator), randn([45], generator: generator));

        var got = Multiply(a, false, b, false, 29, 6, 45, bias, slope);

        var y = a.matmul(b) + bias;
        Assert.InRange((maximum(y, y * slope) - got).abs().max().item<float>(), 0, 1e-5f);
    }

    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        Require512Bits();
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var (a, b) = (randn([200, 300], generator: generator), randn([300, 500], generator: generator));
        var before = get_num_threads();
        try
        {
            set_num_threads(1);
            var one = Multiply(a, false, b, false, 200, 300, 500);
            set_num_threads(2);
            Assert.True(one.Equals(Multiply(a, false, b, false, 200, 300, 500)));
        }
        finally
        {
            set_num_threads(before);
        }
    }

    private static Tensor Multiply(
        Tensor a, bool transposeA, Tensor b, bool transposeB, int m, int k, int n, Tensor? bias = null, float slope = 1)
    {
        var c = full([m + 2, n], -7f);  // a row before and one after, which must stay
        MatrixProduct.Multiply(
            Address(a), transposeA, Address(b), transposeB, Address(c) + n, m, k, n,
            bias is null ? null : Address(bias), slope);
        Assert.True((c[0] == -7).all().item<bool>() && (c[m + 1] == -7).all().item<bool>());
        return c.narrow(0, 1, m);
    }

    private static float* Address(Tensor tensor) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));

    private static void Require512Bits() =>
        Assert.SkipUnless(Vector512.IsHardwareAccelerated, "This processor has no 512-bit vectors; libtorch's products are used instead.");
}
