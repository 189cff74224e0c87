namespace DiscreteGradients.Experiments;

/// <summary>How a run of a study stands.</summary>
internal enum CellState
{
    /// <summary>It is begun or gone on with here and now.</summary>
    Begins,

    /// <summary>It is finished.</summary>
    Finished,

    /// <summary>Another process is at work on it.</summary>
    Taken,
}

/// <summary>What studies ask of the world outside, beyond what their runs do.</summary>
internal interface IStudyHost : IRunHost
{
    /// <summary>Comes to a run of a study.</summary>
    /// <param name="title">The values that it has, such as <c>latents 8, batch 16</c>.</param>
    /// <param name="number">1, 2, …</param>
    void Come(string title, int number, int count, CellState state);

    /// <summary>Shows the results of a study whose runs are all finished.</summary>
    void Report(StudyResults results);

    /// <summary>Draws the plots of a study.</summary>
    void Draw(OutputFolder folder, StudyResults results);
}

/// <summary>
/// Options with several values: a whole run for each combination, in folders of one folder, then a table and heat maps. The runs are
/// independent of each other, and several processes may share them: each takes those that nobody is at work on.
/// </summary>
internal sealed class StudyLauncher(IStudyHost host)
{
    private readonly RunLauncher _runs = new(host);

    /// <summary>Begins a study; true if its runs came to their ends, false if one was interrupted.</summary>
    /// <param name="given">Texts by flag, lists among them.</param>
    /// <param name="path">A new or empty folder; null for one of its own.</param>
    /// <exception cref="OptionException">One of its runs cannot be.</exception>
    public bool Start(ExperimentEntry entry, IReadOnlyDictionary<string, string> given, string? path)
    {
        var study = Of(entry, given, []);
        if (study.Runs is > StudyRecord.MostRuns and var many)
            throw new OptionException($"{study.Flags} make {many} runs; a study has at most {StudyRecord.MostRuns}.");
        OutputFolder.Check(path, otherwise: RunLauncher.DefaultFolders);
        var data = new Dictionary<string, Experiment>();
        foreach (var cell in study.Cells)
        {
            var run = RunPlan.Parse(entry, study.Given(cell)).Prepare();
            HaveSettings(entry, study, run.Methods);
            if (run.Experiment.DataSet is { } set)
                data.TryAdd(set, run.Experiment);
        }

        foreach (var experiment in data.Values)
            host.Load(experiment);
        study = study with { Settings = new Dictionary<string, string>(study.Settings) { ["--threads"] = $"{get_num_threads()}" } };

        var folder = OutputFolder.Create(path ?? RunLauncher.DefaultFolder(entry.Name, DateTimeOffset.UtcNow));
        study.Write(folder);
        return Run(entry, study, folder);
    }

    /// <summary>Goes on with a study, also beside other processes; true if its runs came to their ends, false if interrupted.</summary>
    /// <param name="given">Texts by flag; they must say what the study's files say.</param>
    /// <exception cref="OptionException">It is not such a study, or a file is damaged.</exception>
    public bool Resume(ExperimentEntry entry, IReadOnlyDictionary<string, string> given, string path)
    {
        var folder = OutputFolder.Open(path);
        var had = StudyRecord.Read(path);
        if (had.Experiment != entry.Name)
            throw new OptionException($"'{path}' holds a study of '{StrictJson.Printable(had.Experiment)}', not of '{entry.Name}'.");

        Check(entry, had, folder);
        var axes = had.Axes.Select(axis => KeyValuePair.Create("--" + axis.Name, string.Join(',', axis.Values)));
        var study = Of(entry, given, had.Settings.Concat(axes));
        OptionRecord.Same(Fixed(entry, had), Fixed(entry, study));
        study.Write(folder);
        return Run(entry, study, folder);
    }

    /// <summary>Goes through the runs, again as long as one ends that was not finished: another process may have left some.</summary>
    private bool Run(ExperimentEntry entry, StudyRecord study, OutputFolder folder)
    {
        var finished = new HashSet<string>();
        var taken = new HashSet<string>();
        for (var before = -1; before < finished.Count && finished.Count < study.Cells.Count;)
        {
            before = finished.Count;
            foreach (var (index, cell) in study.Cells.Index().Where(cell => !finished.Contains(cell.Item.Name)))
            {
                switch (Take(entry, study, cell, folder, Come))
                {
                    case true:
                        finished.Add(cell.Name);
                        break;
                    case false:
                        return false;
                }

                void Come(CellState state)
                {
                    if (state != CellState.Taken || taken.Add(cell.Name))  // said once
                        host.Come(cell.Title, index + 1, study.Cells.Count, state);
                }
            }
        }

        if (finished.Count < study.Cells.Count)
        {
            host.Note(
                $"{study.Cells.Count - finished.Count} of {study.Cells.Count} runs are in the hands of other processes; "
                + "the one that ends last makes the tables and plots of the study.");
            return true;
        }

        var results = StudyResults.Read(folder.Path);
        folder.WriteFile("study.csv", path => File.WriteAllText(path, results.ToCsv()));
        host.Draw(folder, results);
        host.Report(results);
        return true;
    }

    /// <summary>Brings a run to its end: true if it is there, false if it was interrupted, null if another process has it.</summary>
    private bool? Take(ExperimentEntry entry, StudyRecord study, StudyCell cell, OutputFolder folder, Action<CellState> come)
    {
        var path = folder[cell.Name];
        var given = study.Given(cell);
        var isBegun = RunFolder.IsIn(path);
        try
        {
            if (isBegun && _runs.IsFinished(entry, given, path))
            {
                come(CellState.Finished);
                return true;
            }

            RunFolder.CheckFree(path);
            come(CellState.Begins);
            return isBegun ? _runs.Resume(entry, given, path, folder.Path) : _runs.Start(RunPlan.Parse(entry, given), path, folder.Path);
        }
        catch (OptionException e) when (e.IsTaken)
        {
            come(CellState.Taken);
            return null;
        }
    }

    /// <summary>Refuses a <c>study.json</c> with options that there are not or that cannot be, or beside runs of another one.</summary>
    private static void Check(ExperimentEntry entry, StudyRecord had, OutputFolder folder)
    {
        var cells = had.Cells.Select(cell => cell.Name).ToHashSet();
        var flags = RunPlan.Flags(entry).Select(flag => flag.Name).ToHashSet();
        if (had.Given(had.Cells[0]).Keys.FirstOrDefault(flag => !flags.Contains(flag)) is { } unknown)
            throw StudyRecord.Damaged(folder.Path, $"there is no option '{StrictJson.Printable(unknown)}' of its runs");
        if (Directory.EnumerateDirectories(folder.Path).Where(RunFolder.IsIn).Order(StringComparer.Ordinal)
            .FirstOrDefault(path => !cells.Contains(Path.GetFileName(path))) is { } other)
            throw StudyRecord.Damaged(folder.Path, $"the run in '{other}' is none of its axes");
        try
        {
            foreach (var cell in had.Cells)
                _ = RunPlan.Parse(entry, had.Given(cell));
        }
        catch (OptionException e)
        {
            throw StudyRecord.Damaged(folder.Path, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>The study of some texts, which go before others.</summary>
    private static StudyRecord Of(
        ExperimentEntry entry, IReadOnlyDictionary<string, string> given, IEnumerable<KeyValuePair<string, string>> others)
    {
        var all = others.Where(other => !given.ContainsKey(other.Key)).Concat(given).ToDictionary();
        var axes = RunPlan.Axes(entry, all);
        return new StudyRecord
        {
            Experiment = entry.Name,
            Settings = all.Where(text => !axes.Any(axis => "--" + axis.Name == text.Key)).ToDictionary(),
            Axes = axes,
        };
    }

    /// <summary>What the numbers of a study depend on.</summary>
    private static Dictionary<string, string> Fixed(ExperimentEntry entry, StudyRecord study)
    {
        var one = RunPlan.Parse(entry, study.Given(study.Cells[0])).Fixed.ToDictionary();
        foreach (var axis in study.Axes)
            one["--" + axis.Name] = string.Join(',', axis.Values);
        return one;
    }

    /// <summary>A method without a setting would do the same run again for each value of it.</summary>
    private static void HaveSettings(ExperimentEntry entry, StudyRecord study, IReadOnlyList<Method> methods)
    {
        foreach (var name in entry.Methods.SelectMany(method => method.Settings).Select(setting => setting.Name).Distinct())
        {
            var flag = Flag.Of(name);
            if (study.Axes.Any(axis => "--" + axis.Name == flag)
                && methods.FirstOrDefault(method => !method.Settings.ContainsKey(name)) is { } without)
            {
                throw new OptionException(
                    $"'{without.Name}' has no {name.Replace('_', ' ')}: leave it out of --{entry.MethodWord}, or give {flag} one value.");
            }
        }
    }
}
