namespace DiscreteGradients.Experiments.Tests.Data;

public sealed class GreyImagesTests
{
    [Fact]
    public void Images_are_taken_by_number_or_in_a_row_as_grey_values_from_0_to_1()
    {
        using var scope = NewDisposeScope();
        var bytes = Enumerable.Range(0, 5 * ImageData.Pixels).Select(i => (byte)(i * 7 / 3)).ToArray();
        var images = new GreyImages(bytes);
        var expected = tensor(bytes.Select(b => b / 255f).ToArray()).view(5, ImageData.Pixels);

        Assert.Equal(5, images.Count);
        Assert.True(expected.narrow(0, 1, 3).Equals(images.Take(1, 3)));
        Assert.True(expected.index_select(0, tensor(new long[] { 4, 0, 4 })).Equals(images.Take([4, 0, 4])));
    }
}
