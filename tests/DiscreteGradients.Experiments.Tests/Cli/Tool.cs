using DiscreteGradients.Cli;

namespace DiscreteGradients.Experiments.Tests.Cli;

/// <summary>The whole tool, in process.</summary>
internal static class Tool
{
    internal sealed record Result(int Code, string Out, string Error)
    {
        internal string[] Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    internal static Result Run(params string[] args) => Run(new StringWriter(), default, args);

    internal static Result Run(TextWriter output, CancellationToken cancellation, params string[] args)
    {
        var error = new StringWriter();
        var code = DgradApp.Run(args, new Terminal(output, error, cancellation));
        return new Result(code, output.ToString()!, error.ToString());
    }

    /// <summary>A polynomial run of two seconds at most.</summary>
    internal static string[] TinyRun(string folder, params string[] more) =>
        ["run", "polynomial", "--latents", "4", "--batch", "4", "--epochs", "3", "--steps", "5", "--threads", "1", "--out", folder, .. more];
}
