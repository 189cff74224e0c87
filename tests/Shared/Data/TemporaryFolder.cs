namespace DiscreteGradients.Testing;

/// <summary>An empty folder that goes away with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("dgrad-tests-").FullName;

    public string this[params string[] parts] => Path.Combine([_path, .. parts]);

    public string Write(byte[] bytes, params string[] parts)
    {
        var path = this[parts];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
