namespace DiscreteGradients.Testing;

/// <summary>The repository's files, and texts in them that are made from the code.</summary>
internal static class Repository
{
    private const string Accept = "DGRAD_ACCEPT";

    /// <summary>Its folder.</summary>
    public static string Root { get; } = Find();

    /// <summary>A text file of the repository.</summary>
    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file)).ReplaceLineEndings("\n");

    /// <summary>
    /// A text file, or what stands between the two lines of a marker in it, is what the code makes. With <c>DGRAD_ACCEPT=1</c> it is
    /// written instead.
    /// </summary>
    public static void IsMade(string file, string made, string? marker = null)
    {
        var stored = Read(file);
        var (begin, end) = marker is null ? (0, stored.Length) : Between($"<!-- {marker} -->\n", $"<!-- /{marker} -->\n");
        var whole = stored[..begin] + made + stored[end..];
        if (Environment.GetEnvironmentVariable(Accept) == "1")
            File.WriteAllText(Path.Combine(Root, file), whole);
        else if (stored != whole)
            Assert.Fail($"{file} is not what the code makes: run the tests with {Accept}=1, which writes it. {Difference(stored, whole)}");

        (int Begin, int End) Between(string first, string last)
        {
            var (before, after) = (stored.IndexOf(first, StringComparison.Ordinal), stored.IndexOf(last, StringComparison.Ordinal));
            Assert.True(before >= 0 && after > before, $"{file} has no {first.Trim()} … {last.Trim()}.");
            return (before + first.Length, after);
        }
    }

    private static string Difference(string stored, string made)
    {
        var (before, after) = (stored.Split('\n'), made.Split('\n'));
        var line = before.Zip(after).TakeWhile(pair => pair.First == pair.Second).Count();
        return $"Line {line + 1} is\n{before.ElementAtOrDefault(line)}\nand would be\n{after.ElementAtOrDefault(line)}";
    }

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "DiscreteGradients.slnx")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException($"no DiscreteGradients.slnx above {AppContext.BaseDirectory}");
        return folder.FullName;
    }
}
