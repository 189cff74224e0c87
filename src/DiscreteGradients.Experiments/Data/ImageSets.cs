namespace DiscreteGradients.Experiments;

/// <summary>The published sets of 28x28 images, and the one drawn by code, by name.</summary>
internal static class ImageSets
{
    private static readonly IdxSet[] Published =
    [
        new("mnist")
        {
            TrainSha256 = "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            TestSha256 = "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        },
        new("fashion-mnist")
        {
            TrainSha256 = "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            TestSha256 = "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            Package = "/usr/share/datasets/fashion-mnist",
            PackageName = "Debian's dataset-fashion-mnist",
        },
    ];

    internal static IEnumerable<string> Names => [.. Published.Select(set => set.Name), MadeDigits.Name];

    /// <summary>Finds, reads and verifies a set; <paramref name="data"/> is the folder given with --data, or null.</summary>
    /// <exception cref="OptionException">No such set, not found, or damaged.</exception>
    internal static ImageData Load(string name, string? data)
    {
        if (data is not null && !Directory.Exists(data))
            throw new OptionException($"--data must be an existing folder that holds one folder a data set; got '{data}'.");
        if (name == MadeDigits.Name)
            return MadeDigits.Draw();
        return Published.FirstOrDefault(set => set.Name == name) is { } known
            ? known.Load(DataFolders.OfThisUser(data))
            : throw new OptionException(Suggestion.Sentence("dataset", name, Names));
    }
}

/// <summary>A published set: MNIST's file names, and the hashes of the files' uncompressed bytes.</summary>
internal sealed record IdxSet(string Name)
{
    internal const string TrainFile = "train-images-idx3-ubyte";
    internal const string TestFile = "t10k-images-idx3-ubyte";

    internal required string TrainSha256 { get; init; }

    internal required string TestSha256 { get; init; }

    /// <summary>Where the system's package puts the files, or null if there is none.</summary>
    internal string? Package { get; init; }

    /// <summary>The package's name, or null if there is none.</summary>
    internal string? PackageName { get; init; }

    internal ImageData Load(DataFolders folders)
    {
        var places = folders.Places(Name, Package).ToList();
        var folder = places.Select(place => place.Folder).FirstOrDefault(f => (Find(f, TrainFile) ?? Find(f, TestFile)) is not null)
            ?? throw new OptionException(
                $"Data set '{Name}' was not found; looked in {string.Join(", ", places.Select(p => $"{p.Folder} ({p.Words})"))}. "
                + $"{(PackageName is null ? "Put" : $"Install {PackageName}, or put")} {TrainFile}.gz and {TestFile}.gz into DIR/{Name} "
                + $"and give --data DIR, or use --dataset {MadeDigits.Name}, which is drawn by code.");
        return new ImageData(Name, Read(folder, TrainFile, TrainSha256), Read(folder, TestFile, TestSha256));
    }

    private byte[] Read(string folder, string file, string sha256)
    {
        var path = Find(folder, file)
            ?? throw new OptionException($"'{folder}' holds no {file} or {file}.gz, only the other half of '{Name}'.");
        var images = IdxFile.ReadImages(path, ImageData.Side, ImageData.Side);
        return images.Sha256 == sha256
            ? images.Pixels
            : throw new OptionException(
                $"'{path}' is not the file of '{Name}': the sha256 of its uncompressed bytes must be {sha256}; got {images.Sha256}.");
    }

    private static string? Find(string folder, string file) =>
        new[] { $"{file}.gz", file }.Select(name => Path.Combine(folder, name)).FirstOrDefault(Path.Exists);
}
