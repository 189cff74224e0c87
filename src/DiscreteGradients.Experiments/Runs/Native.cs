using System.Runtime.InteropServices;

namespace DiscreteGradients.Experiments;

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
    /// Keeps libtorch's warnings off the screen. On processors that NNPACK does not know, it writes one for every small convolution.
    /// </summary>
    internal static void SilenceWarnings()
    {
        if (!OperatingSystem.IsWindows())
            _ = SetEnvironmentVariable("TORCH_CPP_LOG_LEVEL", "ERROR", overwrite: 0);
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

    /// <summary>
    /// Makes a write beyond the limit of a file's size (ulimit -f) an error. By default a signal ends the process; .NET's own way to handle
    /// one comes too late now and then.
    /// </summary>
    internal static void FailAtFileSizeLimit()
    {
        const int FileTooLarge = 25, Ignore = 1;  // SIGXFSZ, SIG_IGN
        if (!OperatingSystem.IsWindows())
            _ = SetSignalHandler(FileTooLarge, Ignore);
    }

    /// <summary>Makes a folder; false if something of that name is there. .NET's own does not tell who of two was first.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    internal static bool MakeFolder(string path)
    {
        const int Everybody = 0x1ff;  // as far as the user's mask allows
        var isMade = OperatingSystem.IsWindows() ? CreateDirectory(path, 0) : MakeDirectory(path, Everybody) == 0;
        var error = Marshal.GetLastPInvokeError();
        return isMade || Path.Exists(path) ? isMade : throw new IOException($"{Marshal.GetPInvokeErrorMessage(error)} : '{path}'");
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironmentVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetSignalHandler(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetAllocatorOption(int option, int value);

    [LibraryImport("libc", EntryPoint = "mkdir", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int MakeDirectory(string path, uint mode);

    [LibraryImport("kernel32", EntryPoint = "CreateDirectoryW", StringMarshalling = StringMarshalling.Utf16, SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateDirectory(string path, nint security);
}
