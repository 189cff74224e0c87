namespace DiscreteGradients.Cli.Tests;

/// <summary>The tool as a process of its own, whose standard output or standard error cannot be written.</summary>
public sealed class StandardStreamTests(StandardStreamTests.Processes processes)
    : IClassFixture<StandardStreamTests.Processes>, IDisposable
{
    private const string Full =
        "Standard output must be writable; it is not: No space left on device. "
        + "Make room or send it elsewhere; a run that has begun goes on with --resume.\n";

    private const string Closed = "Standard output is closed; send it somewhere, such as > FILE, or > /dev/null if nobody is to read it.\n";

    private const string Run = "run polynomial --latents 4 --batch 4 --steps 5 --estimator st --threads 1 --epochs 3";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, int, string> Commands { get; } = new()
    {
        { "--version > /dev/full", 2, Full },
        { "run vae --help > /dev/full", 2, Full },
        { Run + " > /dev/full", 2, Full },
        { Run + " --json > /dev/full", 2, Full },
        { "run vae --help >&-", 130, Closed },
        { "list <&- >&-", 130, Closed },
        { Run + " >&-", 130, Closed },
        { "run vae --help >&- 2>&-", 130, "" },
        { "--version <&- >&- 2>&-", 130, "" },
        { "run vae --help > /dev/full 2> /dev/full", 2, "" },
        { "report nowhere 2> /dev/full", 2, "" },
        { "report nowhere 2>&-", 2, "" },
        { "report nowhere >&- 2>&-", 2, "" },
        { "report nowhere <&- >&- 2>&-", 2, "" },
        { "run polynomial --nonsense 2>&-", 2, "" },
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Streams_that_cannot_be_written_have_their_exit_codes(string command, int code, string error)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "no /dev/full");

        var result = await processes.Results.Value[command];

        Assert.Equal((code, "", error), (result.Code, result.Out, result.Error));
    }

    /// <summary>All commands at once: where two streams are closed, .NET itself waits a second before the process ends.</summary>
    public sealed class Processes : IAsyncDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public Processes() => Results = new(() => Commands.Select(row => row.Data.Item1).ToDictionary(
            command => command, command => Task.Factory.StartNew(() => Run(command), TaskCreationOptions.LongRunning)));

        internal Lazy<Dictionary<string, Task<Tool.Result>>> Results { get; }

        public async ValueTask DisposeAsync()
        {
            if (Results.IsValueCreated)
                await Task.WhenAll(Results.Value.Values);
            _folder.Dispose();
        }

        private Tool.Result Run(string command) =>
            Tool.Shell($"$dgrad {command}", Directory.CreateDirectory(_folder[$"{Guid.NewGuid()}"]).FullName);
    }

    [Fact]
    public void A_run_without_standard_error_is_a_run()
    {
        var result = Tool.Shell($"$dgrad {Run} --out run --json 2>&-", _folder["."]);

        Assert.Equal((0, File.ReadAllText(_folder["run", "metrics.jsonl"])), (result.Code, result.Out));
    }

    [Fact]
    public void A_reader_that_goes_ends_a_run_in_silence()
    {
        var result = Tool.Shell($"$dgrad {Run}000 --json | head -n 1; exit ${{PIPESTATUS[0]}}", _folder["."]);

        Assert.Equal((130, ""), (result.Code, result.Error));
        Assert.Single(result.Lines);
    }

    [Fact]
    public void More_memory_than_a_limit_allows_is_one_sentence()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "no such limit");

        var run = Run.Replace("--batch 4 ", "--batch 20000000 ", StringComparison.Ordinal);
        var result = Tool.Shell($"ulimit -v 4500000; $dgrad {run} --json", _folder["."]);

        Assert.Equal(
            (2, "There is not enough memory for sizes like these; use smaller ones, such as --batch, --latents or --samples.\n"),
            (result.Code, result.Error));
    }
}
