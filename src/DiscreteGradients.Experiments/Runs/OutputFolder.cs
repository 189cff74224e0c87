namespace DiscreteGradients.Experiments;

/// <summary>A folder for results. What goes wrong while writing becomes one sentence.</summary>
internal sealed class OutputFolder
{
    private OutputFolder(string path) => Path = path;

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>What to do after a failure to write, as a sentence; null if there is nothing but to start over.</summary>
    internal string? Remedy { get; set; }

    /// <summary>A folder that is there.</summary>
    internal static OutputFolder Open(string path) => new(path);

    /// <summary>Makes the folder, with <c>plots</c> in it.</summary>
    /// <exception cref="OptionException">It exists and holds something, is a file, or cannot be written.</exception>
    public static OutputFolder Create(string path)
    {
        var folder = New(path);
        folder.Write(() => Directory.CreateDirectory(folder["plots"]));
        return folder;
    }

    /// <summary>Finds out whether a folder could be made, and leaves no trace.</summary>
    /// <param name="path">The folder; null if none is given.</param>
    /// <param name="otherwise">The folder in which one would be made then.</param>
    /// <exception cref="OptionException">It could not.</exception>
    internal static void Check(string? path, string otherwise)
    {
        var folder = path is null ? new OutputFolder(otherwise) : New(path);
        folder.Write(() =>
        {
            var there = System.IO.Path.GetFullPath(folder.Path);
            while (!Directory.Exists(there))
            {
                there = !File.Exists(there) && System.IO.Path.GetDirectoryName(there) is { } above
                    ? above
                    : throw new IOException($"'{there}' is not a folder");
            }

            var name = System.IO.Path.Combine(there, System.IO.Path.GetRandomFileName());
            try
            {
                using var trial = File.Create(name, bufferSize: 1, FileOptions.DeleteOnClose);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new IOException(e.Message.Replace(name, there, StringComparison.Ordinal));
            }
        });
    }

    /// <summary>A folder that is not there or empty.</summary>
    private static OutputFolder New(string path)
    {
        if (string.IsNullOrWhiteSpace(path))
            throw new OptionException("--out must be a folder; got nothing.");
        if (File.Exists(path))
            throw new OptionException($"--out must be a folder; '{path}' is a file.");
        var folder = new OutputFolder(path);
        folder.Write(() =>
        {
            if (File.Exists(folder["run.json"]))
            {
                throw new OptionException(
                    $"--out must be a new or empty folder; '{path}' holds a run. Go on with that run by --resume, or name another folder.")
                {
                    IsTaken = true,
                };
            }

            if (File.Exists(folder["study.json"]))
            {
                throw new OptionException(
                    $"--out must be a new or empty folder; '{path}' holds a study. Go on with it by --resume, or name another folder.");
            }

            if (Directory.Exists(path) && HoldsSomething(path))
                throw new OptionException($"--out must be a new or empty folder; '{path}' holds files. Name another or remove it.");
        });
        return folder;
    }

    /// <summary>Whether a file has a byte in it; not counted is what a run or study leaves that was killed before its first file.</summary>
    private static bool HoldsSomething(string path) => new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories)
        .Any(file => file.Length > 0 && file.Name is not ("run.json.new" or "study.json.new"));

    /// <summary>The path of a file of the folder.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Whether pictures that are there are left alone: those of a finished run would come out the same.</summary>
    internal bool KeepsPictures { get; set; }

    /// <summary>Writes one file of the folder, which is then on disk as a whole, or not at all: what was there before stays.</summary>
    /// <param name="name">Path below the folder, such as <c>plots/x.png</c>.</param>
    /// <param name="write">Gets the whole path of a file that will take the other's place.</param>
    public void WriteFile(string name, Action<string> write)
    {
        if (!KeepsPictures || !IsWholePicture(this[name]))
            Put(name, write);
    }

    /// <inheritdoc cref="WriteFile"/>
    internal void Replace(string name, Action<Stream> write) => Put(name, part =>
    {
        using var stream = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None);
        write(stream);
    });

    private void Put(string name, Action<string> write) => Write(() =>
    {
        var (path, part) = (this[name], this[name] + ".new");
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        try
        {
            write(part);
            using (var file = File.OpenHandle(part, FileMode.Open, FileAccess.ReadWrite))
                RandomAccess.FlushToDisk(file);
            File.Move(part, path, overwrite: true);
        }
        catch
        {
            File.Delete(part);  // of no use, and the disk may be full
            throw;
        }
    });

    /// <summary>Whether a file ends as a PNG or SVG does: earlier versions left empty and half ones when they were killed.</summary>
    private static bool IsWholePicture(string path)
    {
        ReadOnlySpan<byte> end = System.IO.Path.GetExtension(path) switch
        {
            ".png" => [.. "IEND"u8, 0xAE, 0x42, 0x60, 0x82],
            ".svg" => "</svg>"u8,
            _ => [],
        };
        if (end.IsEmpty || !File.Exists(path))
            return false;
        using var file = File.OpenHandle(path);
        Span<byte> last = stackalloc byte[end.Length + 2];  // and a line break
        var got = RandomAccess.Read(file, last, Math.Max(0, RandomAccess.GetLength(file) - last.Length));
        return last[..got].IndexOf(end) >= 0;
    }

    /// <summary>Does something that writes into the folder.</summary>
    internal void Write(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" })
        {
            // The last is what .NET makes of a file that may not grow any more.
            var reason = e is ArgumentException ? "a file became too large" : e.Message.TrimEnd('.');
            throw new OptionException($"--out must be a folder that can be written; '{Path}' cannot: {reason}.{Remedy}");
        }
    }
}
