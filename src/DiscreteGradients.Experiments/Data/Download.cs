namespace DiscreteGradients.Experiments;

/// <summary>How far the download of one file is.</summary>
/// <param name="Total">All its bytes, or null if the server does not say.</param>
internal sealed record DownloadProgress(string File, string Address, long Received, long? Total);

/// <summary>Brings a set from its public homes into the user's cache.</summary>
/// <remarks>
/// A file is written beside its place under another name, and its hash is checked there. The files get their names when all of them are
/// right; whatever goes wrong before leaves no file behind.
/// </remarks>
/// <param name="folders">Where the cache is, and whether anything may be downloaded.</param>
internal sealed class Download(DataSet set, DataFolders folders, Action<DownloadProgress> progress)
{
    private const long ReasonableOverhead = 1 << 20;  // compressed, a file is smaller than its bytes, or hardly larger
    private static readonly TimeSpan ToConnect = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LeftOver = TimeSpan.FromDays(1);

    /// <summary>How long a server may say nothing before the next is tried.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The cache into which a set is downloaded.</summary>
    /// <exception cref="OptionException">There is none, or nothing may be downloaded.</exception>
    internal static string Cache(DataSet set, DataFolders folders)
    {
        if (folders.Offline)
            throw new OptionException($"DGRAD_OFFLINE forbids downloading '{set.Name}'; unset it. {set.Remedy(fetch: false)}");
        var variable = folders.IsWindows ? "LOCALAPPDATA" : "HOME or XDG_CACHE_HOME";
        return folders.Cache
            ?? throw new OptionException($"There is no folder to download '{set.Name}' into; set {variable}.");
    }

    /// <summary>The folder of the cache in which the set now is.</summary>
    /// <exception cref="OptionException">No home gives the right bytes, or they cannot be written.</exception>
    internal async Task<string> Fetch(CancellationToken cancellation)
    {
        var folder = Path.Combine(Cache(set, folders), set.Folder);
        var parts = new List<(string Part, string Path)>();
        try
        {
            DeleteOfKilled(folder);
            using var client = new HttpClient(new SocketsHttpHandler { ConnectTimeout = ToConnect }) { Timeout = Timeout.InfiniteTimeSpan };
            foreach (var file in set.Downloads)
            {
                var path = Path.Combine(folder, file.Published);
                parts.Add(($"{path}.{Path.GetRandomFileName()}.part", path));
                await FetchFile(client, file, parts[^1].Part, cancellation);
            }

            foreach (var (part, path) in parts)
                File.Move(part, path, overwrite: true);
            return folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"'{folder}' must be a folder that can be written; it cannot: {e.Message.TrimEnd('.')}.");
        }
        finally
        {
            foreach (var (part, _) in parts.Where(part => File.Exists(part.Part)))
                File.Delete(part);
        }
    }

    /// <summary>Deletes what a download that was killed could not delete; a younger file may belong to one that still goes on.</summary>
    private static void DeleteOfKilled(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        var young = DateTime.UtcNow - LeftOver;
        foreach (var part in Directory.EnumerateFiles(folder, "*.part").Where(part => File.GetLastWriteTimeUtc(part) < young))
            File.Delete(part);
    }

    /// <summary>Writes one file from the first home that gives the right bytes.</summary>
    private async Task FetchFile(HttpClient client, DataFile file, string part, CancellationToken cancellation)
    {
        var tried = new List<string>();
        foreach (var home in set.Homes)
        {
            var address = $"{home}{file.Published}";
            try
            {
                await Receive(client, address, file, part, cancellation);
                if (file.Flaw(part) is not { } flaw)
                    return;
                tried.Add($"{address}: {flaw}");
            }
            catch (HttpRequestException e)
            {
                tried.Add($"{address}: {Reason(e)}");
            }
            catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
            {
                tried.Add(e.InnerException is TimeoutException
                    ? $"{address}: no connection within {ToConnect.TotalSeconds} seconds"
                    : $"{address}: nothing came for {Patience.TotalSeconds} seconds");
            }
        }

        throw new OptionException(
            $"Data set '{set.Name}' is not in {set.Places(folders)} and could not be downloaded; tried {string.Join("; ", tried)}. "
            + set.Remedy(fetch: false));
    }

    private async Task Receive(HttpClient client, string address, DataFile file, string part, CancellationToken cancellation)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        silence.CancelAfter(Patience);
        using var response = await client.GetAsync(new Uri(address), HttpCompletionOption.ResponseHeadersRead, silence.Token);
        response.EnsureSuccessStatusCode();
        await using var content = await response.Content.ReadAsStreamAsync(silence.Token);
        Directory.CreateDirectory(Path.GetDirectoryName(part)!);
        await using var to = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None);

        var buffer = new byte[1 << 16];
        var (received, total) = (0L, response.Content.Headers.ContentLength);
        for (int got; (got = await Next()) > 0;)
        {
            received += got;
            if (received > file.Bytes + ReasonableOverhead)
                throw new HttpRequestException($"it goes on after {file.Bytes} bytes");
            await to.WriteAsync(buffer.AsMemory(0, got), cancellation);
            progress(new DownloadProgress(file.Published, address, received, total));
        }

        to.Flush(flushToDisk: true);

        // What goes wrong here is the server's fault, whatever its type; below, it is the disk's.
        async Task<int> Next()
        {
            try
            {
                silence.CancelAfter(Patience);
                return await content.ReadAsync(buffer, silence.Token);
            }
            catch (HttpIOException e) when (e.HttpRequestError == HttpRequestError.ResponseEnded)
            {
                throw new HttpRequestException($"the connection ended after {received} of {total} bytes", e);
            }
            catch (IOException e)
            {
                throw new HttpRequestException(e.Message, e);
            }
        }
    }

    private static string Reason(HttpRequestException e) =>
        e.StatusCode is { } status ? $"{(int)status} {status}"
        : (e.HttpRequestError == HttpRequestError.SecureConnectionError && e.InnerException is { } inner ? inner : e).Message.TrimEnd('.');
}
