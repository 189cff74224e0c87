using DiscreteGradients.Experiments.Bench;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Bench;

public sealed class KernelBenchTests
{
    private static readonly BenchCell Tiny = new("reinmax", new ReinMax(), new BenchShape(32, 4), BenchPass.ForwardBackward, Threads: 1);

    private static readonly BenchRow Row = new(
        "st", 400, 8, BenchPass.Forward, 2, 9, 10.5, null, null, null, null, 1.5, 2, 3, 4, 0.5, 0.25,
        1, 2, null, 7, 3, null, 0, 128, "a; b");

    /// <summary>It measures the machine first, which takes longer than all else here.</summary>
    private static readonly KernelBench Bench = new(0.02, "here");

    [Fact]
    public void A_cell_has_times_limits_and_memory_and_leaves_no_tensor_behind()
    {
        var before = LiveTensors.Count();

        var row = Bench.Measure(Tiny, TestContext.Current.CancellationToken);

        Assert.Equal(before, LiveTensors.Count());
        Assert.True(row.Pairs >= 5);
        Assert.True(row.LibraryUs > 0 && row.ComposedUs > 0 && row.FloorUs > 0);
        Assert.Equal(row.ComposedUs!.Value / row.LibraryUs, row.Ratio!.Value, 1e-9);
        Assert.True(row.RatioLow <= row.RatioHigh);
        Assert.True(row.FloorUs <= row.FloorSumUs && row.FloorSumUs <= 2 * row.FloorUs);
        Assert.Equal(5 * 32 * 4 * sizeof(float) / row.LibraryUs / 1e3, row.GbPerSecond, 1e-9);
        Assert.True(row.LibraryTensors > 0 && row.ComposedTensors > 0);
        Assert.Equal(0, row.LibraryLeft);
    }

    [Fact]
    public void The_floor_contains_the_call_of_the_pass_and_the_threads()
    {
        var before = LiveTensors.Count();
        var bench = new KernelBench(0.02, "here");
        var cancellation = TestContext.Current.CancellationToken;

        var call = bench.Measure(BenchCell.CallFloor(BenchPass.ForwardBackward, 1), cancellation);
        var row = bench.Measure(Tiny, cancellation);
        var forward = bench.Measure(Tiny with { Pass = BenchPass.Forward }, cancellation);

        Assert.Equal(before, LiveTensors.Count());
        Assert.Equal(("call-floor", true, 0L, 0.0), (call.Estimator, call.IsCallFloor, call.LibraryLeft, call.FloorUs));
        Assert.Equal((call.LibraryUs, call.ComposedUs), (call.LibraryCallUs, call.TorchsharpCallUs));
        Assert.Equal((call.LibraryUs, call.ComposedUs), (row.LibraryCallUs, row.TorchsharpCallUs));
        Assert.Equal((null, null, 0), (forward.LibraryCallUs, forward.TorchsharpCallUs, forward.CallUs));
    }

    [Fact]
    public void The_least_is_the_faster_empty_function_and_the_floor()
    {
        var row = Row with { LibraryUs = 33, FloorUs = 1, FloorSumUs = 2, LibraryCallUs = 9, TorchsharpCallUs = 14 };

        Assert.Equal((9, 10, 11), (row.CallUs, row.LeastUs, row.LeastSumUs));
        Assert.Equal((3.3, 3), (row.TimesFloor, row.TimesFloorSum));
        Assert.Equal(14, (row with { LibraryCallUs = 15 }).CallUs);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Empty_functions_hand_on_what_they_get(bool isLibrary)
    {
        using var scope = NewDisposeScope();
        var logits = tensor([0.5f, -1]).requires_grad_();
        var upstream = tensor([2f, 3]);

        var result = isLibrary ? EmptyFunction.Of(logits) : EmptyTorchSharpFunction.apply(logits);
        autograd.backward([result], [upstream]);

        Assert.Equal((float[])[0.5f, -1], result.data<float>().ToArray());
        Assert.Equal((float[])[2, 3], logits.grad!.data<float>().ToArray());
    }

    [Fact]
    public void A_curve_has_as_many_elements_in_rows_of_all_lengths()
    {
        const int Elements = 1 << 20;

        var shapes = BenchShape.Curve(Elements);

        Assert.Equal((new BenchShape(524288, 2), new BenchShape(7, 151936)), (shapes[0], shapes[^1]));
        Assert.All(shapes, shape => Assert.True(Math.Abs(shape.Count - Elements) <= shape.Categories / 2, shape.ToString()));
        Assert.Equal("8x2,5x3,4x4,3x6,2x8,1x12,1x16", string.Join(',', BenchShape.Curve(16)));
    }

    [Fact]
    public void A_cancelled_measurement_stops()
    {
        Assert.Throws<OperationCanceledException>(() => Bench.Measure(Tiny, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_peak_is_what_a_call_takes()
    {
        const long Size = 64 << 20;

        var memory = ProcessMemory.Of(() => ones(Size, ScalarType.Byte).Dispose());

        Assert.Equal((1, 0), (memory.Tensors, memory.Left));
        if (OperatingSystem.IsLinux() && memory.PeakBytes is { } peak)
            Assert.InRange(peak, Size * 0.9, Size * 1.5);
    }

    [Fact]
    public void Floors_count_bytes_exponentials_and_logarithms()
    {
        var (limits, _) = KernelBench.Limits(1);
        var shape = new BenchShape(64, 64);
        var (count, copy) = (shape.Count, limits.Copy(KernelFloor.CopySize(shape, BenchPass.ForwardBackward)));

        var reinmax = KernelFloor.Of(new ReinMax(), shape, BenchPass.ForwardBackward, limits);
        var forward = KernelFloor.Of(new ReinMax(), shape, BenchPass.Forward, limits);
        var rao = KernelFloor.Of(new GumbelRao(100), shape, BenchPass.ForwardBackward, limits);
        var tempered = KernelFloor.Of(new GumbelRao(100, 2), shape, BenchPass.ForwardBackward, limits);

        Assert.Equal((5 * 4 * count, 2 * 4 * count), (reinmax.Bytes, forward.Bytes));
        Assert.Equal((20 * count / copy) + (2 * count * limits.Exponential), reinmax.Upper, 1e-12);
        Assert.Equal(reinmax.Upper + (100 * count * limits.Logarithm), rao.Upper, 1e-12);
        Assert.Equal(rao.Upper + (100 * count * (limits.Exponential + limits.Logarithm)), tempered.Upper, 1e-12);
    }

    [Fact]
    public void Rows_survive_the_file()
    {
        BenchRow[] rows = [Row, Row with { LibraryCallUs = 9.5, TorchsharpCallUs = 14 }];

        var read = BenchRow.Read([BenchRow.CsvHeader, .. rows.Select(row => row.ToCsv())]);

        Assert.Equal(rows, read);
    }

    [Fact]
    public void Files_from_before_the_call_was_measured_are_read()
    {
        const string Header =
            "estimator,rows,categories,pass,threads,pairs,library_us,composed_us,ratio,ratio_low,ratio_high,gb_per_second,"
            + "copy_gb_per_second,large_copy_gb_per_second,fresh_copy_gb_per_second,exp_ns,log_ns,floor_us,floor_sum_us,library_peak_mb,"
            + "composed_peak_mb,library_tensors,composed_tensors,library_left,library_managed_bytes,machine";

        var read = BenchRow.Read([Header, "st,400,8,forward,2,9,10.5,,,,,1.5,2,3,4,0.5,0.25,1,2,,7,3,,0,128,a; b"]);

        Assert.Equal([Row], read);
        Assert.Equal((1, 10.5), (read[0].LeastUs, read[0].TimesFloor));
        Assert.Equal(
            "line 2 has 28 columns, not 26",
            Assert.Throws<FormatException>(() => BenchRow.Read([Header, Row.ToCsv()])).Message);
    }

    [Theory]
    [InlineData("", "the first line is not the header of a table of 'dgrad bench --out'")]
    [InlineData("HEADER\nst,1", "line 2 has 2 columns, not 28")]
    [InlineData("HEADER\nst,x,8,forward,2,9,10,,,,,1,2,3,4,5,6,1,2,,7,3,,0,128,a,,", "line 2 holds something that is not a number")]
    [InlineData("HEADER\nst,4,8,sideways,2,9,10,,,,,1,2,3,4,5,6,1,2,,7,3,,0,128,a,,", "line 2 holds something that is not a number")]
    public void Other_files_are_refused(string text, string reason)
    {
        var lines = text.Replace("HEADER", BenchRow.CsvHeader, StringComparison.Ordinal).Split('\n');

        Assert.Equal(reason, Assert.Throws<FormatException>(() => BenchRow.Read(lines)).Message);
    }
}
