namespace DiscreteGradients.Experiments;

/// <summary>
/// The checkpoints of one run: files <c>checkpoint/ESTIMATOR-seedN/epoch-E.safetensors</c> with the state after that epoch and the settings
/// it was reached with. The last two that are sound are kept.
/// </summary>
internal sealed class Checkpoints
{
    private const string Folder = "checkpoint";
    private const string FormatName = "format";
    private const string Format = "dgrad checkpoint 1";
    private const string Prefix = "epoch-";
    private const string Suffix = ".safetensors";

    private readonly OutputFolder _folder;
    private readonly string _method;
    private readonly long _seed;
    private readonly Dictionary<string, string> _settings;
    private int? _last;

    internal Checkpoints(OutputFolder folder, RunRecord record, MethodRecord method, long seed)
    {
        (_folder, _method, _seed) = (folder, method.Name, seed);
        _settings = new Dictionary<string, string>(OptionRecord.Fixed(method.Options ?? record.Options))
        {
            [FormatName] = Format,
            ["experiment"] = record.Experiment,
            ["estimator"] = method.Name,
            ["--estimator"] = method.Configuration,
            ["estimators"] = string.Join(',', record.Methods.Select(e => e.Name)),
            ["seeds"] = $"{record.Seeds[0]} to {record.Seeds[^1]}",
            ["--seed"] = seed.ToString(CultureInfo.InvariantCulture),
            ["--threads"] = record.Threads.ToString(CultureInfo.InvariantCulture),
        };
    }

    private string Name => $"{Folder}/{_method}-seed{_seed}";

    /// <summary>Writes the state of the run as it is now, and only then removes the checkpoint before the last.</summary>
    /// <exception cref="OptionException">The disk is full, or the like; the earlier checkpoints stay.</exception>
    internal void Save(TrainingRun run)
    {
        var state = run.State();
        try
        {
            _folder.Replace(File(run.Epoch), stream => SafetensorsFile.Write(stream, state, _settings));
        }
        finally
        {
            Dispose(state);
        }

        _folder.Write(() =>
        {
            var (newest, previous) = (_folder[File(run.Epoch)], _last is { } last ? _folder[File(last)] : null);
            foreach (var path in Directory.EnumerateFiles(_folder[Name]).Where(path => path != newest && path != previous).ToList())
                System.IO.File.Delete(path);
        });
        _last = run.Epoch;
    }

    /// <summary>Refuses checkpoints of other estimators, seeds or settings than a record's, as far as that can be told at once.</summary>
    /// <exception cref="OptionException">There is one.</exception>
    internal static void Check(OutputFolder folder, RunRecord record)
    {
        var all = record.Methods.SelectMany(e => record.Seeds.Select(seed => new Checkpoints(folder, record, e, seed))).ToList();
        var names = all.Select(checkpoints => folder[checkpoints.Name]).ToHashSet();
        var others = Directory.GetDirectories(folder[Folder]).Where(path => !names.Contains(path)).Order(StringComparer.Ordinal);
        if (others.FirstOrDefault(path => Directory.EnumerateFileSystemEntries(path).Any()) is { } other)
        {
            throw new OptionException(
                $"'{other}' holds checkpoints of an estimator and seed that are not in run.json. "
                + "They belong to different runs; start a new one.");
        }

        foreach (var checkpoints in all)
        {
            foreach (var epoch in checkpoints.Epochs())
            {
                try
                {
                    checkpoints.CheckSettings(epoch, SafetensorsFile.ReadTexts(folder[checkpoints.File(epoch)]));
                }
                catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
                {
                    // Damaged: it will be found out when it is read as a whole.
                }
            }
        }
    }

    /// <summary>The last epoch that has a sound checkpoint, or 0 to begin with.</summary>
    /// <param name="limit">Epochs whose metrics are there.</param>
    /// <param name="run">A run of the estimator, which says what a state must hold.</param>
    /// <param name="note">Gets a sentence for each checkpoint that cannot be used.</param>
    /// <exception cref="OptionException">A checkpoint is of another version or has other settings, or only others' are left.</exception>
    internal int Find(int limit, Lazy<TrainingRun> run, Action<string> note)
    {
        var damaged = new List<(int Epoch, string Reason)>();
        var found = 0;
        OptionException? other = null;
        foreach (var epoch in Epochs())
        {
            try
            {
                if (WhyNot(epoch, limit, run.Value) is not { } reason)
                {
                    _last = found = epoch;
                    break;
                }

                damaged.Add((epoch, reason));
            }
            catch (OtherStateException e)
            {
                damaged.Add((epoch, e.Message));
                other ??= new OptionException(
                    $"Checkpoint '{_folder[File(epoch)]}' does not hold the state of this run: {e.Message}. "
                    + $"Remove '{_folder[Name]}' to train {_method}, seed {_seed}, from its beginning.");
            }
        }

        if (found == 0 && other is not null)
            throw other;
        foreach (var (epoch, reason) in damaged)
        {
            note($"Checkpoint '{_folder[File(epoch)]}' is damaged ({reason}); {_method}, seed {_seed}, "
                + (found > 0 ? $"goes on from epoch {found}." : "starts from its beginning."));
        }

        return found;
    }

    /// <summary>Gives a run the state of a checkpoint that was found.</summary>
    /// <exception cref="OptionException">It does not fit the run.</exception>
    internal void Restore(TrainingRun run, int epoch)
    {
        var (state, _) = SafetensorsFile.Read(_folder[File(epoch)]);
        try
        {
            run.Restore(state);
        }
        finally
        {
            Dispose(state);
        }
    }

    private string File(int epoch) => $"{Name}/{Prefix}{epoch}{Suffix}";

    /// <summary>Epochs that have a file, the last one first.</summary>
    private List<int> Epochs() => !Directory.Exists(_folder[Name]) ? [] :
    [
        .. Directory.EnumerateFiles(_folder[Name], $"{Prefix}*{Suffix}")
            .Select(path => Path.GetFileName(path)[Prefix.Length..^Suffix.Length])
            .Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var epoch) ? epoch : 0)
            .Where(epoch => epoch > 0)
            .OrderDescending(),
    ];

    private string? WhyNot(int epoch, int limit, TrainingRun run)
    {
        try
        {
            var (state, settings) = SafetensorsFile.Read(_folder[File(epoch)], run.StateKinds);
            try
            {
                CheckSettings(epoch, settings);
                return run.Flaw(state, epoch) is { } flaw ? throw new OtherStateException(flaw)
                    : epoch > limit ? $"metrics.jsonl ends at epoch {limit} of it"
                    : null;
            }
            finally
            {
                Dispose(state);
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return e.Message.TrimEnd('.');
        }
    }

    private void CheckSettings(int epoch, IReadOnlyDictionary<string, string> settings)
    {
        var format = settings.GetValueOrDefault(FormatName, "none");
        if (format != Format)
        {
            throw new OptionException($"Checkpoint '{_folder[File(epoch)]}' must have the format '{Format}'; got '{format}'. "
                + "Resume with the version of dgrad that wrote it.");
        }

        if (OptionRecord.Difference(settings, _settings) is var (flag, before, now))
        {
            throw new OptionException($"{flag} is {now} in run.json and {before} in the checkpoint '{_folder[File(epoch)]}'. "
                + "They belong to different runs; start a new one.");
        }
    }

    private static void Dispose(IReadOnlyDictionary<string, Tensor> state)
    {
        foreach (var tensor in state.Values)
            tensor.Dispose();
    }
}
