namespace DiscreteGradients.Experiments;

/// <summary>Where a run is: epochs that are done, and steps of the next.</summary>
internal readonly record struct Place(int Epoch, int Step)
{
    public override string ToString() => Step == 0 ? $"epoch {Epoch}" : $"step {Step} of epoch {Epoch + 1}";
}

/// <summary>
/// The checkpoints of one run: files <c>checkpoint/ESTIMATOR-seedN/epoch-E.safetensors</c> with the state after that epoch and the settings
/// it was reached with, and <c>epoch-E-step-S.safetensors</c> with a state within the next. The last two that are sound are kept.
/// </summary>
internal sealed class Checkpoints
{
    private const string Folder = "checkpoint";
    private const string FormatName = "format";
    private const string Format = "dgrad checkpoint 1";
    private const string UnderWayName = "under_way";
    private const string Prefix = "epoch-";
    private const string StepInfix = "-step-";
    private const string Suffix = ".safetensors";

    private readonly OutputFolder _folder;
    private static readonly JsonSerializerOptions Json = new(StrictJson.Options)
    {
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly string _method;
    private readonly long _seed;
    private readonly Dictionary<string, string> _settings;
    private Place? _last;

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
        var (state, place, texts) = (run.State(), new Place(run.Epoch, run.Step), new Dictionary<string, string>(_settings));
        if (place.Step > 0)
            texts[UnderWayName] = JsonSerializer.Serialize(run.UnderWay, Json);
        try
        {
            _folder.Replace(File(place), stream => SafetensorsFile.Write(stream, state, texts));
        }
        finally
        {
            Dispose(state);
        }

        _folder.Write(() =>
        {
            var (newest, previous) = (_folder[File(place)], _last is { } last ? _folder[File(last)] : null);
            foreach (var path in Directory.EnumerateFiles(_folder[Name]).Where(path => path != newest && path != previous).ToList())
                System.IO.File.Delete(path);
        });
        _last = place;
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
            foreach (var place in checkpoints.Places())
            {
                try
                {
                    checkpoints.CheckSettings(place, SafetensorsFile.ReadTexts(folder[checkpoints.File(place)]));
                }
                catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
                {
                    // Damaged: it will be found out when it is read as a whole.
                }
            }
        }
    }

    /// <summary>The last place that has a sound checkpoint, or the beginning.</summary>
    /// <param name="limit">Epochs whose metrics are there.</param>
    /// <param name="run">A run of the estimator, which says what a state must hold.</param>
    /// <param name="note">Gets a sentence for each checkpoint that cannot be used.</param>
    /// <exception cref="OptionException">A checkpoint is of another version or has other settings, or only others' are left.</exception>
    internal Place Find(int limit, Lazy<TrainingRun> run, Action<string> note)
    {
        var damaged = new List<(Place Place, string Reason)>();
        var found = default(Place);
        OptionException? other = null;
        foreach (var place in Places())
        {
            try
            {
                if (WhyNot(place, limit, run.Value) is not { } reason)
                {
                    _last = found = place;
                    break;
                }

                damaged.Add((place, reason));
            }
            catch (OtherStateException e)
            {
                damaged.Add((place, e.Message));
                other ??= new OptionException(
                    $"Checkpoint '{_folder[File(place)]}' does not hold the state of this run: {e.Message}. "
                    + $"Remove '{_folder[Name]}' to train {_method}, seed {_seed}, from its beginning.");
            }
        }

        if (found == default && other is not null)
            throw other;
        foreach (var (place, reason) in damaged)
        {
            note($"Checkpoint '{_folder[File(place)]}' is damaged ({reason}); {_method}, seed {_seed}, "
                + (found != default ? $"goes on from {found}." : "starts from its beginning."));
        }

        return found;
    }

    /// <summary>Gives a run the state of a checkpoint that was found.</summary>
    /// <exception cref="OptionException">It does not fit the run.</exception>
    internal void Restore(TrainingRun run, Place place)
    {
        var (state, texts) = SafetensorsFile.Read(_folder[File(place)]);
        try
        {
            run.Restore(state, UnderWay(texts));
        }
        finally
        {
            Dispose(state);
        }
    }

    private string File(Place place) => $"{Name}/{Prefix}{place.Epoch}{(place.Step > 0 ? $"{StepInfix}{place.Step}" : "")}{Suffix}";

    /// <summary>Places that have a file, the last one first.</summary>
    private List<Place> Places() => !Directory.Exists(_folder[Name]) ? [] :
    [
        .. Directory.EnumerateFiles(_folder[Name], $"{Prefix}*{Suffix}")
            .Select(path => Path.GetFileName(path)[Prefix.Length..^Suffix.Length].Split(StepInfix))
            .Select(parts => parts switch
            {
                [var epoch] => new Place(Number(epoch), 0),
                [var epoch, var step] when Number(step) > 0 => new Place(Number(epoch), Number(step)),
                _ => default,
            })
            .Where(place => place is { Epoch: >= 0 } && place != default)
            .OrderByDescending(place => place.Epoch).ThenByDescending(place => place.Step),
    ];

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;

    private static Dictionary<string, double> UnderWay(IReadOnlyDictionary<string, string> texts)
    {
        if (!texts.TryGetValue(UnderWayName, out var text))
            return [];
        try
        {
            return StrictJson.Read<Dictionary<string, double>>(System.Text.Encoding.UTF8.GetBytes(text), Json);
        }
        catch (WrongJsonException e)
        {
            throw new OtherStateException($"its '{UnderWayName}' holds no numbers by name: {e.Message}");
        }
    }

    private string? WhyNot(Place place, int limit, TrainingRun run)
    {
        try
        {
            var (state, texts) = SafetensorsFile.Read(_folder[File(place)], run.StateKinds);
            try
            {
                CheckSettings(place, texts);
                return (run.Flaw(state, place.Epoch) ?? TrainingRun.Flaw(UnderWay(texts), place.Step)) is { } flaw
                    ? throw new OtherStateException(flaw)
                    : place.Epoch > limit ? $"metrics.jsonl ends at epoch {limit} of it"
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

    private void CheckSettings(Place place, IReadOnlyDictionary<string, string> settings)
    {
        var format = settings.GetValueOrDefault(FormatName, "none");
        if (format != Format)
        {
            throw new OptionException($"Checkpoint '{_folder[File(place)]}' must have the format '{Format}'; got '{format}'. "
                + "Resume with the version of dgrad that wrote it.");
        }

        if (OptionRecord.Difference(settings, _settings) is var (flag, before, now))
        {
            throw new OptionException($"{flag} is {now} in run.json and {before} in the checkpoint '{_folder[File(place)]}'. "
                + "They belong to different runs; start a new one.");
        }
    }

    private static void Dispose(IReadOnlyDictionary<string, Tensor> state)
    {
        foreach (var tensor in state.Values)
            tensor.Dispose();
    }
}
