using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using DiscreteGradients.Cli;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Native.WaitPassively();
Native.KeepFreedMemory();

using var cancellation = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

// A file beyond the limit of its size (ulimit -f) is an error of the write, not the end of the process.
const PosixSignal FileTooLarge = (PosixSignal)25;
using var tooLarge = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(FileTooLarge, context => context.Cancel = true);

// A stream of our own where output is redirected: unlike Console.Out it says when the reader has gone (dgrad ... | head).
var redirected = Console.IsOutputRedirected;
var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
if (!redirected)
    Console.OutputEncoding = utf8;
await using var output = redirected ? new StreamWriter(Native.StandardOutput(), utf8) { AutoFlush = true } : Console.Out;

return DgradApp.Run(args, new Terminal(output, Console.Error, cancellation.Token)
{
    Interactive = !redirected && Environment.GetEnvironmentVariable("TERM") is not ("dumb" or ""),
    Colors = !redirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")),
    Width = redirected ? 120 : Math.Max(40, Console.WindowWidth),
});

void Stop(PosixSignalContext context)
{
    context.Cancel = !cancellation.IsCancellationRequested;  // the second signal ends the process at once
    cancellation.Cancel();
}
