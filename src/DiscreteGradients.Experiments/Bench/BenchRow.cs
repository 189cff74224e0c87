using System.Reflection;
using System.Text.Json.Serialization;

namespace DiscreteGradients.Experiments.Bench;

/// <summary>One measured cell. Times are medians in microseconds for one call; ratios are composed over library, pair by pair.</summary>
/// <param name="Pairs">Interleaved pairs of timings behind the medians.</param>
/// <param name="ComposedUs">The composed form; null where it was not run.</param>
/// <param name="Ratio">Of the medians.</param>
/// <param name="RatioLow">First quartile of the pairs' ratios.</param>
/// <param name="RatioHigh">Third quartile of the pairs' ratios.</param>
/// <param name="GbPerSecond">Bytes that must be moved over the library's time.</param>
/// <param name="CopyGbPerSecond">A copy that touches as much memory, read and write counted.</param>
/// <param name="LargeCopyGbPerSecond">A copy of 128 MiB.</param>
/// <param name="FreshCopyGbPerSecond">A copy of 128 MiB to fresh memory.</param>
/// <param name="ExpNs">One exponential, in nanoseconds.</param>
/// <param name="LogNs">One logarithm, in nanoseconds.</param>
/// <param name="FloorUs">The computed floor without the call, memory and arithmetic overlapping wholly.</param>
/// <param name="FloorSumUs">The same without any overlap.</param>
/// <param name="LibraryPeakMb">Resident memory that one call of the library takes at its peak, MiB.</param>
/// <param name="LibraryTensors">Tensors made by one call of the library.</param>
/// <param name="LibraryLeft">Tensors that one call left undisposed.</param>
/// <param name="LibraryManagedBytes">Managed memory allocated by one call.</param>
/// <param name="Machine">Processor, vectors and versions.</param>
/// <param name="LibraryCallUs">An empty function as the library records it; null in files of earlier versions.</param>
/// <param name="TorchsharpCallUs">TorchSharp's own class for functions, empty; null in the same files.</param>
internal sealed record BenchRow(
    string Estimator, int Rows, int Categories, BenchPass Pass, int Threads, int Pairs,
    double LibraryUs, double? ComposedUs, double? Ratio, double? RatioLow, double? RatioHigh,
    double GbPerSecond, double CopyGbPerSecond, double LargeCopyGbPerSecond, double FreshCopyGbPerSecond, double ExpNs, double LogNs,
    double FloorUs, double FloorSumUs, double? LibraryPeakMb, double? ComposedPeakMb, long LibraryTensors, long? ComposedTensors,
    long LibraryLeft, long LibraryManagedBytes, string Machine, double? LibraryCallUs = null, double? TorchsharpCallUs = null)
{
    /// <summary>What stands for the estimator in the row of empty functions.</summary>
    public const string CallFloor = "call-floor";

    private static readonly ConstructorInfo Constructor = typeof(BenchRow).GetConstructors()[0];
    private static readonly PropertyInfo[] Columns = [.. Constructor.GetParameters().Select(p => typeof(BenchRow).GetProperty(p.Name!)!)];

    /// <summary>[N, K].</summary>
    public BenchShape Shape => new(Rows, Categories);

    /// <summary>Whether it is the row of empty functions: the library's, and TorchSharp's in the place of the composed form.</summary>
    [JsonIgnore]
    public bool IsCallFloor => Estimator == CallFloor;

    /// <summary>What a call costs that computes nothing: the empty function that is faster. Nothing where none was measured.</summary>
    public double CallUs => Math.Min(LibraryCallUs ?? TorchsharpCallUs ?? 0, TorchsharpCallUs ?? LibraryCallUs ?? 0);

    /// <summary>The least a call can take: the floor and the call.</summary>
    public double LeastUs => CallUs + FloorUs;

    /// <summary>The same with the floor without overlap.</summary>
    public double LeastSumUs => CallUs + FloorSumUs;

    /// <summary>The library's time over the least with whole overlap.</summary>
    public double TimesFloor => LibraryUs / LeastUs;

    /// <summary>The library's time over the least without overlap.</summary>
    public double TimesFloorSum => LibraryUs / LeastSumUs;

    /// <summary>Names of the comma-separated values.</summary>
    public static string CsvHeader { get; } = Header(Columns.Length);

    /// <summary>The same without what files of earlier versions do not have.</summary>
    private static string LeastHeader { get; } = Header(Constructor.GetParameters().Count(p => !p.HasDefaultValue));

    /// <summary>This row as comma-separated values.</summary>
    public string ToCsv() => string.Join(',', Columns.Select(column => column.GetValue(this) switch
    {
        double number => number.ToString("g6", CultureInfo.InvariantCulture),
        BenchPass pass => Name(pass),
        string text => text.Replace(',', ';'),
        var value => Convert.ToString(value, CultureInfo.InvariantCulture),
    }));

    /// <summary>Rows from the lines of a file that <see cref="ToCsv"/> wrote.</summary>
    /// <exception cref="FormatException">They are of another kind.</exception>
    public static IReadOnlyList<BenchRow> Read(IEnumerable<string> lines)
    {
        var content = lines.Where(line => line.Length > 0).ToList();
        if (content.Count == 0 || (content[0] != CsvHeader && content[0] != LeastHeader))
            throw new FormatException("the first line is not the header of a table of 'dgrad bench --out'");
        var columns = content[0].Split(',').Length;
        return [.. content.Skip(1).Select((line, index) => One(line, index, columns))];
    }

    private static string Header(int columns) =>
        string.Join(',', Columns.Take(columns).Select(column => JsonNamingPolicy.SnakeCaseLower.ConvertName(column.Name)));

    private static BenchRow One(string line, int index, int columns)
    {
        var cells = line.Split(',');
        if (cells.Length != columns)
            throw new FormatException($"line {index + 2} has {cells.Length} columns, not {columns}");
        try
        {
            return (BenchRow)Constructor.Invoke(
                [.. Columns.Select((column, i) => i < columns ? Value(cells[i], column.PropertyType) : null)]);
        }
        catch (FormatException)
        {
            throw new FormatException($"line {index + 2} holds something that is not a number");
        }
    }

    private static string Name(BenchPass pass) => JsonNamingPolicy.KebabCaseLower.ConvertName(pass.ToString());

    private static object? Value(string cell, Type type)
    {
        if (type == typeof(string))
            return cell;
        if (type == typeof(BenchPass))
        {
            return Enum.GetValues<BenchPass>().Cast<BenchPass?>().FirstOrDefault(pass => Name(pass!.Value) == cell)
                ?? throw new FormatException();
        }

        if (Nullable.GetUnderlyingType(type) is { } inner)
            return cell.Length == 0 ? null : Convert.ChangeType(cell, inner, CultureInfo.InvariantCulture);
        return Convert.ChangeType(cell, type, CultureInfo.InvariantCulture);
    }
}
