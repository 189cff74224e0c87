namespace DiscreteGradients.Experiments;

/// <summary>Where data sets are looked for. A place holds one folder a set, but the system's package is the set itself.</summary>
/// <param name="Data">The folder given with --data, or null.</param>
/// <param name="IsWindows">Windows has no XDG folders.</param>
internal sealed record DataFolders(string? Data, Func<string, string?> Variable, bool IsWindows)
{
    /// <summary>The folders of whoever runs this.</summary>
    /// <exception cref="OptionException">There is no folder <paramref name="data"/>.</exception>
    internal static DataFolders OfThisUser(string? data) => data is null || Directory.Exists(data)
        ? new DataFolders(data, Environment.GetEnvironmentVariable, OperatingSystem.IsWindows())
        : throw new OptionException($"--data must be an existing folder that holds one folder per data set; got '{data}'.");

    /// <summary>The user's folder for what was downloaded, or null if the system names none.</summary>
    internal string? Cache => CacheOfAllPrograms() is { } cache ? Path.Combine(cache, "dgrad") : null;

    /// <summary>True if nothing may be downloaded.</summary>
    internal bool Offline => Variable("DGRAD_OFFLINE") is { Length: > 0 } and not "0";

    /// <summary>The folders in which a set may be, in the order in which they are tried.</summary>
    internal IEnumerable<DataPlace> Places(string set, string? package)
    {
        if (Data is { } data)
            yield return new DataPlace(Folder(data, set), "--data");
        if (Variable("DGRAD_DATA") is { Length: > 0 } folder)
            yield return new DataPlace(Folder(folder, set), "$DGRAD_DATA");
        if (Cache is { } cache)
            yield return new DataPlace(Path.Combine(cache, set), DataPlace.Cache);
        if (package is not null)
            yield return new DataPlace(package, DataPlace.Package);
    }

    /// <summary>The folder of a set, whose name may also be written with underscores.</summary>
    private static string Folder(string data, string set) =>
        Path.Combine(data, set.Replace('-', '_')) is var other && !Directory.Exists(Path.Combine(data, set)) && Directory.Exists(other)
            ? other
            : Path.Combine(data, set);

    private string? CacheOfAllPrograms()
    {
        if (IsWindows)
            return Variable("LOCALAPPDATA") is { Length: > 0 } local ? local : null;
        if (Variable("XDG_CACHE_HOME") is { Length: > 0 } cache && Path.IsPathRooted(cache))
            return cache;
        return Variable("HOME") is { Length: > 0 } home ? Path.Combine(home, ".cache") : null;
    }
}

/// <summary>A folder in which a set may be, with the words for it.</summary>
internal sealed record DataPlace(string Folder, string Words)
{
    internal const string Cache = "the cache";
    internal const string Package = "the system's package";
    internal static readonly DataPlace Drawn = new("", "drawn by code");

    public override string ToString() => $"{Folder} ({Words})";
}
