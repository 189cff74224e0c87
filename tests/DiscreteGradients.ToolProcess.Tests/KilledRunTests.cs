using System.Diagnostics;
using System.Globalization;
using static DiscreteGradients.Cli.Tests.Tool;

[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.All)]

namespace DiscreteGradients.ToolProcess.Tests;

/// <summary>
/// The tool as a process of its own, ended in every way that processes end. Processes of two tests run side by side; what is run in this
/// one waits its turn.
/// </summary>
public sealed class KilledRunTests : IDisposable
{
    private static readonly string[] Vae =
        ["run", "vae", "--dataset", "made-digits", "--images", "1000", "--epochs", "3", "--estimator", "reinmax,st", "--threads", "1"];

    private static readonly string[] Polynomial =
        [
            "run", "polynomial", "--latents", "16", "--batch", "4", "--epochs", "40", "--steps", "5",
            "--estimator", "st,reinmax", "--seeds", "2", "--threads", "1",
        ];

    /// <summary>The metrics of <see cref="Polynomial"/>, which nobody ended.</summary>
    private static readonly Lazy<string[]> Whole = new(() =>
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(0, Run([.. Polynomial, "--out", folder["whole"]]).Code);
        return [.. File.ReadAllLines(folder["whole", "metrics.jsonl"]).Select(WithoutSeconds)];
    });

    private static readonly Lock InThisProcess = new();

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("polynomial", 5, 1)]
    [InlineData("vae", 2, 2)]
    [InlineData("listops", 2, 2)]
    public void A_run_that_is_killed_at_random_moments_ends_with_the_same_metrics(string experiment, int kills, int jobs)
    {
        var run = experiment switch
        {
            "vae" => Vae,
            "listops" => [.. TinyListOps.Command(_folder), "--epochs", "15", "--estimator", "reinmax,random-trees"],
            _ => Polynomial,
        };
        if (run != Polynomial)
            Assert.Equal(0, Run([.. run, "--out", _folder["whole"]]).Code);
        var whole = run != Polynomial ? Metrics("whole") : Whole.Value;

        var random = new Random(kills);
        string[] command = [.. run, "--out", _folder["run"]];
        var epochs = new List<int>();
        for (var kill = 0; kill < kills; kill++)
        {
            using var process = Start([.. command, "--jobs", $"{Math.Min(jobs, Environment.ProcessorCount)}"]);
            WaitFor(process, () => Lines("run") > epochs.DefaultIfEmpty(0).Max() || process.HasExited);
            Thread.Sleep(random.Next(100));
            process.Kill();
            process.WaitForExit();
            epochs.Add(Lines("run"));
            command = ["run", experiment, "--resume", "--out", _folder["run"]];
        }

        var last = Run(command);

        Assert.Equal((0, ""), (last.Code, last.Error));
        Assert.Equal(whole, Metrics("run"));
        Assert.InRange(epochs[0], 1, whole.Length - 1);
    }

    [Fact]
    public void A_study_that_is_killed_in_its_second_run_ends_with_the_same_metrics()
    {
        string[] study = [.. Polynomial, "--lr", "0.001,0.01"];
        using (var process = Start([.. study, "--out", _folder["study"]]))
        {
            WaitFor(process, () => Lines("study/lr-0.01") > 3);
            process.Kill();
            process.WaitForExit();
        }

        Assert.True(Lines("study/lr-0.01") < 160);
        var last = Run("run", "polynomial", "--resume", "--out", _folder["study"]);

        Assert.Equal((0, ""), (last.Code, last.Error));
        Assert.Equal(0, Run([.. Polynomial, "--lr", "0.01", "--out", _folder["whole"]]).Code);
        Assert.Equal(Whole.Value, Metrics("study/lr-0.001"));  // the default
        Assert.Equal(Metrics("whole"), Metrics("study/lr-0.01"));
    }

    [Fact]
    public void A_run_that_is_killed_while_it_finishes_is_finished_when_it_says_so()
    {
        foreach (var wait in (int[])[0, 100, 200])
        {
            using (var process = Start(TinyRun(_folder[$"run{wait}"], "--estimator", "st")))
            {
                WaitFor(process, () => Lines($"run{wait}") == 3);
                Thread.Sleep(wait);
                process.Kill();
                process.WaitForExit();
            }

            if (File.ReadAllText(_folder[$"run{wait}", "run.json"]).Contains("\"finished\": true", StringComparison.Ordinal))
                HasResults($"run{wait}");
            Assert.Equal(0, Run("run", "polynomial", "--resume", "--out", _folder[$"run{wait}"]).Code);
            HasResults($"run{wait}");
        }
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public void A_signal_ends_a_run_with_a_checkpoint_and_the_way_to_go_on(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no signals");
        string[] command = [.. Polynomial, "--out", _folder["run"], "--json"];
        using var process = OperatingSystem.IsLinux()  // whoever started the tests may ignore the signal, and children inherit that
            ? Start("env", [$"--default-signal={signal}", Executable, .. command])
            : Start(command);
        WaitFor(process, () => Lines("run") > 3);

        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        process.WaitForExit();

        Assert.Equal(
            (130, $"Interrupted; go on with: dgrad run polynomial --resume --out {_folder["run"]}\n"),
            (process.ExitCode, process.StandardError.ReadToEnd()));
        Assert.Equal(0, Run("run", "polynomial", "--resume", "--out", _folder["run"]).Code);
        Assert.Equal(Whole.Value, Metrics("run"));
    }

    [Theory]
    [InlineData(4, "trap '' XFSZ; ")]   // the first checkpoint does not fit
    [InlineData(16, "trap '' XFSZ; ")]  // the metrics grow beyond the limit, in the middle of a line
    [InlineData(16, "")]                // the signal would end the process
    [InlineData(38, "")]                // a plot does not fit
    public void A_full_disk_is_one_sentence_and_the_run_goes_on_when_there_is_room(int kibibytes, string trap)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no limit on the size of files");
        var script = $"{trap}ulimit -f {kibibytes}; exec \"$@\"";
        using var process = Start("bash", ["-c", script, "bash", Executable, .. Polynomial, "--out", _folder["run"], "--json"]);
        process.StandardOutput.ReadToEnd();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();

        Assert.Equal(2, process.ExitCode);
        Assert.Equal(
            $"--out must be a folder that can be written; '{_folder["run"]}' cannot: a file became too large. "
            + $"When it can, go on with: dgrad run polynomial --resume --out {_folder["run"]}\n",
            error);

        Assert.Equal(0, Run("run", "polynomial", "--resume", "--out", _folder["run"]).Code);
        Assert.Equal(Whole.Value, Metrics("run"));
        HasResults("run");
    }

    [Fact]
    public void A_file_system_that_cannot_be_written_is_said_to_be_one()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs a mount of its own");
        using (var probe = Start("unshare", ["-rm", "mount", "--bind", _folder["."], _folder["."]]))
        {
            probe.WaitForExit();
            Assert.SkipUnless(probe.ExitCode == 0, "may not mount");
        }

        Assert.Equal(0, Run(TinyRun(_folder["run"], "--estimator", "st")).Code);
        const string script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && shift && exec \"$@\"";
        foreach (var (folder, path) in ((string, string)[])[("run", _folder["run", "checkpoint", "lock"]), ("new", _folder[[]])])
        {
            string[] resume = ["run", "polynomial", "--resume"];
            string[] command = [.. folder == "run" ? resume : Polynomial, "--out", _folder[folder]];
            using var process = Start("unshare", ["-rm", "bash", "-c", script, "bash", _folder["."], Executable, .. command]);
            process.StandardOutput.ReadToEnd();
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();

            var reason = $"Read-only file system : '{path}'";
            Assert.Equal(
                (2, $"--out must be a folder that can be written; '{_folder[folder]}' cannot: {reason}.\n"), (process.ExitCode, error));
        }
    }

    private void HasResults(string run) => Assert.All(
        (string[])["summary.csv", "plots/train-loss.png", "plots/train-loss.svg", "plots/expected-loss.png", "plots/expected-loss.svg"],
        name => Assert.True(File.Exists(_folder[run, name]) && new FileInfo(_folder[run, name]).Length > 0, name));

    private static Result Run(params string[] arguments)
    {
        lock (InThisProcess)
            return Cli.Tests.Tool.Run(arguments);
    }

    private static Process Start(string[] arguments) => Start(Executable, arguments);

    private static Process Start(string file, string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";  // it maps its code from a file, to which limits apply
        start.Environment["DOTNET_TC_QuickJitForLoops"] = "1";  // short runs start sooner so
        return Process.Start(start)!;
    }

    private static void WaitFor(Process process, Func<bool> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromMinutes(1), "the run does not get on");
            Assert.False(process.HasExited && !condition(), "the run ended");
            Thread.Sleep(5);
        }
    }

    private int Lines(string run) => File.Exists(_folder[run, "metrics.jsonl"]) ? Metrics(run).Length : 0;

    private string[] Metrics(string run)
    {
        using var reader = new StreamReader(
            new FileStream(_folder[run, "metrics.jsonl"], FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(WithoutSeconds)];
    }
}
