using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DiscreteGradients.Testing;

/// <summary>A web server of this machine that holds files, and can be as bad as real ones.</summary>
internal sealed class Server : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, (byte[] Bytes, int Sent, bool Hangs)> _files = [];

    public Server()
    {
        _listener.Start();
        _ = Accept();
    }

    /// <summary>An address at which nobody listens.</summary>
    public static string Nobody
    {
        get
        {
            using var gone = new Server();
            return gone.Address;
        }
    }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/";

    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>A file below the address; of its bytes only so many are sent, and then the connection closes or hangs.</summary>
    public Server With(string name, byte[] bytes, int? sent = null, bool hangs = false)
    {
        _files[name] = (bytes, sent ?? bytes.Length, hangs);
        return this;
    }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task Accept()
    {
        try
        {
            while (true)
                _ = Answer(await _listener.AcceptTcpClientAsync(_stop.Token), _stop.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
        }
    }

    private async Task Answer(TcpClient client, CancellationToken stop)
    {
        using var _ = client;
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        var name = (await reader.ReadLineAsync(stop))!.Split(' ')[1].TrimStart('/');
        while (await reader.ReadLineAsync(stop) is { Length: > 0 })
        {
        }

        Requests.Enqueue(name);
        var found = _files.TryGetValue(name, out var file);
        var head = found ? $"HTTP/1.1 200 OK\r\nContent-Length: {file.Bytes.Length}" : "HTTP/1.1 404 Not Found\r\nContent-Length: 0";
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{head}\r\nConnection: close\r\n\r\n"), stop);
        if (!found)
            return;
        await stream.WriteAsync(file.Bytes.AsMemory(0, file.Sent), stop);
        if (file.Hangs)
            await Task.Delay(Timeout.Infinite, stop);
    }
}
