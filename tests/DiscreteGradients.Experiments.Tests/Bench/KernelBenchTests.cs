using DiscreteGradients.Experiments.Bench;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Bench;

public sealed class KernelBenchTests
{
    private static readonly BenchCell Tiny = new("reinmax", new ReinMax(), new BenchShape(32, 4), BenchPass.ForwardBackward, Threads: 1);

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
        var row = new BenchRow(
            "st", 400, 8, BenchPass.Forward, 2, 9, 10.5, null, null, null, null, 1.5, 2, 3, 4, 0.5, 0.25,
            1, 2, null, 7, 3, null, 0, 128, "a; b");

        var read = BenchRow.Read([BenchRow.CsvHeader, row.ToCsv()]);

        Assert.Equal([row], read);
    }

    [Theory]
    [InlineData("", "the first line is not the header of a table of 'dgrad bench --out'")]
    [InlineData("HEADER\nst,1", "line 2 has 2 columns, not 26")]
    [InlineData("HEADER\nst,x,8,forward,2,9,10,,,,,1,2,3,4,5,6,1,2,,7,3,,0,128,a", "line 2 holds something that is not a number")]
    [InlineData("HEADER\nst,4,8,sideways,2,9,10,,,,,1,2,3,4,5,6,1,2,,7,3,,0,128,a", "line 2 holds something that is not a number")]
    public void Other_files_are_refused(string text, string reason)
    {
        var lines = text.Replace("HEADER", BenchRow.CsvHeader, StringComparison.Ordinal).Split('\n');

        Assert.Equal(reason, Assert.Throws<FormatException>(() => BenchRow.Read(lines)).Message);
    }
}
