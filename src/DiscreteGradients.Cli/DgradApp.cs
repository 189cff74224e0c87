using System.CommandLine;
using DiscreteGradients.Cli.Commands;
using DiscreteGradients.Experiments;

namespace DiscreteGradients.Cli;

/// <summary>The tool: parses, runs a command and turns every failure into one sentence and an exit code.</summary>
internal static class DgradApp
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
                terminal.Error.WriteLine(WithoutParameter(e));
                return WrongInput;
            case OperationCanceledException:
                terminal.Error.WriteLine("Interrupted.");
                return Interrupted;
            case ReaderGoneException:
                return Interrupted;
            default:
                terminal.Error.WriteLine(Environment.GetEnvironmentVariable("DGRAD_DEBUG") == "1"
                    ? exception.ToString()
                    : $"Internal error, please report it: {exception.GetType().Name}: {exception.Message.Split('\n')[0].Trim()} (DGRAD_DEBUG=1 shows where).");
                return Broken;
        }
    }

    /// <summary>The message of the library without .NET's suffix, which means nothing to a user.</summary>
    internal static string WithoutParameter(ArgumentException e) => e.Message.Replace($" (Parameter '{e.ParamName}')", "", StringComparison.Ordinal);
}
