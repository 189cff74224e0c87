using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Data;

public sealed class MadeDigitsTests
{
    [Fact]
    public void Every_machine_draws_the_same_bytes()
    {
        var data = MadeDigits.Draw();

        Assert.Equal((3000, 500), (data.TrainCount, data.TestCount));
        Assert.Equal("20d3354937636dee3c8b286e8edb93edb7a1069cc75a5b3a328c0b97c8f7a688", Idx.Sha256([.. data.Train, .. data.Test]));
    }

    [Fact]
    public void Digits_that_come_out_differently_are_refused()
    {
        var (set, folders) = (MadeDigits.Set, new DataFolders(null, _ => null, IsWindows: false));

        Assert.Equal(set.Files[0].Bytes, set.Load(folders).Train.Length + set.Load(folders).Test.Length);
        Assert.Equal(
            $"'made-digits' comes out differently on this machine: the sha256 of its pixels must be 7; got {set.Files[0].Sha256}.",
            Assert.Throws<OptionException>(() => (set with { Files = [set.Files[0] with { Sha256 = "7" }] }).Load(folders)).Message);
    }

    [Fact]
    public void At_most_so_many_images_are_the_first_for_training_and_all_for_the_test()
    {
        var data = MadeDigits.Draw(train: 30, test: 10);

        var few = data.AtMost(7);

        Assert.Equal(data.Train[..(7 * ImageData.Pixels)], few.Train);
        Assert.Same(data.Test, few.Test);
        Assert.Same(data, data.AtMost(30));
        Assert.Same(data, data.AtMost(null));
    }

    [Fact]
    public void Images_are_mostly_background_with_full_ink_and_all_different()
    {
        var data = MadeDigits.Draw(train: 200, test: 10);

        var images = data.Train.Chunk(ImageData.Pixels).ToList();

        Assert.All(images, image => Assert.Equal(255, image.Max()));
        Assert.All(images, image => Assert.InRange(image.Average(pixel => pixel / 255.0), 0.03, 0.35));
        Assert.Equal(200, images.Select(image => Idx.Sha256(image)).Distinct().Count());
    }
}
