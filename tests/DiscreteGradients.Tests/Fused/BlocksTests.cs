using DiscreteGradients.Fused;

namespace DiscreteGradients.Tests;

public class BlocksTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void Of_all_that_fail_the_first_parts_own_exception_comes_out(int threads)
    {
        var begun = new bool[threads];
        var thrown = Assert.Throws<ArgumentException>(() => Blocks.OnThreads(threads, thread =>
        {
            begun[thread] = true;
            Thread.Sleep(thread == 0 ? 20 : 0);  // the others fail earlier
            throw new ArgumentException($"part {thread}");
        }));

        Assert.Equal("part 0", thrown.Message);
        Assert.DoesNotContain(false, begun);
    }

    [Fact]
    public void Tensors_of_more_than_two_gigabytes_have_an_address()
    {
        // Only the two pages that are touched take memory.
        const long Size = 3_000_000_000;
        using var large = empty([Size], ScalarType.Byte);
        unsafe
        {
            var address = Memory.Address<byte>(large);
            (address[0], address[Size - 1]) = (3, 5);
        }

        Assert.Equal((3, 5), (large[0].item<byte>(), large[Size - 1].item<byte>()));
    }
}
