namespace DiscreteGradients.Experiments;

/// <summary>A new folder for results. What goes wrong while writing becomes one sentence.</summary>
public sealed class OutputFolder
{
    private OutputFolder(string path) => Path = path;

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Makes the folder, with <c>plots</c> in it.</summary>
    /// <exception cref="OptionException">It exists and holds something, is a file, or cannot be written.</exception>
    public static OutputFolder Create(string path)
    {
        if (string.IsNullOrWhiteSpace(path))
            throw new OptionException("--out must be a folder; got nothing.");
        if (File.Exists(path))
            throw new OptionException($"--out must be a folder; '{path}' is a file.");
        var folder = new OutputFolder(path);
        folder.Write(() =>
        {
            if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
                throw new OptionException($"--out must be a new or empty folder; '{path}' holds files. Name another or remove it.");
            Directory.CreateDirectory(System.IO.Path.Combine(path, "plots"));
        });
        return folder;
    }

    /// <summary>The path of a file of the folder.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes one file of the folder.</summary>
    /// <param name="name">Path below the folder, such as <c>plots/x.png</c>.</param>
    /// <param name="write">Gets the whole path.</param>
    /// <exception cref="OptionException">The disk is full, or the like.</exception>
    public void WriteFile(string name, Action<string> write) => Write(() => write(this[name]));

    /// <summary>Does something that writes into the folder.</summary>
    /// <exception cref="OptionException">The disk is full, or the like.</exception>
    internal void Write(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"--out must be a folder that can be written; '{Path}' cannot: {e.Message.TrimEnd('.')}.");
        }
    }
}
