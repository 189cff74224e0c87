using DiscreteGradients.Experiments;

namespace DiscreteGradients.Testing;

/// <summary>A data set of a few images, and folders of a test's own.</summary>
internal sealed class TinySet
{
    public static readonly byte[] Train = Idx.Images(300);
    public static readonly byte[] Test = Idx.Images(2);
    public const string TrainFile = IdxSet.TrainFile + ".gz";
    public const string TestFile = IdxSet.TestFile + ".gz";

    public static DataSet<ImageData> With(params string[] homes) =>
        IdxSet.Of("tiny", "A few images.", Idx.Sha256(Train), Idx.Sha256(Test), 300, 2) with { Homes = homes };

    public static DataFolders Folders(TemporaryFolder folder, bool offline = false) => new(
        null,
        name => name == "DGRAD_OFFLINE" && offline ? "1"
            : name == "DGRAD_DATA" ? folder["variable"]
            : name == "XDG_CACHE_HOME" ? folder["cache"]
            : null,
        IsWindows: false);
}
