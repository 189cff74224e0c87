using System.Runtime.InteropServices;

namespace DiscreteGradients.Cli;

/// <summary>
/// Standard output and standard error. .NET's own swallow it when the reader has gone, and throw when standard error cannot be written.
/// </summary>
internal sealed partial class StandardStream : Stream
{
    private const int Interrupted = 4;
    private const int BadDescriptor = 9;
    private const int BrokenPipe = 32;
    private static readonly int TryAgain = OperatingSystem.IsLinux() ? 11 : 35;

    private readonly int _descriptor;
    private readonly bool _isClosed;
    private readonly Action<int> _fail;

    private StandardStream(int descriptor, Action<int> fail) => (_descriptor, _isClosed, _fail) = (descriptor, IsClosed(descriptor), fail);

    /// <summary>Throws if it cannot be written: a run whose results nobody can see stops.</summary>
    internal static Stream Output() => OperatingSystem.IsWindows()
        ? Console.OpenStandardOutput()
        : new StandardStream(1, error => throw error switch
        {
            BrokenPipe => new ReaderGoneException(),
            BadDescriptor => new OutputClosedException(),
            _ => new OptionException(
                $"Standard output must be writable; it is not: {Marshal.GetPInvokeErrorMessage(error)}. "
                + "Make room or send it elsewhere; a run that has begun goes on with --resume."),
        });

    /// <summary>Drops what cannot be written: there is nowhere left to say so.</summary>
    internal static Stream Error() => OperatingSystem.IsWindows() ? Console.OpenStandardError() : new StandardStream(2, _ => { });

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var written = _isClosed ? -1 : Write(_descriptor, buffer, buffer.Length);
            var error = _isClosed ? BadDescriptor : Marshal.GetLastPInvokeError();
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
            }
            else if (error == TryAgain)
            {
                Thread.Sleep(1);  // a pipe that somebody made non-blocking, and that is full
            }
            else if (error != Interrupted)
            {
                _fail(error);
                return;
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>
    /// Whether the process began without this descriptor. .NET may have opened something of its own in its place, but what is opened here
    /// is closed when a program is executed, and what was handed over is not, or it would not be here.
    /// </summary>
    private static bool IsClosed(int descriptor)
    {
        const int GetFlags = 1;
        const int CloseOnExecute = 1;
        var flags = Control(descriptor, GetFlags);
        return flags < 0 || (flags & CloseOnExecute) != 0;
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, ReadOnlySpan<byte> bytes, nint count);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command);
}

/// <summary>Whoever read standard output has enough (<c>dgrad … | head</c>).</summary>
internal sealed class ReaderGoneException : IOException;

/// <summary>There never was anybody to read standard output (<c>dgrad … >&amp;-</c>).</summary>
internal sealed class OutputClosedException() : IOException(
    "Standard output is closed; send it somewhere, such as > FILE, or > /dev/null if nobody is to read it.");
