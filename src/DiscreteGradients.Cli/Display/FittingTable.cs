using Spectre.Console;
using Spectre.Console.Rendering;

namespace DiscreteGradients.Cli.Display;

/// <summary>Tables on terminals that are too narrow for them: a row becomes a paragraph, so that no number is cut off.</summary>
internal static class FittingTable
{
    /// <summary>A table without lines: a column of names, and columns of numbers.</summary>
    internal static Table Of(string names, params IEnumerable<string> numbers)
    {
        var table = new Table().Border(TableBorder.None).AddColumn(Column(names));
        foreach (var header in numbers)
            table.AddColumn(Column(header).RightAligned());
        return table;
    }

    internal static TableColumn Column(string header) => new TableColumn(new Text(header)).NoWrap();

    /// <summary>Writes a table.</summary>
    internal static void Write(this Terminal terminal, Table table) =>
        terminal.Console.Write(Fits(terminal, table) ? table : Paragraphs(terminal, table));

    /// <summary>Whether every column has the room it needs.</summary>
    internal static bool Fits(Terminal terminal, Table table) =>
        ((IRenderable)table).Measure(RenderOptions.Create(terminal.Console), int.MaxValue).Min <= terminal.Width;

    /// <summary>
    /// The first cell of a row, and below it a line for each of the others that is not empty, after the column's name; a single other
    /// needs no name.
    /// </summary>
    private static Rows Paragraphs(Terminal terminal, Table table)
    {
        var headers = table.Columns.Select(column => Words(terminal, column.Header)).ToList();
        return new Rows(table.Rows.SelectMany(row =>
        {
            var cells = row.ToList();
            if (cells.Count == 2)
                return (IRenderable[])[cells[0], new Padder(cells[1], new Padding(2, 0, 0, 0))];
            var lines = new Table().Border(TableBorder.None).HideHeaders().AddColumn(Column()).AddColumn(new TableColumn(""));
            foreach (var (header, cell) in headers.Zip(cells).Skip(1).Where(line => Words(terminal, line.Second).Length > 0))
                lines.AddRow(new Text("  " + header), cell);
            return (IRenderable[])[cells[0], lines];
        }));

        static TableColumn Column() => new TableColumn("").NoWrap();
    }

    /// <summary>A text as it reads on one line.</summary>
    private static string Words(Terminal terminal, IRenderable text) => string.Join(' ', text
        .Render(RenderOptions.Create(terminal.Console), int.MaxValue)
        .SelectMany(segment => segment.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
}
