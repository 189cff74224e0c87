using System.Text;

namespace DiscreteGradients.Experiments;

/// <summary>The table as comma-separated values: a header, and a line for each of the 15,625 cells.</summary>
/// <remarks>Whatever is wrong is one sentence that names file and line; nothing is loaded in part.</remarks>
internal static class NasTableFile
{
    private const string Kind = "a table of all architectures";
    private const long Largest = 1 << 23;

    private static readonly string[] Columns =
    [
        "index", "arch", "c10_test_200ep", "c100_test_200ep", "in16_test_200ep", "c10_val_12ep", "c10_test_12ep",
        "c100_val_12ep", "c100_test_12ep", "in16_val_12ep", "in16_test_12ep", "iso_class",
    ];

    /// <summary>Reads a user's own, compressed with gzip or not.</summary>
    /// <exception cref="OptionException">It cannot be read, or is no such table.</exception>
    internal static NasTable Read(string path)
    {
        if (Directory.Exists(path))
            throw new OptionException($"'{path}' is a folder; expected {Kind}.");
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            using var content = DataFile.Uncompressed(file);
            return Read(content, $"'{path}'");
        }
        catch (InvalidDataException)
        {
            throw new OptionException($"'{path}' is damaged: its gzip stream cannot be decompressed.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new OptionException($"'{path}' cannot be read: {e.Message.TrimEnd('.')}.");
        }
    }

    /// <summary>Reads uncompressed bytes; <paramref name="name"/> is what to call them.</summary>
    /// <exception cref="OptionException">It is no such table.</exception>
    internal static NasTable Read(Stream content, string name)
    {
        var bytes = new byte[Largest];
        var count = FoundFile.Fill(bytes, content);
        var lines = count < bytes.Length
            ? Encoding.UTF8.GetString(bytes, 0, count).Split('\n')
            : throw new OptionException($"{name} is larger than the {Largest} bytes that are read; expected {Kind}.");
        if (lines[0].TrimEnd('\r') != string.Join(',', Columns))
            throw new OptionException($"{name} does not begin with the column names {string.Join(", ", Columns)}.");
        var cells = NasCell.All.Count();
        if (lines[^1].Length > 0)
            throw new OptionException($"{name} is cut off: line {lines.Length} has no end.");
        if (lines.Length - 2 != cells)
            throw new OptionException($"{name} has {lines.Length - 2} rows; expected one for each of the {cells} architectures.");

        var rows = new List<NasRow>(cells);
        var first = new Dictionary<NasCell, int>(cells);
        for (var line = 1; line < lines.Length - 1; line++)
        {
            var row = Row(lines[line].TrimEnd('\r').Split(','), line - 1, $"Line {line + 1} of {name}");
            if (!first.TryAdd(row.Cell, line + 1))
                throw new OptionException($"Line {line + 1} of {name} repeats the architecture of line {first[row.Cell]}, {row.Cell}.");
            rows.Add(row);
        }

        return new NasTable(rows);
    }

    private static NasRow Row(string[] cells, int index, string place)
    {
        if (cells.Length != Columns.Length)
            throw new OptionException($"{place} has {cells.Length} columns; expected {Columns.Length}.");
        if (cells[0] != index.ToString(CultureInfo.InvariantCulture))
            throw new OptionException($"{place} must describe architecture {index}; got '{NasCell.Printable(cells[0])}'.");
        var numbers = Enumerable.Range(2, 9).Select(column => Accuracy(cells[column], Columns[column], place)).ToList();
        return new NasRow(
            index,
            Cell(cells[1], place),
            new NasAccuracy(numbers[0], numbers[3], numbers[4]),
            new NasAccuracy(numbers[1], numbers[5], numbers[6]),
            new NasAccuracy(numbers[2], numbers[7], numbers[8]),
            int.TryParse(cells[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var iso)
                ? iso
                : throw new OptionException($"{place} must end with a class, a whole number; got '{NasCell.Printable(cells[^1])}'."));
    }

    private static NasCell Cell(string text, string place)
    {
        try
        {
            return NasCell.Parse(text);
        }
        catch (OptionException e)
        {
            throw new OptionException($"{place} holds no architecture: {char.ToLowerInvariant(e.Message[0])}{e.Message[1..]}");
        }
    }

    private static double Accuracy(string text, string column, string place) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value is >= 0 and <= 100
            ? value
            : throw new OptionException(
                $"{place} must have an accuracy from 0 to 100 as {column}; got '{NasCell.Printable(text)}'.");
}
