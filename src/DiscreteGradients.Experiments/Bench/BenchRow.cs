using System.Reflection;

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
/// <param name="FloorUs">The computed floor, memory and arithmetic overlapping wholly.</param>
/// <param name="FloorSumUs">The same without any overlap.</param>
/// <param name="LibraryPeakMb">Resident memory that one call of the library takes at its peak, MiB.</param>
/// <param name="LibraryTensors">Tensors made by one call of the library.</param>
/// <param name="LibraryLeft">Tensors that one call left undisposed.</param>
/// <param name="LibraryManagedBytes">Managed memory allocated by one call.</param>
/// <param name="Machine">Processor, vectors and versions.</param>
internal sealed record BenchRow(
    string Estimator, int Rows, int Categories, BenchPass Pass, int Threads, int Pairs,
    double LibraryUs, double? ComposedUs, double? Ratio, double? RatioLow, double? RatioHigh,
    double GbPerSecond, double CopyGbPerSecond, double LargeCopyGbPerSecond, double FreshCopyGbPerSecond, double ExpNs, double LogNs,
    double FloorUs, double FloorSumUs, double? LibraryPeakMb, double? ComposedPeakMb, long LibraryTensors, long? ComposedTensors,
    long LibraryLeft, long LibraryManagedBytes, string Machine)
{
    private static readonly ConstructorInfo Constructor = typeof(BenchRow).GetConstructors()[0];
    private static readonly PropertyInfo[] Columns = [.. Constructor.GetParameters().Select(p => typeof(BenchRow).GetProperty(p.Name!)!)];

    /// <summary>[N, K].</summary>
    public BenchShape Shape => new(Rows, Categories);

    /// <summary>The library's time over the floor with whole overlap.</summary>
    public double TimesFloor => LibraryUs / FloorUs;

    /// <summary>The library's time over the floor without overlap.</summary>
    public double TimesFloorSum => LibraryUs / FloorSumUs;

    /// <summary>Names of the comma-separated values.</summary>
    public static string CsvHeader { get; } = string.Join(',', Columns.Select(c => JsonNamingPolicy.SnakeCaseLower.ConvertName(c.Name)));

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
        if (content.Count == 0 || content[0] != CsvHeader)
            throw new FormatException("the first line is not the header of a table of 'dgrad bench --out'");
        return [.. content.Skip(1).Select(One)];
    }

    private static BenchRow One(string line, int index)
    {
        var cells = line.Split(',');
        if (cells.Length != Columns.Length)
            throw new FormatException($"line {index + 2} has {cells.Length} columns, not {Columns.Length}");
        try
        {
            return (BenchRow)Constructor.Invoke([.. cells.Zip(Columns, (cell, column) => Value(cell, column.PropertyType))]);
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
