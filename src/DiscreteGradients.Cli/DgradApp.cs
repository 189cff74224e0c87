using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using DiscreteGradients.Cli.Commands;

namespace DiscreteGradients.Cli;

/// <summary>The tool: parses, runs a command and turns every failure into one sentence and an exit code.</summary>
internal static partial class DgradApp
{
    internal const int Done = 0;
    internal const int CheckFailed = 1;
    internal const int WrongInput = 2;
    internal const int Broken = 70;
    internal const int Interrupted = 130;

    internal static int Run(string[] args, Terminal terminal)
    {
        try
        {
            var parsed = CommandTree.Parse(args, terminal);
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = terminal.Out,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (Exception e)
        {
            return Fail(e, terminal);
        }
    }

    private static int Fail(Exception exception, Terminal terminal)
    {
        switch (exception)
        {
            case OptionException:
                terminal.Error.WriteLine(exception.Message);
                return WrongInput;
            case ArgumentException { Source: nameof(DiscreteGradients) } e:
                terminal.Error.WriteLine(OptionException.WithoutParameter(e));
                return WrongInput;
            case OutOfMemoryException:
            case ExternalException e when OutOfMemory().IsMatch(e.Message):
                terminal.Error.WriteLine(
                    "There is not enough memory for sizes like these; use smaller ones, such as --batch, --latents or --samples.");
                return WrongInput;
            case OperationCanceledException:
                terminal.Error.WriteLine("Interrupted.");
                return Interrupted;
            case OutputClosedException:
                terminal.Error.WriteLine(exception.Message);
                return Interrupted;
            case ReaderGoneException:
                return Interrupted;
            default:
                terminal.Error.WriteLine(Environment.GetEnvironmentVariable("DGRAD_DEBUG") == "1"
                    ? exception.ToString()
                    : "Internal error, please report it: "
                        + $"{exception.GetType().Name}: {exception.Message.Split('\n')[0].Trim()} (DGRAD_DEBUG=1 shows where).");
                return Broken;
        }
    }

    /// <summary>libtorch's words: of its allocator on the CPU, of CUDA's, and of sizes whose product is no number.</summary>
    [GeneratedRegex(
        "can't allocate memory|not enough memory|out of memory|Storage size calculation overflowed|numel: integer multiplication overflow",
        RegexOptions.IgnoreCase)]
    private static partial Regex OutOfMemory();
}
