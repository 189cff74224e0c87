using DiscreteGradients.Cli.Display;
using DiscreteGradients.Cli.Plots;
using DiscreteGradients.Experiments;
using TorchSharp;

namespace DiscreteGradients.Cli.Commands;

/// <summary>Options with several values: a whole run for each combination, in folders of one folder, then a table and heat maps.</summary>
internal sealed class Study(RunCommand runs, Terminal terminal)
{
    /// <summary>The flags that say where and how a study is run, not what it is.</summary>
    private static readonly HashSet<string> Aside = ["--out", "--resume", "--json"];

    /// <param name="given">Texts by flag, lists among them.</param>
    /// <param name="settings">Those of them that are no lists.</param>
    internal int Start(IReadOnlyDictionary<string, string> given, RunSettings settings)
    {
        var study = Of(given, []);
        OneRunOnly(settings, study);
        if (study.Runs is > StudyRecord.MostRuns and var many)
            throw new OptionException($"{Flags(study)} make {many} runs; a study has at most {StudyRecord.MostRuns}.");
        OutputFolder.Check(settings.Out, otherwise: RunCommand.DefaultFolders);
        var prepared = study.Cells.Select(cell => runs.Prepare(study.Given(cell))).ToList();
        foreach (var run in prepared)
            HaveSettings(study, run.Estimators);
        runs.Load(prepared[0].Experiment, json: false);  // numbers are listed, data sets are not: all runs have the same
        study = study with { Settings = new Dictionary<string, string>(study.Settings) { ["--threads"] = $"{torch.get_num_threads()}" } };

        var folder = OutputFolder.Create(settings.Out ?? RunCommand.DefaultFolder(runs.Experiment, DateTimeOffset.UtcNow));
        study.Write(folder);
        return Run(study, folder);
    }

    /// <inheritdoc cref="Start"/>
    internal int Resume(IReadOnlyDictionary<string, string> given, RunSettings settings)
    {
        var folder = OutputFolder.Open(settings.Out!);
        var had = StudyRecord.Read(folder.Path);
        if (had.Experiment != runs.Experiment)
        {
            var other = StrictJson.Printable(had.Experiment);
            throw new OptionException($"'{folder.Path}' holds a study of '{other}', not of '{runs.Experiment}'.");
        }

        Check(had, folder);
        var study = Of(given, had.Settings.Concat(had.Axes.Select(axis => KeyValuePair.Create("--" + axis.Name, string.Join(',', axis.Values)))));
        OneRunOnly(settings, study);
        RunCommand.Same(Fixed(had), Fixed(study));
        study.Write(folder);
        return Run(study, folder);
    }

    private int Run(StudyRecord study, OutputFolder folder)
    {
        foreach (var (index, cell) in study.Cells.Index())
        {
            var path = folder[cell.Name];
            var started = File.Exists(Path.Combine(path, "run.json"));
            var given = new Dictionary<string, string>(study.Given(cell)) { ["--out"] = path };
            var finished = started && runs.IsFinished(given);
            terminal.Out.WriteLine($"{cell.Title}, {index + 1} of {study.Cells.Count}{(finished ? " is finished." : ":")}");
            if (finished)
                continue;
            if ((started ? runs.Resume(given, folder.Path) : runs.Start(given, folder.Path)) is var code and not DgradApp.Done)
                return code;
        }

        var results = StudyResults.Read(folder.Path);
        folder.WriteFile("study.csv", path => File.WriteAllText(path, results.ToCsv()));
        StudyPlots.Write(folder, results);
        StudyReport.Write(results, folder.Path, terminal);
        return DgradApp.Done;
    }

    /// <summary>Refuses a <c>study.json</c> with options that there are not or that cannot be, or beside runs of another one.</summary>
    private void Check(StudyRecord had, OutputFolder folder)
    {
        var cells = had.Cells.Select(cell => cell.Name).ToHashSet();
        if (had.Given(had.Cells[0]).Keys.FirstOrDefault(flag => Aside.Contains(flag) || !runs.Has(flag)) is { } unknown)
            throw StudyRecord.Damaged(folder.Path, $"there is no option '{StrictJson.Printable(unknown)}' of its runs");
        var found = Directory.EnumerateDirectories(folder.Path).Where(path => File.Exists(Path.Combine(path, "run.json")));
        if (found.Order(StringComparer.Ordinal).FirstOrDefault(path => !cells.Contains(Path.GetFileName(path))) is { } other)
            throw StudyRecord.Damaged(folder.Path, $"the run in '{other}' is none of its axes");
        try
        {
            foreach (var cell in had.Cells)
                runs.Fixed(had.Given(cell));
        }
        catch (OptionException e)
        {
            throw StudyRecord.Damaged(folder.Path, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>The study of some texts, which go before others.</summary>
    private StudyRecord Of(IReadOnlyDictionary<string, string> given, IEnumerable<KeyValuePair<string, string>> others)
    {
        var all = others.Where(other => !given.ContainsKey(other.Key)).Concat(given).Where(text => !Aside.Contains(text.Key)).ToDictionary();
        var axes = runs.Lists(all).ToList();
        return new StudyRecord
        {
            Experiment = runs.Experiment,
            Settings = all.Where(text => !axes.Exists(axis => "--" + axis.Name == text.Key)).ToDictionary(),
            Axes = axes,
        };
    }

    /// <summary>What the numbers of a study depend on.</summary>
    private Dictionary<string, string> Fixed(StudyRecord study)
    {
        var one = runs.Fixed(study.Given(study.Cells[0])).ToDictionary();
        foreach (var axis in study.Axes)
            one["--" + axis.Name] = string.Join(',', axis.Values);
        return one;
    }

    private static void OneRunOnly(RunSettings settings, StudyRecord study)
    {
        if (settings.Json)
            throw new OptionException($"--json is for one run; {Flags(study)} {(study.Axes.Count == 1 ? "makes" : "make")} several.");
    }

    /// <summary>An estimator without a setting would do the same run again for each value of it.</summary>
    private static void HaveSettings(StudyRecord study, IEnumerable<EstimatorChoice> estimators)
    {
        foreach (var setting in GivenSettings.All)
        {
            var flag = GivenSettings.Flag(setting);
            if (study.Axes.Any(axis => "--" + axis.Name == flag) && estimators.FirstOrDefault(choice => !choice.Entry.Has(setting.Name)) is { } without)
                throw new OptionException($"'{without.Name}' has no {setting.Title}: leave it out of --estimator, or give {flag} one value.");
        }
    }

    private static string Flags(StudyRecord study) => string.Join(" and ", study.Axes.Select(axis => "--" + axis.Name));
}
