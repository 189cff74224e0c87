using System.Diagnostics;
using System.Text.RegularExpressions;

namespace DiscreteGradients.Cli.Tests;

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

    /// <summary>The tool as a file.</summary>
    internal static string Executable => Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "dgrad.exe" : "dgrad");

    /// <summary>The tool as a process of its own, of which the shell makes what the script says: <c>$dgrad</c> is the tool.</summary>
    internal static Result Shell(string script, string? folder = null)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no shell");
        var start = new ProcessStartInfo("bash", ["-c", script])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        start.Environment["dgrad"] = Executable;
        start.Environment["DOTNET_TC_QuickJitForLoops"] = "1";  // short runs start sooner so
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Result(process.ExitCode, output, error.Result);
    }

    /// <summary>A polynomial run of two seconds at most.</summary>
    internal static string[] TinyRun(string folder, params string[] more) =>
        [
            "run", "polynomial", "--latents", "4", "--batch", "4", "--epochs", "3", "--steps", "5", "--threads", "1",
            "--out", folder, .. more,
        ];

    /// <summary>A line of the metrics without the one number that no seed determines, and without its check.</summary>
    internal static string WithoutSeconds(string line) => Regex.Replace(line, "\"seconds\":[^,}]*,?|,\"check\":\"[0-9a-f]{8}\"", "");

    /// <summary>Standard output that cancels when so many lines are written.</summary>
    internal sealed class CancelAfterLines(int lines, CancellationTokenSource stop) : StringWriter
    {
        private int _left = lines;

        public override void Write(string? value)
        {
            base.Write(value);
            if (--_left == 0)
                stop.Cancel();
        }
    }
}
