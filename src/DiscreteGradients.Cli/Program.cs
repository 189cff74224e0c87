using System.Runtime.InteropServices;
using System.Text;
using DiscreteGradients.Cli;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Native.WaitPassively();
Native.SilenceWarnings();
Native.KeepFreedMemory();
Native.FailAtFileSizeLimit();

using var cancellation = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

var redirected = Console.IsOutputRedirected;
var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
if (!redirected)
    Console.OutputEncoding = utf8;
await using var output = new StreamWriter(StandardStream.Output(), utf8) { AutoFlush = true };
await using var error = new StreamWriter(StandardStream.Error(), utf8) { AutoFlush = true };

return DgradApp.Run(args, new Terminal(output, error, cancellation.Token)
{
    Interactive = !redirected && Environment.GetEnvironmentVariable("TERM") is not ("dumb" or ""),
    Colors = !redirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")),
    Width = redirected ? 120 : Console.WindowWidth is > 0 and var columns ? columns : 80,
});

void Stop(PosixSignalContext context)
{
    context.Cancel = !cancellation.IsCancellationRequested;  // the second signal ends the process at once
    cancellation.Cancel();
}
