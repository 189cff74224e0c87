using System.Collections.Concurrent;
using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using DiscreteGradients.Experiments.Bench;

namespace DiscreteGradients.Benchmarks;

/// <summary>Native memory of one call, which the memory diagnoser does not see.</summary>
internal sealed class MemoryColumn(string name, string legend, Func<ProcessMemory, double?> value, string format) : IColumn
{
    private static readonly ConcurrentDictionary<string, ProcessMemory> Measured = new();

    internal static IColumn PeakMegabytes { get; } =
        new MemoryColumn(
            "Peak MiB", "Resident memory that one call takes at its peak, in the setup of the benchmark",
            m => m.PeakBytes / 1048576.0, "0.00");

    internal static IColumn Tensors { get; } = new MemoryColumn("Tensors", "Tensors made by one call", m => m.Tensors, "0");

    internal static IColumn Left { get; } = new MemoryColumn("Left", "Tensors that one call left undisposed", m => m.Left, "0");

    public string Id => $"{nameof(MemoryColumn)}.{name}";

    public string ColumnName => name;

    public string Legend => legend;

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 1;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => GetValue(summary, benchmarkCase, summary.Style);

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style)
    {
        var parameters = benchmarkCase.Parameters;
        var key = Key(
            benchmarkCase.Descriptor.WorkloadMethod.Name,
            parameters[nameof(KernelBenchmarks.Cell)],
            parameters[nameof(KernelBenchmarks.Pass)],
            parameters[nameof(KernelBenchmarks.Threads)]);
        return Measured.TryGetValue(key, out var memory) && value(memory) is { } number
            ? number.ToString(format, CultureInfo.InvariantCulture)
            : "?";
    }

    /// <summary>Measures one call for the table.</summary>
    internal static void Measure(string method, object cell, object pass, object threads, Action call) =>
        Measured[Key(method, cell, pass, threads)] = ProcessMemory.Of(call);

    private static string Key(string method, object cell, object pass, object threads) => $"{method} {cell} {pass} {threads}";
}
