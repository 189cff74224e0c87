namespace DiscreteGradients.Experiments;

/// <summary>Sentences for training, validation and testing.</summary>
internal sealed record ListOpsRows(ListOpsSentence[] Train, ListOpsSentence[] Valid, ListOpsSentence[] Test);

/// <summary>The sets of ListOps sentences: the published one, whose training rows are not to be had, and one made by its rule.</summary>
internal static class ListOpsSets
{
    internal const string Name = "listops";
    internal const string Made = "made-listops";

    private const int ValidRows = 1_000;
    private const int TestRows = 10_000;
    private const int TrainRows = ListOpsRule.Rows - TestRows - ValidRows;

    private static readonly DataPart[] Published = [new("valid", ValidRows, "validation"), new("test", TestRows, "test sentences")];

    /// <summary>Its training rows are empty: they are made.</summary>
    internal static DataSet<ListOpsRows> Set { get; } = new(
        Name,
        "Nested lists of digits and their values (d20s); Nangia, Bowman, 2018; MIT-style licence, New York University.",
        [
            new DataFile("test.tsv", 2_804_179, "71335416e6896e8dd8dc69281c8ed9b37316382d05d3705d660461564e843840")
            {
                IsGzip = false,
                Alias = "test_d20s.tsv",
            },
            new DataFile("valid.tsv", 294_531, "f9e96e70990dfd863e7652fb94c454b3ca9d08a10bf0a775a780ba485452725b") { IsGzip = false },
        ],
        Published,
        files => new ListOpsRows([], Rows(files[1]), Rows(files[0])))
    {
        Homes =
        [
            "https://raw.githubusercontent.com/LiyuanLucasLiu/ReinMax/main/listops/data/listops/",
            "https://raw.githubusercontent.com/LiyuanLucasLiu/ReinMax/2367056/listops/data/listops/",
        ],
        Caveat = $"the published training rows are not to be had; {TrainRows} are made by the published rule, none equal to one of these.",
        Instead = $"use --dataset {Made}, which is made by the published rule",
    };

    /// <summary>Everything made.</summary>
    internal static DataSet<ListOpsRows> MadeSet { get; } = new(
        Made,
        "Sentences of ListOps, made by the published rule.",
        [ListOpsRule.File],
        [new("train", TrainRows, "training"), .. Published],
        _ => Split(ListOpsRule.Load(cache: null)))
    {
        IsDrawn = true,
        Caveat = "made by the published rule; accuracies are of other test sentences than published ones.",
    };

    /// <summary>The set that is used if none is named: the published one where it is found, else the made one.</summary>
    internal static string Default(DataFolders folders) => Set.Find(folders) is null ? Made : Name;

    /// <summary>Finds, reads and verifies the rows; those for training that are made equal none of the others.</summary>
    /// <param name="train">A file of the user, or null; so are the other two.</param>
    /// <exception cref="OptionException">Not found, or damaged.</exception>
    internal static ListOpsRows Load(string name, DataFolders folders, string? train, string? valid, string? test)
    {
        var made = new Lazy<ListOpsSentence[]>(() => ListOpsRule.Load(folders.Cache));
        var set = new Lazy<ListOpsRows>(() => name == Made ? Split(made.Value) : Set.Load(folders));
        var (forValid, forTest) = (
            valid is null ? set.Value.Valid : ListOpsFile.Read(valid), test is null ? set.Value.Test : ListOpsFile.Read(test));
        if (train is not null)
            return new ListOpsRows(ListOpsFile.Read(train), forValid, forTest);
        var held = forValid.Concat(forTest).ToHashSet();
        var rest = name == Made ? set.Value.Train : made.Value;
        return new ListOpsRows([.. rest.Where(row => !held.Contains(row)).Take(TrainRows)], forValid, forTest);
    }

    private static ListOpsRows Split(ListOpsSentence[] rows) =>
        new(rows[(TestRows + ValidRows)..], rows[TestRows..(TestRows + ValidRows)], rows[..TestRows]);

    private static ListOpsSentence[] Rows(FoundFile file) =>
        file.ReadText(ListOpsFile.Kind, text => ListOpsFile.Parse(file.Path, text));
}
