using System.IO.Compression;

namespace DiscreteGradients.Experiments;

/// <summary>The data sets on which the cells of the table were trained.</summary>
internal enum NasSet
{
    Cifar10,
    Cifar100,
    Imagenet16,
}

/// <summary>Accuracies in per cent.</summary>
/// <param name="Test">Of the test set after 200 epochs; the mean over up to three seeds.</param>
/// <param name="EarlyValidation">Of the validation set after 12 epochs: what a search may look at.</param>
/// <param name="EarlyTest">Of the test set after 12 epochs.</param>
internal readonly record struct NasAccuracy(double Test, double EarlyValidation, double EarlyTest);

/// <summary>A cell of the table.</summary>
/// <param name="Index">The benchmark's number of it.</param>
/// <param name="IsoClass">The same for isomorphic cells, which were trained each for itself.</param>
internal sealed record NasRow(int Index, NasCell Cell, NasAccuracy Cifar10, NasAccuracy Cifar100, NasAccuracy ImageNet16, int IsoClass)
{
    internal NasAccuracy this[NasSet set] => set switch
    {
        NasSet.Cifar10 => Cifar10,
        NasSet.Cifar100 => Cifar100,
        _ => ImageNet16,
    };
}

/// <summary>What NAS-Bench-201 and NATS-Bench measured of every cell: a search can be looked up without training anything.</summary>
internal sealed class NasTable
{
    /// <summary>The three sets, each with the name that tables and flags give it.</summary>
    internal static IReadOnlyList<(NasSet Set, string Name, string Title)> Sets { get; } =
    [
        (NasSet.Cifar10, "cifar10", "CIFAR-10"),
        (NasSet.Cifar100, "cifar100", "CIFAR-100"),
        (NasSet.Imagenet16, "imagenet16", "ImageNet16-120"),
    ];

    /// <summary>Where the one that comes with the tool is from.</summary>
    internal const string Source = "NAS-Bench-201 (Dong, Yang 2020) and NATS-Bench (Dong, Liu, Musial, Gabrys 2021), MIT licence";

    private const string Resource = "nas201.csv.gz";
    private static readonly Lazy<NasTable> Loaded = new(ReadShipped);

    private readonly Dictionary<NasCell, NasRow> _rows;

    /// <param name="rows">All cells, each once, in the order of their numbers.</param>
    internal NasTable(IReadOnlyList<NasRow> rows) => (Rows, _rows) = (rows, rows.ToDictionary(row => row.Cell));

    /// <summary>The one that comes with the tool.</summary>
    internal static NasTable Shipped => Loaded.Value;

    /// <summary>In the order of the benchmark's numbers.</summary>
    internal IReadOnlyList<NasRow> Rows { get; }

    internal NasRow Lookup(NasCell cell) => _rows[cell];

    /// <summary>The cell that a user names: by its architecture string, or by the benchmark's number of it.</summary>
    /// <exception cref="OptionException">It is neither.</exception>
    internal NasRow Find(string text)
    {
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index))
            return Lookup(NasCell.Parse(text));
        return index >= 0 && index < Rows.Count ? Rows[index] : throw new OptionException(
            $"ARCH must be a number from 0 to {Rows.Count - 1}, or {NasCell.Form} in quotes; got {index}.");
    }

    /// <summary>The cell with the best test accuracy.</summary>
    internal NasRow Best(NasSet set) => Rows.MaxBy(row => row[set].Test)!;

    /// <summary>What a cell lacks of the best test accuracy, in points.</summary>
    internal double Regret(NasRow row, NasSet set) => Best(set)[set].Test - row[set].Test;

    /// <summary>The share of cells whose test accuracy is at least this, from 0 to 1.</summary>
    internal double Share(NasSet set, double accuracy) => (double)Rows.Count(row => row[set].Test >= accuracy) / Rows.Count;

    /// <summary>The share of cells that a cell beats or equals in test accuracy, in per cent: 100 for the best.</summary>
    internal double Percentile(NasRow row, NasSet set) =>
        100.0 * Rows.Count(other => other[set].Test <= row[set].Test) / Rows.Count;

    /// <summary>1 for the best test accuracy; cells with the same have the same.</summary>
    internal int Rank(NasRow row, NasSet set) => 1 + Rows.Count(other => other[set].Test > row[set].Test);

    /// <summary>All cells isomorphic to one, itself included.</summary>
    internal IReadOnlyList<NasRow> Alike(NasRow row) => [.. Rows.Where(other => other.IsoClass == row.IsoClass)];

    private static NasTable ReadShipped()
    {
        using var resource = typeof(NasTable).Assembly.GetManifestResourceStream(Resource)!;
        using var content = new GZipStream(resource, CompressionMode.Decompress);
        return NasTableFile.Read(content, "The table that comes with dgrad");
    }
}
