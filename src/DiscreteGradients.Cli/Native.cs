using System.Runtime.InteropServices;

namespace DiscreteGradients.Cli;

/// <summary>What .NET has no word for.</summary>
internal static partial class Native
{
    /// <summary>
    /// Lets idle OpenMP threads sleep instead of spin: where other work wants the cores, spinning makes a step many times slower.
    /// libgomp reads the environment once, when libtorch loads it, and .NET's own environment variables do not reach it.
    /// </summary>
    internal static void WaitPassively()
    {
        if (!OperatingSystem.IsWindows())
            _ = SetEnvironmentVariable("OMP_WAIT_POLICY", "passive", overwrite: 0);
    }

    /// <summary>
    /// Lets glibc keep what libtorch frees, up to a gigabyte, instead of giving it back to the system after every step and faulting it in
    /// again page by page at the next one.
    /// </summary>
    internal static void KeepFreedMemory()
    {
        const int TrimThreshold = -1, TopPad = -2, MapThreshold = -3;  // malloc.h
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "gnu_get_libc_version", out _))
            return;
        _ = SetAllocatorOption(MapThreshold, 32 << 20);  // the largest that glibc takes
        _ = SetAllocatorOption(TrimThreshold, 1 << 30);
        _ = SetAllocatorOption(TopPad, 64 << 20);
    }

    /// <summary>Standard output that throws <see cref="ReaderGoneException"/> when nobody reads any more; .NET's own swallows that.</summary>
    internal static Stream StandardOutput() => OperatingSystem.IsWindows() ? Console.OpenStandardOutput() : new DescriptorStream(1);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironmentVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetAllocatorOption(int option, int value);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, ReadOnlySpan<byte> bytes, nint count);

    private sealed class DescriptorStream(int descriptor) : Stream
    {
        private const int Interrupted = 4;
        private const int BrokenPipe = 32;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            while (buffer.Length > 0)
            {
                var written = Native.Write(descriptor, buffer, buffer.Length);
                if (written >= 0)
                    buffer = buffer[(int)written..];
                else if (Marshal.GetLastPInvokeError() is not Interrupted and var error)
                    throw error == BrokenPipe ? new ReaderGoneException() : new IOException($"cannot write to standard output: {Marshal.GetPInvokeErrorMessage(error)}.");
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}

/// <summary>Whoever read standard output has enough (<c>dgrad … | head</c>).</summary>
internal sealed class ReaderGoneException : IOException;
