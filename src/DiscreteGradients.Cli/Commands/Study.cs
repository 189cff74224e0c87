using DiscreteGradients.Cli.Display;
using DiscreteGradients.Cli.Plots;
using DiscreteGradients.Experiments;
using TorchSharp;

namespace DiscreteGradients.Cli.Commands;

/// <summary>Options with several values: a whole run for each combination, in folders of one folder, then a table and heat maps.</summary>
internal sealed class Study(RunCommand runs, Terminal terminal)
{
    private const int MostRuns = 1000;

    /// <summary>The flags that say where and how a study is run, not what it is.</summary>
    private static readonly HashSet<string> Aside = ["--out", "--resume", "--json"];

    /// <param name="given">Texts by flag, lists among them.</param>
    /// <param name="settings">Those of them that are no lists.</param>
    internal int Start(IReadOnlyDictionary<string, string> given, RunSettings settings)
    {
        var study = Of(given, []);
        OneRunOnly(settings, study);
        if (study.Axes.Aggregate(1L, (runs, axis) => Math.Min(runs * axis.Values.Count, int.MaxValue)) is > MostRuns and var many)
            throw new OptionException($"{Flags(study)} make {many} runs; a study has at most {MostRuns}.");
        OutputFolder.Check(settings.Out, otherwise: RunCommand.DefaultFolders);
        var prepared = study.Cells.Select(cell => runs.Prepare(study.Given(cell))).ToList();
        foreach (var run in prepared)
            HasKnobs(study, run.Estimators);
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
            throw new OptionException($"'{folder.Path}' holds a study of '{had.Experiment}', not of '{runs.Experiment}'.");
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
            var finished = started && runs.IsFinished(path);
            terminal.Out.WriteLine($"{cell.Title}, {index + 1} of {study.Cells.Count}{(finished ? " is finished." : ":")}");
            if (finished)
                continue;
            var given = new Dictionary<string, string>(study.Given(cell)) { ["--out"] = path };
            if ((started ? runs.Resume(given, folder.Path) : runs.Start(given, folder.Path)) is var code and not DgradApp.Done)
                return code;
        }

        var results = StudyResults.Read(folder.Path);
        folder.WriteFile("study.csv", path => File.WriteAllText(path, results.ToCsv()));
        StudyPlots.Write(folder, results);
        StudyReport.Write(results, folder.Path, terminal);
        return DgradApp.Done;
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
    private static void HasKnobs(StudyRecord study, IEnumerable<EstimatorChoice> estimators)
    {
        foreach (var (flag, knob, name) in EstimatorChoice.Knobs)
        {
            if (study.Axes.Any(axis => "--" + axis.Name == flag)
                && estimators.FirstOrDefault(choice => !Estimators.Get(choice.Name).Knobs.Contains(knob)) is { } without)
                throw new OptionException($"'{without.Name}' has no {name}: leave it out of --estimator, or give {flag} one value.");
        }
    }

    private static string Flags(StudyRecord study) => string.Join(" and ", study.Axes.Select(axis => "--" + axis.Name));
}
