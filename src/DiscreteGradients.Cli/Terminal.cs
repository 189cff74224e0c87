using Spectre.Console;

namespace DiscreteGradients.Cli;

/// <summary>All a command may touch of the outside world, so that tests run the whole tool in process.</summary>
internal sealed record Terminal(TextWriter Out, TextWriter Error, CancellationToken Cancellation = default)
{
    /// <summary>True if a person watches: the output may move the cursor and redraw.</summary>
    internal bool Interactive { get; init; }

    /// <summary>False for NO_COLOR and where output goes to a file.</summary>
    internal bool Colors { get; init; }

    /// <summary>Columns; wide enough for every table where nobody watches.</summary>
    internal int Width { get; init; } = 120;

    /// <summary>Rich output on <see cref="Out"/>.</summary>
    internal IAnsiConsole Console => field ??= CreateConsole();

    private IAnsiConsole CreateConsole()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Interactive ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = Interactive && Colors ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = Interactive ? InteractionSupport.Yes : InteractionSupport.No,
            Out = new AnsiConsoleOutput(Out),
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        console.Profile.Width = Width;
        console.Profile.Capabilities.Unicode = true;
        return console;
    }
}
