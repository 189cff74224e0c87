using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Runs;

public sealed class RunnerTests : IDisposable
{
    private static readonly long[] Seeds = [0, 1, 2, 3];

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Jobs_run_at_the_same_time_and_one_call_to_the_observer_at_a_time()
    {
        using var folder = RunFolder.Create(_folder["run"]);
        using var both = new Barrier(2);
        var observer = new Observer();

        var finished = Runner(folder, new Counting(epochs: 2, (_, _) => Assert.True(both.SignalAndWait(TimeSpan.FromSeconds(20), Stop))))
            .Run(2, observer, Stop);

        Assert.True(finished);
        Assert.Equal(0, observer.Overlaps);
        Assert.Equal(
            from seed in Seeds from epoch in (int[])[1, 2] select (seed, epoch),
            folder.ReadMetrics().Select(line => (line.Seed, line.Epoch)));
    }

    [Fact]
    public void A_failure_in_one_job_ends_the_others_and_is_the_one_that_is_reported()
    {
        using var folder = RunFolder.Create(_folder["run"]);
        var experiment = new Counting(epochs: int.MaxValue, (seed, epoch) =>
        {
            if ((seed, epoch) == (1, 3))
                throw new OptionException("Training diverged.");
        });

        var thrown = Assert.Throws<OptionException>(() => Runner(folder, experiment).Run(2, new Observer(), Stop));

        Assert.Equal("Training diverged.", thrown.Message);
        Assert.Equal([1, 2], folder.ReadMetrics().Where(line => line.Seed == 1).Select(line => line.Epoch));
    }

    [Fact]
    public void A_run_goes_on_after_its_last_checkpoint_and_leaves_two()
    {
        using var stop = new CancellationTokenSource();
        var before = LiveTensors.Count();
        using (var folder = RunFolder.Create(_folder["run"]))
        {
            folder.Write(Record(epochs: 4));
            Assert.False(Runner(folder, new Counting(epochs: 4, (seed, epoch) => StopAt(seed == 1 && epoch == 3, stop)))
                .Run(1, new Observer(), stop.Token));
        }

        var trained = new List<(long, int)>();
        var observer = new Observer();
        using (var folder = RunFolder.Open(_folder["run"]))
        {
            var runner = Runner(folder, new Counting(epochs: 4, (seed, epoch) => trained.Add((seed, epoch))));
            runner.Resume(note => Assert.Fail(note));
            Assert.True(runner.Run(1, observer, Stop));
            Assert.Equal([.. from seed in Seeds from epoch in (int[])[1, 2, 3, 4] select (seed, epoch, 10 * seed + epoch)],
                folder.ReadMetrics().Select(line => (line.Seed, line.Epoch, (long)line.TrainLoss)));
        }

        Assert.Equal((1, 4), trained[0]);
        Assert.Equal([(0, 4), (1, 3), (2, 0), (3, 0)], observer.Begun);
        Assert.Equal(["epoch-3.safetensors", "epoch-4.safetensors"],
            Directory.GetFiles(_folder["run", "checkpoint", "st-seed1"]).Select(Path.GetFileName).Order());
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void A_run_that_is_stopped_within_an_epoch_goes_on_from_its_last_step()
    {
        using var stop = new CancellationTokenSource();
        var (trained, observer) = (0, new Observer());
        using (var folder = RunFolder.Create(_folder["run"]))
        {
            folder.Write(Record(epochs: 3));
            Assert.False(Runner(folder, new Counting(epochs: 3, (seed, _) => StopAt(seed == 0 && ++trained == 6, stop), steps: 4))
                .Run(1, observer, stop.Token));
        }

        Assert.Equal(
            ["epoch-1-step-2.safetensors", "epoch-1.safetensors"],
            Directory.GetFiles(_folder["run", "checkpoint", "st-seed0"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using (var folder = RunFolder.Open(_folder["run"]))
        {
            var runner = Runner(folder, new Counting(epochs: 3, (seed, _) => trained += seed == 0 ? 1 : 0, steps: 4));
            runner.Resume(note => Assert.Fail(note));
            Assert.True(runner.Run(1, observer, Stop));
            Assert.Equal(
                [.. from seed in Seeds from epoch in (int[])[1, 2, 3] select (40 * seed) + (16 * epoch) - 6],
                folder.ReadMetrics().Select(line => (long)line.TrainLoss));
        }

        Assert.Equal(12, trained);
        Assert.Equal([(0, 0), (0, 1.5), (1, 0), (2, 0), (3, 0)], observer.Begun);
    }

    [Theory]
    [InlineData("epoch-1-step-3", "its step is 2")]
    [InlineData("epoch-2-step-2", "its epoch is 1")]
    public void A_checkpoint_of_another_step_than_its_name_says_is_passed_over(string name, string flaw)
    {
        using var stop = new CancellationTokenSource();
        var (trained, files) = (0, _folder["run", "checkpoint", "st-seed0"]);
        using (var folder = RunFolder.Create(_folder["run"]))
        {
            folder.Write(Record(epochs: 3));
            Assert.False(Runner(folder, new Counting(epochs: 3, (seed, _) => StopAt(seed == 0 && ++trained == 6, stop), steps: 4))
                .Run(1, new Observer(), stop.Token));
        }

        var path = Path.Combine(files, $"{name}.safetensors");
        File.Move(Path.Combine(files, "epoch-1-step-2.safetensors"), path);
        var notes = new List<string>();
        using var again = RunFolder.Open(_folder["run"]);
        Runner(again, new Counting(epochs: 3, (_, _) => { }, steps: 4)).Resume(notes.Add);

        Assert.Equal([$"Checkpoint '{path}' is damaged ({flaw}); st, seed 0, goes on from epoch 1."], notes);
    }

    [Fact]
    public void Within_long_epochs_there_are_checkpoints_and_a_damaged_one_is_passed_over()
    {
        var names = new HashSet<string>();
        var files = _folder["run", "checkpoint", "st-seed0"];
        using (var folder = RunFolder.Create(_folder["run"]))
        {
            folder.Write(Record(epochs: 2));
            var runner = new Runner(
                new Counting(epochs: 2, (_, _) => Look(), steps: 3), [Method.Of(new StraightThrough())], folder,
                Record(2) with { Seeds = [0] })
            {
                TrainingPerCheckpoint = 0,
                WithinEpoch = TimeSpan.Zero,
            };
            Assert.True(runner.Run(1, new Observer(), Stop));
        }

        Assert.Contains("epoch-0-step-1.safetensors", names);
        Assert.Contains("epoch-1-step-2.safetensors", names);
        var (last, within) = (Path.Combine(files, "epoch-2.safetensors"), Path.Combine(files, "epoch-1-step-3.safetensors"));
        Assert.Equal([within, last], Directory.GetFiles(files).Order(StringComparer.Ordinal));
        File.WriteAllBytes(last, File.ReadAllBytes(last)[..100]);
        var notes = new List<string>();
        using (var folder = RunFolder.Open(_folder["run"]))
        {
            var runner = new Runner(
                new Counting(epochs: 2, (_, _) => Assert.Fail("All steps are done."), steps: 3), [Method.Of(new StraightThrough())], folder,
                Record(2) with { Seeds = [0] });
            runner.Resume(notes.Add);
            Assert.True(runner.Run(1, new Observer(), Stop));
        }

        var note = Assert.Single(notes);
        Assert.StartsWith($"Checkpoint '{last}' is damaged (its header claims ", note, StringComparison.Ordinal);
        Assert.EndsWith("; st, seed 0, goes on from step 3 of epoch 2.", note, StringComparison.Ordinal);

        void Look() => names.UnionWith(
            Directory.Exists(files) ? Directory.GetFiles(files).Select(path => Path.GetFileName(path)) : []);
    }

    [Fact]
    public void Checkpoints_take_a_small_part_of_the_time()
    {
        using var folder = RunFolder.Create(_folder["run"]);
        var saved = new HashSet<string>();
        var checkpoints = _folder["run", "checkpoint", "st-seed0"];
        var runner = new Runner(
            new Counting(epochs: 300, (_, _) => { }), [Method.Of(new StraightThrough())], folder, Record(300) with { Seeds = [0] })
        {
            Keep = (_, _) => saved.UnionWith(Directory.Exists(checkpoints) ? Directory.GetFiles(checkpoints) : []),
        };

        Assert.True(runner.Run(1, new Observer(), Stop));

        Assert.InRange(saved.Count, 1, 200);  // an epoch takes a millisecond here, so most go without
        Assert.True(File.Exists(_folder["run", "checkpoint", "st-seed0", "epoch-300.safetensors"]));
    }

    private static void StopAt(bool here, CancellationTokenSource stop)
    {
        if (here)
            stop.Cancel();
    }

    private static Runner Runner(RunFolder folder, Counting experiment) =>
        new(experiment, [Method.Of(new StraightThrough())], folder, Record(experiment.Epochs));

    private static RunRecord Record(int epochs) => new()
    {
        Experiment = "counting",
        Options = new PolynomialOptions(),
        Methods = [new MethodRecord("st", "st")],
        Seeds = Seeds,
        Epochs = epochs,
        Versions = new Dictionary<string, string>(),
        Machine = new Dictionary<string, string>(),
        Threads = 1,
        Started = DateTimeOffset.UnixEpoch,
    };

    /// <summary>
    /// An experiment whose loss is ten times the seed plus the number of its epochs, counted in its state; with several steps the sum of
    /// that over those of an epoch.
    /// </summary>
    private sealed class Counting(int epochs, Action<long, int> train, int steps = 1) : Experiment
    {
        public override int Epochs => epochs;

        public override double? Optimum => null;

        public override object Options => new PolynomialOptions();

        public override Experiment TunedFor(string method) => this;

        public override string? WhyNot(Method method) => null;

        public override TrainingRun Start(Method method, long seed) => new Training(seed, train, steps);

        private sealed class Training : TrainingRun
        {
            private readonly long _seed;
            private readonly Action<long, int> _train;
            private readonly int _steps;
            private readonly Tensor _count = zeros(1, ScalarType.Int64);

            internal Training(long seed, Action<long, int> train, int steps)
            {
                (_seed, _train, _steps) = (seed, train, steps);
                Keep("count", _count);
            }

            public override void Dispose() => _count.Dispose();

            protected override EpochMetrics Train(int epoch, Action<double>? stepDone, CancellationToken cancellation)
            {
                var sum = UnderWay.GetValueOrDefault("sum");
                for (var step = Step; step < _steps; step++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    _train(_seed, epoch);
                    using var scope = NewDisposeScope();
                    _count.add_(1);
                    sum += (10 * _seed) + _count.item<long>();
                    if (_steps > 1)
                    {
                        UnderWay["sum"] = sum;
                        EndStep(step + 1, _steps, stepDone);
                    }
                }

                return new EpochMetrics(epoch, 0, new Dictionary<string, double> { ["train_loss"] = sum });
            }
        }
    }

    private sealed class Observer : IRunObserver
    {
        private int _inside;

        internal int Overlaps { get; private set; }

        internal List<(long, double)> Begun { get; } = [];

        public void RunBegan(string method, long seed, double done)
        {
            Alone();
            Begun.Add((seed, done));
        }

        public void StepDone(string method, long seed, double fraction) => Alone();

        public void EpochDone(MetricsLine line) => Alone();

        public void RunDone(string method, long seed) => Alone();

        private void Alone()
        {
            if (Interlocked.Increment(ref _inside) > 1)
                Overlaps++;
            Thread.Sleep(1);
            Interlocked.Decrement(ref _inside);
        }
    }
}
