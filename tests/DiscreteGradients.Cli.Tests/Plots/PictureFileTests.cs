using DiscreteGradients.Cli.Plots;
using SkiaSharp;

namespace DiscreteGradients.Cli.Tests.Plots;

public sealed class PictureFileTests
{
    [Fact]
    public void A_plot_has_the_pixels_of_ScottPlots_own_file_and_hardly_more_bytes()
    {
        using var folder = new TemporaryFolder();
        using (var plot = Plot())
            PlotStyle.SaveInPlace(plot, OutputFolder.Create(folder["plots"]), "ours");
        using (var plot = Plot())
            plot.SavePng(folder["theirs.png"], 1200, 750);

        var (ours, theirs) = (folder["plots", "ours.png"], folder["theirs.png"]);
        Assert.True(Pixels(ours).SequenceEqual(Pixels(theirs)));
        Assert.InRange(new FileInfo(ours).Length, 1, 1.1 * new FileInfo(theirs).Length);
    }

    [Fact]
    public void A_grey_picture_comes_back_as_it_was()
    {
        var picture = new Picture("noise", 31, 17, new byte[31 * 17]);
        new Random(1).NextBytes(picture.Pixels);

        using var read = SKBitmap.Decode(PictureFile.Encode(picture));

        Assert.Equal((31, 17), (read.Width, read.Height));
        Assert.Equal(picture.Pixels, read.Pixels.Select(pixel => pixel.Red));
        Assert.All(read.Pixels, pixel => Assert.True(pixel.Red == pixel.Green && pixel.Red == pixel.Blue && pixel.Alpha == 255));
    }

    private static ScottPlot.Plot Plot()
    {
        var plot = PlotStyle.Create("title", "epoch", "loss");
        for (var i = 0; i < 5; i++)
            plot.Add.Scatter([0, 1, 2, 3], new double[] { i, 2, 1 + (i * 0.3), 3 }).LegendText = $"method {i}";
        PlotStyle.LegendAtTheRight(plot);
        return plot;
    }

    private static SKColor[] Pixels(string file)
    {
        using var bitmap = SKBitmap.Decode(file);
        return bitmap.Pixels;
    }
}
