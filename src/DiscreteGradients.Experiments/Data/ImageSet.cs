namespace DiscreteGradients.Experiments;

/// <summary>A published set of 28x28 images: its files, how many images are for training, and where it is to be had.</summary>
internal abstract record ImageSet(string Name, IReadOnlyList<DataFile> Files, int Train)
{
    /// <summary>Public addresses, each of a folder that holds the files compressed with gzip, in the order in which they are tried.</summary>
    internal IReadOnlyList<string> Homes { get; init; } = [];

    /// <summary>Where the system's package puts the files, or null if there is none.</summary>
    internal string? Package { get; init; }

    /// <summary>The package's name, or null if there is none.</summary>
    internal string? PackageName { get; init; }

    /// <summary>What whoever uses the set must know, or null.</summary>
    internal string? Caveat { get; init; }

    /// <summary>The first place that holds a file of the set, or null.</summary>
    internal DataPlace? Find(DataFolders folders) =>
        folders.Places(Name, Package).FirstOrDefault(place => Files.Any(file => file.Find(place.Folder) is not null));

    /// <summary>Finds, reads and verifies the set.</summary>
    /// <exception cref="OptionException">Not found, or damaged.</exception>
    internal ImageData Load(DataFolders folders) => Find(folders) is { } place
        ? Load(place.Folder)
        : throw new OptionException(
            $"Data set '{Name}' was not found; looked in {Places(folders)}"
            + $"{(folders.Offline && Homes.Count > 0 ? ", and DGRAD_OFFLINE forbids a download" : "")}. {Remedy(Homes.Count > 0 && !folders.Offline)}")
        {
            Missing = new MissingSet(this, folders),
        };

    /// <summary>Reads and verifies the set in one folder.</summary>
    /// <exception cref="OptionException">Damaged.</exception>
    internal ImageData Load(string folder)
    {
        foreach (var file in Files)
        {
            if (file.Find(folder) is null)
                throw new OptionException($"'{folder}' holds no {file.Name} or {file.Name}.gz, only the other half of '{Name}'.");
        }

        return Read([.. Files.Select(file => file.Find(folder)!)]);
    }

    /// <summary>Reads the files and checks their hashes.</summary>
    protected abstract ImageData Read(IReadOnlyList<string> paths);

    /// <summary>The places that were looked at, for a sentence.</summary>
    internal string Places(DataFolders folders) => folders.Places(Name, Package).ToList() is { Count: > 0 } places
        ? string.Join(", ", places)
        : "no folder, for lack of a home folder";

    /// <summary>What a user can do to get the set: a sentence.</summary>
    internal string Remedy(bool fetch)
    {
        var ways = Ways(fetch).Append($"use --dataset {MadeDigits.Name}, which is drawn by code").ToList();
        var sentence = string.Join(", or ", ways);
        return $"{char.ToUpperInvariant(sentence[0])}{sentence[1..]}.";
    }

    /// <summary>How to get the set itself.</summary>
    internal IEnumerable<string> Ways(bool fetch)
    {
        if (PackageName is not null)
            yield return $"install {PackageName}";
        if (fetch)
            yield return $"run 'dgrad data fetch {Name}'";
        yield return $"put {string.Join(" and ", Files.Select(file => $"{file.Name}.gz"))} into DIR/{Name} and give --data DIR";
    }
}

/// <summary>A set that is nowhere, and where it was looked for.</summary>
internal sealed record MissingSet(ImageSet Set, DataFolders Folders);

/// <summary>A set in MNIST's form: a file of training images and one of test images.</summary>
internal sealed record IdxSet(string Name, string TrainSha256, string TestSha256, int Train = 60_000, int Test = 10_000) : ImageSet(
    Name,
    [
        new DataFile(TrainFile, IdxFile.Size(Train, ImageData.Pixels), TrainSha256),
        new DataFile(TestFile, IdxFile.Size(Test, ImageData.Pixels), TestSha256),
    ],
    Train)
{
    internal const string TrainFile = "train-images-idx3-ubyte";
    internal const string TestFile = "t10k-images-idx3-ubyte";

    protected override ImageData Read(IReadOnlyList<string> paths) => new(Name, Pixels(Files[0], paths[0]), Pixels(Files[1], paths[1]));

    private byte[] Pixels(DataFile file, string path)
    {
        var images = IdxFile.ReadImages(path, ImageData.Side, ImageData.Side, IdxFile.Count(file.Bytes, ImageData.Pixels));
        file.Check(path, Name, images.Sha256);
        return images.Pixels;
    }
}
