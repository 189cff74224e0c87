using System.Text;
using DiscreteGradients.Experiments;

namespace DiscreteGradients.Testing;

internal sealed record Riddle(string Answer, string Question);

/// <summary>A made-up data set that is no images: tables of text, of which its homes compress one.</summary>
internal static class RiddleSet
{
    public const string TrainText = "egg\tA box without hinges, key or lid\nriver\tRuns but never walks\n";
    public const string ValidText = "map\tHas towns without houses\n";
    public const string TestText = "echo\tSpeaks without a mouth\nhole\tGrows when taken from\nπ\tIs round and never ends\n";

    /// <summary>All there is to declare.</summary>
    public static DataSet<Dictionary<string, List<Riddle>>> With(params string[] homes) => new(
        "riddles",
        "Riddles; made up for tests; no licence.",
        [
            File("train.tsv", TrainText),
            File("valid.tsv", ValidText) with { IsGzip = false },
            File("test.tsv", TestText) with { IsGzip = false },
        ],
        [new("train", 2, "training"), new("valid", 1, "validation"), new("test", 3, "test riddles")],
        files => files.ToDictionary(file => file.File.Name, file => file.ReadText("a table of riddles", Parse)))
    {
        Homes = homes,
    };

    /// <summary>Puts the files on a server; returns its address.</summary>
    public static string Serve(Server server) => server
        .With("train.tsv.gz", Idx.Gzip(Bytes(TrainText))).With("valid.tsv", Bytes(ValidText)).With("test.tsv", Bytes(TestText)).Address;

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static DataFile File(string name, string text) => new(name, Bytes(text).Length, Idx.Sha256(Bytes(text)));

    /// <summary>Checks nothing: what it is given is the published text, or is refused.</summary>
    private static List<Riddle> Parse(string text) =>
        [.. text.TrimEnd('\n').Split('\n').Select(line => line.Split('\t')).Select(cells => new Riddle(cells[0], cells[1]))];
}
