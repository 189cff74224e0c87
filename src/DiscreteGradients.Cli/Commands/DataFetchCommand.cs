using System.CommandLine;
using DiscreteGradients.Cli.Display;

namespace DiscreteGradients.Cli.Commands;

/// <summary><c>dgrad data fetch NAME</c>: downloads a set into the user's cache, and so does a run that finds none.</summary>
internal static class DataFetchCommand
{
    internal static Command Create(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = $"{string.Join(", ", DataSets.All.Select(set => set.Name))}." };
        var command = new Command("fetch",
            "Download a data set into the cache and check it; nothing is downloaded if it is there.") { name };
        command.SetAction(parsed => Fetch(DataSets.Get<DataSet>(parsed.GetRequiredValue(name)), DataFolders.OfThisUser(null), terminal));
        return command;
    }

    internal static int Fetch(DataSet set, DataFolders folders, Terminal terminal)
    {
        if (set.IsDrawn)
        {
            terminal.Out.WriteLine($"{set.Name} is drawn by code; there is nothing to fetch.");
            return DgradApp.Done;
        }

        var found = set.Find(folders);
        if (found?.Words == DataPlace.Cache && set.Homes.Count > 0 && set.Lacking(found.Folder).FirstOrDefault() is { } lacking)
        {
            terminal.Out.WriteLine($"{found.Folder} has no {lacking.Published} yet.");
        }
        else if (found is { } place)
        {
            try
            {
                Say("is there", place.Folder);
                return DgradApp.Done;
            }
            catch (OptionException) when (place.Words == DataPlace.Cache && set.Homes.Count > 0)
            {
                terminal.Out.WriteLine($"What is in {place.Folder} is damaged and will be replaced.");
            }
            catch (OptionException e)
            {
                throw new OptionException($"{e.Message} It is not in the cache, so it is not replaced; remove it first.");
            }
        }

        if (set.Homes.Count == 0)
        {
            var cache = folders.Cache is { } folder ? $", or into {Path.Combine(folder, set.Folder)}" : "";
            throw new OptionException(
                $"'{set.Name}' has no public home from which these files could be downloaded; "
                + $"{string.Join(", or ", set.Ways(fetch: false))}{cache}; docs/data.md says how they are made.");
        }

        Say("is ready", DownloadDisplay.Show(set, folders, terminal, lines: terminal.Out, redrawn: terminal.Interactive));
        return DgradApp.Done;

        void Say(string what, string folder)
        {
            set.Check(folder);
            terminal.Out.WriteLine($"{set.Name} {what}: {set.Contents} in {folder}, checked.");
        }
    }

    /// <summary>Makes what needs a data set; a set that is not there, but has a home, is downloaded first.</summary>
    /// <param name="make">Throws an <see cref="OptionException"/> that names the missing set.</param>
    /// <param name="json">Keeps standard output free for JSON.</param>
    internal static T WithData<T>(Func<T> make, bool json, Terminal terminal)
    {
        try
        {
            return make();
        }
        catch (OptionException e) when (e.Missing is { } missing && missing.Set.CanBeFetched(missing.Folders))
        {
            var lines = json ? terminal.Error : terminal.Out;
            DownloadDisplay.Show(missing.Set, missing.Folders, terminal, lines, redrawn: terminal.Interactive && !json);
            return make();
        }
    }
}
