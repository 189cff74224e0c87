namespace DiscreteGradients.Experiments;

/// <summary>Where data sets are looked for. A place holds one folder a set, but the system's package is the set itself.</summary>
/// <param name="Data">The folder given with --data, or null.</param>
/// <param name="Variable">Reads an environment variable.</param>
/// <param name="IsWindows">Windows has no XDG folders.</param>
internal sealed record DataFolders(string? Data, Func<string, string?> Variable, bool IsWindows)
{
    internal static DataFolders OfThisUser(string? data) => new(data, Environment.GetEnvironmentVariable, OperatingSystem.IsWindows());

    /// <summary>The folders in which a set may be, each with the words for it.</summary>
    internal IEnumerable<(string Folder, string Words)> Places(string set, string? package)
    {
        if (Data is { } data)
            yield return (Path.Combine(data, set), "--data");
        if (Variable("DGRAD_DATA") is { Length: > 0 } folder)
            yield return (Path.Combine(folder, set), "$DGRAD_DATA");
        if (Cache() is { } cache)
            yield return (Path.Combine(cache, "dgrad", set), "the cache");
        if (package is not null)
            yield return (package, "the system's package");
    }

    private string? Cache()
    {
        if (IsWindows)
            return Variable("LOCALAPPDATA") is { Length: > 0 } local ? local : null;
        if (Variable("XDG_CACHE_HOME") is { Length: > 0 } cache && Path.IsPathRooted(cache))
            return cache;
        return Variable("HOME") is { Length: > 0 } home ? Path.Combine(home, ".cache") : null;
    }
}
