using Spectre.Console;

namespace DiscreteGradients.Cli.Display;

/// <summary>What a person sees while a set is downloaded: a bar a file, or a line a quarter.</summary>
internal static class DownloadDisplay
{
    /// <summary>Downloads the set and returns its folder.</summary>
    internal static string Show(DataSet set, DataFolders folders, Terminal terminal, TextWriter lines, bool redrawn)
    {
        var cache = Download.Cache(set, folders);
        if (!redrawn)
        {
            lines.WriteLine($"Downloading {set.Name} into the cache, {cache}.");
            return Fetch(Lines(lines));
        }

        return terminal.Console.Progress()
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn { Width = Math.Clamp(terminal.Width - 60, 5, 40) },
                new DownloadedColumn { Base = FileSizeBase.Decimal }, new RemainingTimeColumn())
            .Start(context => Fetch(Bars(context)));

        string Fetch(Action<DownloadProgress> progress) =>
            new Download(set, folders, progress).Fetch(terminal.Cancellation).GetAwaiter().GetResult();
    }

    private static Action<DownloadProgress> Bars(ProgressContext context)
    {
        var bars = new Dictionary<string, ProgressTask>();
        return progress =>
        {
            if (!bars.TryGetValue(progress.File, out var bar))
                bars.Add(progress.File, bar = context.AddTask(Markup.Escape(progress.File)));
            bar.MaxValue = progress.Total ?? Math.Max(bar.MaxValue, progress.Received);
            bar.Value = progress.Received;
        };
    }

    private static Action<DownloadProgress> Lines(TextWriter lines)
    {
        var (address, quarters) = ("", 0L);
        return progress =>
        {
            if (progress.Address != address)
            {
                lines.WriteLine($"{progress.Address}{(progress.Total is { } size ? $" {size / 1e6:0.00} MB" : "")}");
                (address, quarters) = (progress.Address, 0);
            }

            if (progress.Total is { } total && progress.Received * 4 / total is var now && now > quarters)
            {
                lines.WriteLine($"{progress.File} {now * 25,3} %");
                quarters = now;
            }
        };
    }
}
