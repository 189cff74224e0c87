using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace DiscreteGradients.Experiments;

/// <summary>Who watches runs. Calls come from several threads, but one at a time.</summary>
internal interface IRunObserver
{
    /// <summary>A run begins, or goes on after so many epochs and a part of the next.</summary>
    void RunBegan(string method, long seed, double done);

    /// <summary>A step is done; the fraction is that of the current epoch.</summary>
    void StepDone(string method, long seed, double fraction);

    /// <summary>An epoch is done and its line is written.</summary>
    void EpochDone(MetricsLine line);

    /// <summary>The last epoch of a run is done.</summary>
    void RunDone(string method, long seed);
}

/// <summary>Trains with each method and each seed, side by side if asked to, and leaves checkpoints from which it can go on.</summary>
internal sealed class Runner
{
    private readonly Experiment _experiment;
    private readonly RunFolder _folder;
    private readonly RunRecord _record;
    private readonly List<Trial> _trials;
    private readonly Lock _turn = new();

    /// <param name="methods">The methods of the record, in its order.</param>
    /// <param name="record">What the folder's <c>run.json</c> holds.</param>
    public Runner(Experiment experiment, IEnumerable<Method> methods, RunFolder folder, RunRecord record)
    {
        (_experiment, _folder, _record) = (experiment, folder, record);
        _trials = [.. record.Methods.Zip(methods).SelectMany(e => record.Seeds.Select(seed =>
            new Trial(e.First.Name, e.Second, seed, new Checkpoints(folder.Output, record, e.First, seed))))];
    }

    /// <summary>Time to train for each time to write a checkpoint: at most a twentieth goes into checkpoints.</summary>
    internal int TrainingPerCheckpoint { get; init; } = 20;

    /// <summary>Time after which a checkpoint is written within an epoch: what may be lost of one that takes longer.</summary>
    internal TimeSpan WithinEpoch { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Writes what else there is to write of an epoch.</summary>
    public Action<MetricsLine, EpochMetrics>? Keep { get; init; }

    /// <summary>Finds out how far each run came, and drops the metrics of the epochs after its last checkpoint.</summary>
    /// <param name="note">Gets a sentence for each checkpoint that cannot be used.</param>
    /// <exception cref="OptionException">A checkpoint is of another version or has other settings, or a line is damaged.</exception>
    public void Resume(Action<string> note)
    {
        var lines = Lines();
        foreach (var trials in _trials.GroupBy(trial => trial.Name))
        {
            var run = new Lazy<TrainingRun>(() => _experiment.TunedFor(trials.Key).Start(trials.First().Method, trials.First().Seed));
            try
            {
                foreach (var trial in trials)
                {
                    trial.From = trial.Checkpoints.Find(lines[(trial.Name, trial.Seed)].Count(), run, note);
                    trial.Epoch = trial.From.Epoch;
                }
            }
            finally
            {
                if (run.IsValueCreated)
                    run.Value.Dispose();
            }
        }

        Tidy();
    }

    /// <summary>Trains; true if it went through, false if it was interrupted.</summary>
    /// <param name="jobs">Runs side by side. More than one have a thread each.</param>
    /// <exception cref="OptionException">Training diverged, the disk is full, or the like: the first failure ends all runs.</exception>
    public bool Run(int jobs, IRunObserver observer, CancellationToken cancellation)
    {
        using var gate = new CollectorGate();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var waiting = new ConcurrentQueue<Trial>(_trials);
        Exception? failure = null;
        if (jobs == 1)
        {
            Work();
        }
        else
        {
            var threads = Enumerable.Range(0, Math.Min(jobs, _trials.Count)).Select(_ => new Thread(OneThread)).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
        }

        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
        Tidy();
        return _trials.TrueForAll(trial => trial.Epoch == _experiment.Epochs);

        void OneThread()
        {
            set_num_threads(1);
            Work();
        }

        void Work()
        {
            gate.Enter();
            try
            {
                while (waiting.TryDequeue(out var trial))
                    Train(trial, observer, gate, stop.Token);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref failure, e, null);
                stop.Cancel();
            }
            finally
            {
                gate.Exit();
            }
        }
    }

    private void Train(Trial trial, IRunObserver observer, CollectorGate gate, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var run = _experiment.TunedFor(trial.Name).Start(trial.Method, trial.Seed);
        if (trial.From != default)
            trial.Checkpoints.Restore(run, trial.From);
        lock (_turn)
            observer.RunBegan(trial.Name, trial.Seed, run.Done);

        var (sinceSaved, saving) = (Stopwatch.StartNew(), TimeSpan.Zero);
        while (run.Epoch < _experiment.Epochs)
        {
            var epoch = run.Next(Step, cancellation);
            var line = MetricsLine.Of(_record.Experiment, trial.Name, trial.Seed, epoch);
            lock (_turn)
            {
                _folder.Append(line);
                trial.Epoch = run.Epoch;
                Keep?.Invoke(line, epoch);
                observer.EpochDone(line);
            }

            if (run.Epoch == _experiment.Epochs || sinceSaved.Elapsed >= saving * TrainingPerCheckpoint
                || cancellation.IsCancellationRequested)
                Save();
        }

        lock (_turn)
            observer.RunDone(trial.Name, trial.Seed);

        void Step(double fraction)
        {
            lock (_turn)
                observer.StepDone(trial.Name, trial.Seed, fraction);
            if (run.Step > 0 && (cancellation.IsCancellationRequested
                || (sinceSaved.Elapsed >= WithinEpoch && sinceSaved.Elapsed >= saving * TrainingPerCheckpoint)))
                Save();
            gate.Pass();
        }

        void Save()
        {
            sinceSaved.Restart();
            lock (_turn)
                _folder.Flush();  // no checkpoint before its metrics
            trial.Checkpoints.Save(run);
            saving = sinceSaved.Elapsed;
            sinceSaved.Restart();
        }
    }

    /// <summary>Brings the metrics into the order of the runs, each epoch that is done exactly once.</summary>
    private void Tidy()
    {
        var lines = Lines();
        _folder.Rewrite(_trials.SelectMany(trial => lines[(trial.Name, trial.Seed)]
            .Where(line => line.Line.Epoch <= trial.Epoch).Select(line => line.Text)));
    }

    private ILookup<(string, long), (string Text, MetricsLine Line)> Lines() =>
        _folder.ReadLines(_record).ToLookup(line => (line.Line.Method, line.Line.Seed));

    private sealed record Trial(string Name, Method Method, long Seed, Checkpoints Checkpoints)
    {
        /// <summary>Where the run goes on.</summary>
        internal Place From { get; set; }

        /// <summary>Epochs that are done.</summary>
        internal int Epoch { get; set; }
    }
}
