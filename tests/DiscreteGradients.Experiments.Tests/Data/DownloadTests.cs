using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Data;

public sealed class DownloadTests : IDisposable
{
    private const string Remedy =
        "Put train-images-idx3-ubyte.gz and t10k-images-idx3-ubyte.gz into DIR/tiny and give --data DIR, "
        + "or use --dataset made-digits, which is drawn by code.";

    private static readonly byte[] Train = Idx.Gzip(TinySet.Train);
    private static readonly byte[] Test = Idx.Gzip(TinySet.Test);

    private readonly TemporaryFolder _folder = new();
    private readonly Server _server = new Server().With(TinySet.TrainFile, Train).With(TinySet.TestFile, Test);
    private readonly Server _bad = new();

    private string Cache => _folder["cache", "dgrad", "tiny"];

    public void Dispose()
    {
        _server.Dispose();
        _bad.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_files_come_into_the_cache_with_progress_to_the_last_byte()
    {
        var progress = new List<DownloadProgress>();

        var folder = await Fetch([_server.Address], progress.Add);

        Assert.Equal(Cache, folder);
        Assert.Equal([TinySet.TestFile, TinySet.TrainFile], Left());
        Assert.Equal(Train, File.ReadAllBytes(Path.Combine(folder, TinySet.TrainFile)));
        Assert.Equal((300, 2), (TinySet.With().Load(Folders).TrainCount, TinySet.With().Load(Folders).TestCount));
        Assert.Equal([TinySet.TrainFile, TinySet.TestFile], progress.Select(p => p.File).Distinct());
        Assert.Equal([_server.Address + TinySet.TrainFile, _server.Address + TinySet.TestFile], progress.Select(p => p.Address).Distinct());
        Assert.Equal(new DownloadProgress(TinySet.TestFile, _server.Address + TinySet.TestFile, Test.Length, Test.Length), progress[^1]);
        Assert.Equal(progress.OrderByDescending(p => p.File).ThenBy(p => p.Received), progress);
    }

    [Fact]
    public async Task Every_home_is_tried_until_one_gives_the_right_bytes()
    {
        var other = new Server().With(TinySet.TrainFile, Idx.Gzip(Idx.Bytes(300, 300 * 784, rows: 27)));
        using var _ = other;

        await Fetch([Server.Nobody, _bad.Address, other.Address, _server.Address]);

        Assert.Equal([TinySet.TestFile, TinySet.TrainFile], Left());
        Assert.Equal([TinySet.TrainFile, TinySet.TestFile], _bad.Requests);
        Assert.Equal([TinySet.TrainFile, TinySet.TestFile], other.Requests);
    }

    [Fact]
    public async Task Nobody_and_a_file_that_is_not_there_are_named_with_places_and_remedy()
    {
        var nobody = Server.Nobody;

        var error = await Assert.ThrowsAsync<OptionException>(() => Fetch([nobody, _bad.Address]));

        Assert.Equal(
            $"Data set 'tiny' is not in {_folder["variable", "tiny"]} ($DGRAD_DATA), {Cache} (the cache) and could not be downloaded; "
            + $"tried {nobody}{TinySet.TrainFile}: Connection refused ({new Uri(nobody).Authority}); "
            + $"{_bad.Address}{TinySet.TrainFile}: 404 NotFound. {Remedy}",
            error.Message);
        Assert.False(Path.Exists(_folder["cache"]));
    }

    [Fact]
    public Task A_body_that_ends_too_early_is_named() => Says(
        _bad.With(TinySet.TrainFile, Train, sent: Train.Length / 2),
        $"the connection ended after {Train.Length / 2} of {Train.Length} bytes");

    [Fact]
    public Task Other_bytes_are_named()
    {
        var other = (byte[])TinySet.Train.Clone();
        other[^1] ^= 1;

        return Says(
            _bad.With(TinySet.TrainFile, Idx.Gzip(other)),
            $"the sha256 of its uncompressed bytes must be {Idx.Sha256(TinySet.Train)}, but is {Idx.Sha256(other)}");
    }

    [Fact]
    public Task A_page_instead_of_the_file_is_named() => Says(
        _bad.With(TinySet.TrainFile, "<html>Sign in</html>"u8.ToArray()), "it must be 235216 bytes uncompressed, but ends after 20");

    [Fact]
    public Task Bytes_that_unpack_to_more_than_they_should_are_named() => Says(
        _bad.With(TinySet.TrainFile, Idx.Gzip(new byte[1 << 24])), "it must be 235216 bytes uncompressed, but goes on");

    [Fact]
    public Task A_file_without_end_is_named() => Says(
        _bad.With(TinySet.TrainFile, new byte[2 << 20]), "it goes on after 235216 bytes");

    [Fact]
    public Task A_changed_byte_is_named()
    {
        var changed = (byte[])Train.Clone();
        changed[^6] ^= 1;  // its checksum

        return Says(_bad.With(TinySet.TrainFile, changed), "its gzip stream cannot be decompressed");
    }

    [Fact]
    public Task A_server_that_falls_silent_is_named() => Says(
        _bad.With(TinySet.TrainFile, Train, sent: 10, hangs: true), "nothing came for 2 seconds", patience: 2);

    [Fact]
    public Task Without_the_second_file_the_first_does_not_stay() => Says(
        _bad.With(TinySet.TrainFile, Train), "404 NotFound", file: TinySet.TestFile);

    [Fact]
    public async Task An_interrupted_download_leaves_no_file()
    {
        using var stop = new CancellationTokenSource();
        _bad.With(TinySet.TrainFile, Train).With(TinySet.TestFile, Test, sent: 10, hangs: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Download(TinySet.With(_bad.Address), Folders, p =>
        {
            if (p.File == TinySet.TestFile)
                stop.Cancel();
        }).Fetch(stop.Token));

        Assert.Empty(Left());
    }

    [Fact]
    public async Task A_failed_download_keeps_what_was_there()
    {
        _folder.Write([1, 2], "cache", "dgrad", "tiny", TinySet.TrainFile);

        await Assert.ThrowsAsync<OptionException>(() => Fetch([_bad.With(TinySet.TrainFile, Train).Address]));

        Assert.Equal([1, 2], File.ReadAllBytes(_folder["cache", "dgrad", "tiny", TinySet.TrainFile]));
        Assert.Equal([TinySet.TrainFile], Left());
    }

    [Fact]
    public async Task What_a_killed_download_left_goes_but_not_what_another_one_writes()
    {
        File.SetLastWriteTimeUtc(_folder.Write([1], "cache", "dgrad", "tiny", "old.part"), DateTime.UtcNow.AddDays(-2));
        _folder.Write([1], "cache", "dgrad", "tiny", "young.part");

        await Fetch([_server.Address]);

        Assert.Equal([TinySet.TestFile, TinySet.TrainFile, "young.part"], Left());
    }

    [Fact]
    public async Task A_cache_that_cannot_be_written_is_named()
    {
        _folder.Write([1], "cache");

        var error = await Assert.ThrowsAsync<OptionException>(() => Fetch([_server.Address]));

        Assert.StartsWith($"'{Cache}' must be a folder that can be written; it cannot: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public async Task Offline_nothing_is_asked_for()
    {
        var error = await Assert.ThrowsAsync<OptionException>(
            () => new Download(TinySet.With(_server.Address), TinySet.Folders(_folder, offline: true), _ => { })
                .Fetch(TestContext.Current.CancellationToken));

        Assert.Equal($"DGRAD_OFFLINE forbids downloading 'tiny'; unset it. {Remedy}", error.Message);
        Assert.Empty(_server.Requests);
    }

    [Theory]
    [InlineData(false, "HOME or XDG_CACHE_HOME")]
    [InlineData(true, "LOCALAPPDATA")]
    public async Task Without_a_cache_there_is_nowhere_to_download_to(bool isWindows, string variable)
    {
        var folders = new DataFolders(null, _ => null, isWindows);

        var error = await Assert.ThrowsAsync<OptionException>(
            () => new Download(TinySet.With(_server.Address), folders, _ => { }).Fetch(TestContext.Current.CancellationToken));

        Assert.Equal($"There is no folder to download 'tiny' into; set {variable}.", error.Message);
    }

    /// <summary>The one home fails so, and nothing is left.</summary>
    private async Task Says(Server server, string reason, string file = TinySet.TrainFile, double patience = 30)
    {
        var error = await Assert.ThrowsAsync<OptionException>(() => Fetch([server.Address], patience: patience));

        var (start, end) = ($"{Cache} (the cache) and could not be downloaded; tried {server.Address}{file}: ", $". {Remedy}");
        Assert.Contains(start, error.Message, StringComparison.Ordinal);
        Assert.EndsWith(end, error.Message, StringComparison.Ordinal);
        var between = error.Message[(error.Message.IndexOf(start, StringComparison.Ordinal) + start.Length)..^end.Length];
        Assert.Equal(reason, between);
        Assert.Empty(Left());
    }

    private DataFolders Folders => TinySet.Folders(_folder);

    private Task<string> Fetch(string[] homes, Action<DownloadProgress>? progress = null, double patience = 30) =>
        new Download(TinySet.With(homes), Folders, progress ?? (_ => { })) { Patience = TimeSpan.FromSeconds(patience) }
            .Fetch(TestContext.Current.CancellationToken);

    private IEnumerable<string?> Left() =>
        Directory.Exists(Cache) ? Directory.GetFiles(Cache).Select(Path.GetFileName).Order(StringComparer.Ordinal) : [];
}
