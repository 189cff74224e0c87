namespace DiscreteGradients.Experiments;

/// <summary>A published data set: what it is, the files it comes in, and where they are to be had.</summary>
/// <remarks>A new one is one declaration in <see cref="DataSets"/>.</remarks>
/// <param name="Name">Also the name of its folder, if it has none that it shares.</param>
/// <param name="About">What it is, whose, and under which licence.</param>
/// <param name="Files">In the order in which they are read.</param>
/// <param name="Parts">What is in them; their bytes are checked, so that this need not be counted.</param>
internal abstract record DataSet(string Name, string About, IReadOnlyList<DataFile> Files, IReadOnlyList<DataPart> Parts)
{
    /// <summary>The folder that it shares with other sets, or null.</summary>
    internal string? SharedFolder { get; init; }

    /// <summary>The name of its folder.</summary>
    internal string Folder => SharedFolder ?? Name;

    /// <summary>
    /// Files that not every use of the set needs, such as labels: they are downloaded with the others, and checked where they are.
    /// </summary>
    internal IReadOnlyList<DataFile> Extras { get; init; } = [];

    /// <summary>The archive in which its homes have the files, or null; it is read without being unpacked.</summary>
    internal DataFile? Archive { get; init; }

    /// <summary>True if a folder that lacks some of the files is passed over.</summary>
    internal bool NeedsAll { get; init; }

    /// <summary>Public addresses, each of a folder that holds the files, in the order in which they are tried.</summary>
    internal IReadOnlyList<string> Homes { get; init; } = [];

    /// <summary>Where the system's package puts the files, or null if there is none.</summary>
    internal string? Package { get; init; }

    /// <summary>The package's name, or null if there is none.</summary>
    internal string? PackageName { get; init; }

    /// <summary>What whoever uses the set must know, or null.</summary>
    internal string? Caveat { get; init; }

    /// <summary>What a user can do without the set, or null.</summary>
    internal string? Instead { get; init; }

    /// <summary>True if it has a home, and downloads are allowed.</summary>
    internal bool CanBeFetched(DataFolders folders) => Homes.Count > 0 && !folders.Offline;

    /// <summary>True if code draws it: its file lies nowhere, and says what must come out.</summary>
    internal bool IsDrawn { get; init; }

    /// <summary>The numbers of its parts, in words.</summary>
    internal string Contents => And(Parts.Select(part => $"{part.Count} {part.Words}"));

    /// <summary>The first place that holds a file of the set, or null.</summary>
    internal DataPlace? Find(DataFolders folders) => IsDrawn
        ? DataPlace.Drawn
        : folders.Places(Folder, Package).FirstOrDefault(place => Archive?.Find(place.Folder) is not null
            || (NeedsAll ? Files.All(IsIn(place.Folder)) : Files.Any(IsIn(place.Folder))));

    /// <summary>What is downloaded.</summary>
    internal IEnumerable<DataFile> Downloads => Archive is null ? Files.Concat(Extras) : [Archive];

    /// <summary>What a folder lacks of what a download brings.</summary>
    internal IEnumerable<DataFile> Lacking(string folder) => Extras.Where(file => !IsIn(folder)(file));

    /// <summary>Reads all files in a folder, and checks that they are whole and the published ones.</summary>
    /// <exception cref="OptionException">Damaged.</exception>
    internal abstract void Check(string folder);

    /// <summary>The places that were looked at, for a sentence.</summary>
    internal string Places(DataFolders folders) => folders.Places(Folder, Package).ToList() is { Count: > 0 } places
        ? string.Join(", ", places)
        : "no folder, for lack of a home folder";

    /// <summary>What a user can do to get the set: a sentence.</summary>
    internal string Remedy(bool fetch)
    {
        var sentence = string.Join(", or ", Instead is null ? Ways(fetch) : Ways(fetch).Append(Instead));
        return $"{Format.Capital(sentence)}.";
    }

    /// <summary>How to get the set itself.</summary>
    internal IEnumerable<string> Ways(bool fetch)
    {
        if (PackageName is not null)
            yield return $"install {PackageName}";
        if (fetch)
            yield return $"run 'dgrad data fetch {Name}'";
        var files = And(Files.Select(file => file.Published));
        yield return $"put {(Archive is null ? files : $"{Archive.Published}, or its {files},")} into DIR/{Folder} and give --data DIR";
    }

    /// <summary>Whether a file is there.</summary>
    protected static Func<DataFile, bool> IsIn(string folder) => file => file.Find(folder) is not null;

    private static string And(IEnumerable<string> words)
    {
        string[] all = [.. words];
        return all.Length == 1 ? all[0] : $"{string.Join(", ", all[..^1])} and {all[^1]}";
    }
}

/// <summary>A data set that is read as a <typeparamref name="T"/>.</summary>
/// <param name="Read">Reads the files, which are in the order of the declaration.</param>
internal sealed record DataSet<T>(
    string Name, string About, IReadOnlyList<DataFile> Files, IReadOnlyList<DataPart> Parts, Func<IReadOnlyList<FoundFile>, T> Read)
    : DataSet(Name, About, Files, Parts)
{
    /// <summary>Finds, reads and verifies the set.</summary>
    /// <exception cref="OptionException">Not found, or damaged.</exception>
    internal T Load(DataFolders folders) => Find(folders) is { } place
        ? Load(place.Folder)
        : throw new OptionException(
            $"Data set '{Name}' was not found; looked in {Places(folders)}"
            + $"{(folders.Offline && Homes.Count > 0 ? ", and DGRAD_OFFLINE forbids a download" : "")}. {Remedy(CanBeFetched(folders))}")
        {
            Missing = new MissingSet(this, folders),
        };

    /// <summary>Reads and verifies the set in one folder.</summary>
    /// <exception cref="OptionException">Damaged.</exception>
    internal T Load(string folder)
    {
        if (IsDrawn)
            return Read([.. Files.Select(file => new FoundFile(file, folder, Name))]);
        if (Archive?.Find(folder) is { } archive && !Files.Any(IsIn(folder)))
            return Read([.. Files.Select(file => new FoundFile(file, archive, Name) { IsInArchive = true })]);
        var rest = Files.Count > 2 ? "other files" : "the other half";
        var paths = Files.Select(file => file.Find(folder)
            ?? throw new OptionException($"'{folder}' holds no {file.Name} or {file.Name}.gz, only {rest} of '{Name}'."));
        return Read([.. Files.Zip(paths, (file, path) => new FoundFile(file, path, Name))]);
    }

    internal override void Check(string folder)
    {
        Load(folder);
        foreach (var file in Extras.Where(IsIn(folder)))
            new FoundFile(file, file.Find(folder)!, Name).Read("a file of the set", _ => true);
    }
}

/// <summary>A set that is nowhere, and where it was looked for.</summary>
internal sealed record MissingSet(DataSet Set, DataFolders Folders);

/// <summary>A part of a set: how much of what.</summary>
/// <param name="Name">Heads its column in tables.</param>
internal sealed record DataPart(string Name, int Count, string Words);
