namespace DiscreteGradients.Experiments.Tests.ArchitectureSearch;

public sealed class NasImagesTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LabelledImages _images = MadeShapes.Draw(200, 10);

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void The_halves_have_no_image_in_common_and_are_the_same_every_time()
    {
        var (weights, architecture) = NasImages.Halves(_images, null);
        var again = NasImages.Halves(_images, null);
        var all = Enumerable.Range(0, 100).Select(i => (long)i).ToArray();

        var sums = Sums(weights).Concat(Sums(architecture)).ToList();

        Assert.Equal((100, 100), (weights.Count, architecture.Count));
        Assert.Equal(200, sums.Distinct().Count());
        Assert.Equal(sums, Sums(again.Weights).Concat(Sums(again.Architecture)));
        Assert.Equal(30, NasImages.Halves(_images, 30).Architecture.Count);

        IEnumerable<float> Sums(NasImages half) => half.Plain(all, CPU).Images.pow(2).sum([1, 2, 3]).data<float>().ToArray();
    }

    [Fact]
    public void Images_are_normalised_by_the_training_images_and_keep_their_labels()
    {
        var (weights, architecture) = NasImages.Halves(_images, null);
        var numbers = Enumerable.Range(0, 100).Select(i => (long)i).ToArray();
        var (first, labels) = weights.Plain(numbers, CPU);
        var both = cat([first, architecture.Plain(numbers, CPU).Images], 0);

        Assert.True(both.mean([0, 2, 3]).allclose(zeros(3), atol: 1e-4));
        Assert.True(both.var([0, 2, 3], unbiased: false).allclose(ones(3), rtol: 1e-3));
        Assert.Equal(_images.Train.Labels.Order(), labels.data<long>().Concat(
            architecture.Plain(numbers, CPU).Labels.data<long>()).Select(label => (byte)label).Order());
    }

    [Fact]
    public void In_training_an_image_is_moved_and_flipped_and_black_beyond_its_rim()
    {
        var (half, _) = NasImages.Halves(_images, null);
        var numbers = Enumerable.Repeat(7L, 400).ToArray();
        var plain = half.Plain(numbers[..1], CPU).Images[0];

        var moved = half.Augmented(numbers, new Generator(1), CPU).Images;
        var again = half.Augmented(numbers, new Generator(1), CPU).Images;

        var black = half.Plain(numbers[..1], CPU).Images.min() * 0 + tensor(
            _images.Statistics.Select(channel => (float)(-channel.Mean / channel.Deviation)).ToArray()).view(3, 1, 1);
        var wide = nn.functional.pad(plain - black, [2, 2, 2, 2]);
        var places = new List<Tensor>();
        for (var y = 0; y < 5; y++)
        {
            for (var x = 0; x < 5; x++)
            {
                places.Add(wide.narrow(1, y, 16).narrow(2, x, 16) + black);
                places.Add(places[^1].flip(2));
            }
        }

        var equal = (moved.unsqueeze(1) - stack(places, 0).unsqueeze(0)).abs().amax([2, 3, 4]) < 1e-5;
        Assert.True((equal.sum(1) == 1).all().item<bool>());
        Assert.True(equal.any(0).all().item<bool>());
        Assert.True((moved == again).all().item<bool>());
    }
}
