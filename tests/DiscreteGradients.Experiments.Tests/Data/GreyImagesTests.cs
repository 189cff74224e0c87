namespace DiscreteGradients.Experiments.Tests.Data;

public sealed class GreyImagesTests
{
    [Fact]
    public void Binary_pixels_are_1_with_the_probability_of_their_grey_value_and_a_function_of_noise_and_number()
    {
        using var scope = NewDisposeScope();
        var images = new GreyImages([.. Enumerable.Range(0, 3).SelectMany(_ => Enumerable.Range(0, ImageData.Pixels).Select(i => (byte)(i % 4 * 85)))]);
        var (noise, other) = (Noise.Seeded(1, 0), Noise.Seeded(1, 1));

        var binary = images.TakeBinary([0, 1, 2], noise);

        Assert.True(((binary == 0) | (binary == 1)).all().item<bool>());
        var means = binary.view(-1, 4).mean([0]).data<float>().ToArray();
        Assert.Equal((0, 1), (means[0], means[3]));  // never and always
        Assert.InRange((means[1] - 1 / 3.0) / Math.Sqrt(2 / 9.0 / (3 * 196)), -5, 5);
        Assert.InRange((means[2] - 2 / 3.0) / Math.Sqrt(2 / 9.0 / (3 * 196)), -5, 5);
        Assert.True(binary.index_select(0, tensor(new long[] { 2, 0 })).Equals(images.TakeBinary([2, 0], noise)));
        Assert.False(binary[0].Equals(binary[1]));
        Assert.False(binary.Equals(images.TakeBinary([0, 1, 2], other)));
    }

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
