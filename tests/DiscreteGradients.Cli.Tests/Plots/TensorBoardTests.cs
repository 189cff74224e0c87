using DiscreteGradients.Cli.Plots;
using DiscreteGradients.Testing;
using SkiaSharp;

namespace DiscreteGradients.Cli.Tests.Plots;

public sealed class TensorBoardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_checksum_of_the_reader_is_the_published_one() => Assert.Equal(0xE3069283u, EventReader.Crc32C("123456789"u8));

    [Fact]
    public void A_file_begins_with_its_version_and_holds_every_number_of_a_step()
    {
        var file = TensorBoardFile.Begin(_folder["run"], 1);
        file.Append(1, [("train_loss", 1.5), ("cosine/st", -0.25)], []);
        file.Append(300, [("train_loss", double.NaN)], []);

        var events = Assert.Single(Read());
        Assert.Equal(["brain.Event:2", null, null], events.Select(e => e.FileVersion));
        Assert.Equal([0, 1, 300], events.Select(e => e.Step));
        Assert.Equal([("train_loss", 1.5f), ("cosine/st", -0.25f)], events[1].Values.Select(v => (v.Tag, v.Scalar!.Value)));
        Assert.Equal([("train_loss", float.NaN)], events[2].Values.Select(v => (v.Tag, v.Scalar!.Value)));
        Assert.All(events, e => Assert.InRange(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1e3 - e.WallTime, -1, 60));
        Assert.All(events, e => Assert.Null(e.Session));
    }

    [Fact]
    public void A_run_that_goes_on_begins_a_later_file_that_voids_the_repeated_steps()
    {
        TensorBoardFile.Begin(_folder["run"], 1).Append(1, [("x", 1)], []);
        TensorBoardFile.Begin(_folder["run"], 7).Append(7, [("x", 2)], []);
        TensorBoardFile.Begin(_folder["run"], 3).Append(3, [("x", 3)], []);

        var files = Read();
        Assert.Equal(3, files.Count);
        Assert.Equal([1, 7, 3], files.Select(events => events[^1].Step));
        Assert.Equal([null, 1, 1], files.Select(events => events[1].Session));
        Assert.Equal([1, 7, 3], files.Select(events => events[1].Step));
    }

    [Fact]
    public void Every_record_is_in_the_file_as_soon_as_it_is_written()
    {
        var file = TensorBoardFile.Begin(_folder["run"], 1);

        var sizes = Enumerable.Range(1, 3).Select(step =>
        {
            file.Append(step, [("x", step)], []);
            return Assert.Single(Read()).Count;
        }).ToList();

        Assert.Equal([2, 3, 4], sizes);
    }

    [Fact]
    public void A_log_keeps_a_folder_for_each_estimator_and_seed_and_draws_the_pictures()
    {
        var log = new TensorBoardLog(OutputFolder.Create(_folder["run"]));
        var line = new MetricsLine(
            "vae", "st", 0, 10, new Dictionary<string, double> { ["train_loss"] = 3, ["test_loss"] = 2, ["entropy"] = 0.75 }, 0.5, 6);

        log.Write(line, [new TensorBoardImage("grid", 3, 2, PictureFile.Encode(new Picture("grid", 3, 2, [0, 50, 100, 150, 200, 255])))]);
        log.Write(line with { Epoch = 11 }, []);
        log.Write(line with { Method = "gst-1.0", Seed = 12 }, []);

        Assert.Equal(
            ["gst-1.0-seed12", "st-seed0"],
            Directory.GetDirectories(_folder["run", "tensorboard"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var events = Assert.Single(Read("run", "tensorboard", "st-seed0"));
        Assert.Equal([0, 10, 11], events.Select(e => e.Step));
        Assert.Equal(["train_loss", "test_loss", "entropy", "seconds", "grid"], events[1].Values.Select(v => v.Tag));
        Assert.Equal([3f, 2f, 0.75f, 0.5f, null], events[1].Values.Select(v => v.Scalar));
        var image = events[1].Values[^1].Image!.Value;
        Assert.Equal((2, 3, 1), (image.Height, image.Width, image.Channels));
        using var bitmap = SKBitmap.Decode(image.Png);
        Assert.Equal([0, 50, 100, 150, 200, 255], bitmap.Pixels.Select(p => p.Red));
    }

    [Fact]
    public void A_run_leaves_the_numbers_of_its_metrics_for_tensorboard()
    {
        Tool.Run(Tool.TinyRun(_folder["run"], "--estimator", "st,reinmax", "--seeds", "2"));

        var lines = File.ReadAllLines(_folder["run", "metrics.jsonl"]).Select(MetricsLine.Parse)
            .Where(l => l is { Method: "reinmax", Seed: 1 }).Select(l => (l.Epoch, (float)l.TrainLoss, (float)l.ExpectedLoss!.Value));
        Assert.Equal(lines, Assert.Single(Read("run", "tensorboard", "reinmax-seed1")).Skip(1)
            .Select(e => ((int)e.Step, Scalar(e, "train_loss"), Scalar(e, "expected_loss"))));

        static float Scalar(EventReader.Event e, string tag) => e.Values.Single(v => v.Tag == tag).Scalar!.Value;
    }

    /// <summary>The files of a folder in the order in which TensorBoard reads them.</summary>
    private List<IReadOnlyList<EventReader.Event>> Read(params string[] folder) =>
        [.. Directory.GetFiles(_folder[folder.Length == 0 ? ["run"] : folder], "*tfevents*").Order(StringComparer.Ordinal)
            .Select(file => EventReader.Read(File.ReadAllBytes(file)))];
}
