using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using DiscreteGradients.Cli.Display;
using Spectre.Console;

namespace DiscreteGradients.Cli.Commands;

/// <summary><c>dgrad data</c>: which data sets are there, where, whether they are whole, and how to get the rest.</summary>
internal static class DataCommand
{
    private const string Ready = "ready";
    private const string NotFound = "not found";
    private const string Damaged = "damaged";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    internal static Command Create(Terminal terminal)
    {
        var command = new Command("data", "List the data sets: which you have and where, checked, and how to get the others.");
        var flags = new CommandFlags(command, OptionRecord.Flags(new DataSettings()));
        command.SetAction(parsed =>
        {
            var given = OptionRecord.Bind(new DataSettings(), flags.Given(parsed));
            return List(DataSets.All, DataFolders.OfThisUser(given.Data), given.Json, terminal);
        });
        command.Subcommands.Add(DataFetchCommand.Create(terminal));
        return command;
    }

    /// <summary>Reads every set there is; 1 if one is damaged.</summary>
    internal static int List(IReadOnlyList<DataSet> sets, DataFolders folders, bool json, Terminal terminal)
    {
        var rows = new List<DataRow>();
        foreach (var set in sets)
        {
            terminal.Cancellation.ThrowIfCancellationRequested();
            rows.Add(Examine(set, folders));
        }

        if (json)
        {
            foreach (var row in rows)
                terminal.Out.Write(row.ToJson(Json).ToJsonString(Json) + "\n");
        }
        else
        {
            Write(rows, sets.SelectMany(set => set.Parts).Select(part => part.Name).Distinct().ToList(), folders, terminal);
        }

        return rows.Exists(row => row.State == Damaged) ? DgradApp.CheckFailed : DgradApp.Done;
    }

    private static DataRow Examine(DataSet set, DataFolders folders)
    {
        var row = new DataRow(set.Name, Ready) { About = set.About, Caveat = set.Caveat };
        if (set.Find(folders) is not { } place)
            return row with { State = NotFound, Needed = string.Join(", or ", set.Ways(set.CanBeFetched(folders))) };
        row = row with { Folder = set.IsDrawn ? null : place.Folder, Place = place.Words };
        try
        {
            if (!set.IsDrawn)
                set.Check(place.Folder);
            return row with { Parts = set.Parts, Sha256 = set.Files.ToDictionary(file => file.Name, file => file.Sha256) };
        }
        catch (OptionException e)
        {
            var needed = place.Words == DataPlace.Cache && set.Homes.Count > 0 ? $"run 'dgrad data fetch {set.Name}', which replaces it"
                : "remove or replace it";
            return row with { State = Damaged, Damage = e.Message, Needed = needed };
        }
    }

    private static void Write(List<DataRow> rows, List<string> parts, DataFolders folders, Terminal terminal)
    {
        var states = new Table().Border(TableBorder.None);
        foreach (var header in (string[])["data set", "state"])
            states.AddColumn(Column(header).NoWrap().PadRight(2));
        foreach (var header in parts)
            states.AddColumn(Column(header).NoWrap().RightAligned().PadRight(2));
        states.AddColumn(Column("sha256").PadRight(0));
        foreach (var row in rows)
        {
            var style = row.State switch { Damaged => new Style(Color.Red), NotFound => new Style(Color.Grey), _ => Style.Plain };
            var counts = parts.Select(name => $"{row.Parts.FirstOrDefault(part => part.Name == name)?.Count}");
            string[] cells = [row.Name, row.State, .. counts, string.Join(' ', row.Sha256.Values.Select(hash => hash[..8]))];
            states.AddRow(cells.Select(cell => new Text(cell, style)));
        }

        var places = new Table().Border(TableBorder.None)
            .AddColumn(Column("data set").NoWrap().PadRight(2)).AddColumn(Column("where, or what it needs").PadRight(0));
        foreach (var row in rows)
        {
            var where = row.State == NotFound ? row.Needed! : row.Folder is null ? row.Place! : $"{row.Folder} ({row.Place})";
            places.AddRow(new Text(row.Name), new Text(where));
        }

        terminal.Write(states);
        terminal.Out.WriteLine();
        terminal.Write(places);
        terminal.Out.WriteLine();
        terminal.Out.WriteLine("sha256: of the uncompressed files, checked just now, the first 8 digits");
        terminal.Out.WriteLine($"cache: {folders.Cache ?? "none, for lack of a home folder"}");
        foreach (var row in rows.Where(row => row.Caveat is not null))
            terminal.Console.Write(new Text($"{row.Name}: {row.Caveat}\n"));
        foreach (var row in rows.Where(row => row.Damage is not null))
            terminal.Out.WriteLine($"{row.Name}: {row.Damage} {Format.Capital(row.Needed!)}.");
    }

    private static TableColumn Column(string header) => new(new Text(header, new Style(Color.Aqua)));
}

/// <summary>What there is of a data set; <c>--json</c> prints these.</summary>
internal sealed record DataRow(string Name, string State)
{
    public string? Folder { get; init; }

    public string? Place { get; init; }

    /// <summary>Each under its own name.</summary>
    [JsonIgnore]
    public IReadOnlyList<DataPart> Parts { get; init; } = [];

    /// <summary>By file, uncompressed.</summary>
    public IReadOnlyDictionary<string, string> Sha256 { get; init; } = new Dictionary<string, string>();

    public string? Damage { get; init; }

    public string? Needed { get; init; }

    public string? Caveat { get; init; }

    public string? About { get; init; }

    internal JsonObject ToJson(JsonSerializerOptions options)
    {
        var row = JsonSerializer.SerializeToNode(this, options)!.AsObject();
        foreach (var part in Parts)
            row.Insert(row.IndexOf("sha256"), part.Name, part.Count);
        return row;
    }
}
