using System.Diagnostics;

namespace DiscreteGradients.Experiments;

/// <summary>The Gumbel Tree-LSTM in training.</summary>
/// <remarks>
/// As released: random batches, gradients of norm at most 5, two validations an epoch, after which the learning rate may be halved. Numbers
/// of the validation are means over sentences; the released code averages batches, of which the last one is smaller.
/// </remarks>
internal sealed class ListOpsTraining : TrainingRun
{
    private const int Purposes = 4;
    private const int EvaluationBatch = 64;
    private const int PoolBatches = 100;
    private const string LossSum = "loss of all sentences";
    private const string SentenceCount = "sentences";
    private const string StepSeconds = "seconds of the steps";

    private readonly ListOpsOptions _options;
    private readonly ListOpsCorpus _corpus;
    private readonly MergeRule _rule;
    private readonly long _seed;
    private readonly IReadOnlyList<Method> _measured;
    private readonly TreeLstm _model;
    private readonly ITreeForm _form;
    private readonly Optimizer _optimizer;
    private readonly Plateau _plateau;
    private readonly Generator _order;
    private readonly Generator _noise;
    private readonly BestEpoch _best = new();
    private readonly IReadOnlyList<ListOpsRow> _drawn;

    internal ListOpsTraining(ListOpsOptions options, ListOpsCorpus corpus, MergeRule rule, long seed, IReadOnlyList<Method> measured)
    {
        (_seed, _measured) = (seed, measured);
        (_options, _corpus, _rule, _drawn) = (options, corpus, rule, TreeSketch.Choose(corpus.Test));
        (_order, _noise) = (Seeds.Generator(seed, 1, Purposes), Seeds.Generator(seed, 2, Purposes));
        using (var weights = Seeds.Generator(seed, 0, Purposes))
        {
            _model = new TreeLstm(
                Leaves.Symbols(options.Tokens), options.Classes, options.Hidden, options.Dropout, ScalarType.Float32, weights);
        }

        _form = options.Form == ListOpsForm.Plain ? new PlainTreeLstm(_model) : new LinearTreeLstm(_model);
        _plateau = new Plateau(options.Lr!.Value, options.Patience);
        _optimizer = options.Optimizer == ListOpsOptimizer.Sgd
            ? new Sgd(_model.All, _plateau.LearningRate)
            : new Adam(_model.All, _plateau.LearningRate, rectified: options.Optimizer == ListOpsOptimizer.Radam);
        Keep("model", _model);
        Keep(_optimizer);
        Keep("plateau", _plateau.State);
        Keep("best", _best.State);
        Keep("order", _order);
        Keep("noise", _noise);
    }

    protected override EpochMetrics Train(int epoch, Action<double>? stepDone, CancellationToken cancellation)
    {
        using var before = _order.get_state();
        var batches = Batches();
        using var after = _order.get_state();
        _order.set_state(before);  // until the epoch is done: a state within it must lead to the same batches
        if (Step == 0 && _measured.Count > 0 && (epoch == 1 || epoch % _options.QualityEvery == 0))
            MeasureGradients(epoch, UnderWay, cancellation);
        var earlier = UnderWay.GetValueOrDefault(StepSeconds);
        var watch = Stopwatch.StartNew();
        foreach (var (step, batch) in batches.Index().Skip(Step))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            _model.zero_grad();
            var loss = Finite(_form.Train(ListOpsCorpus.Batch(batch, Keys(batch.Length), _rule), _rule).Loss);
            GradientClipping.ByNorm(_model.All, _options.Clip);
            _optimizer.LearningRate = _plateau.LearningRate;
            _optimizer.Step();

            if (step + 1 == batches.Count / 2)
            {
                watch.Stop();
                _plateau.Saw(Validate(cancellation).Accuracy);
                watch.Start();
            }

            UnderWay[LossSum] = UnderWay.GetValueOrDefault(LossSum) + (loss * batch.Length);
            UnderWay[SentenceCount] = UnderWay.GetValueOrDefault(SentenceCount) + batch.Length;
            UnderWay[StepSeconds] = earlier + watch.Elapsed.TotalSeconds;
            EndStep(step + 1, batches.Count, stepDone);
        }

        _order.set_state(after);
        var seconds = UnderWay[StepSeconds];
        var numbers = Collected(LossSum, SentenceCount, StepSeconds);
        numbers[Metrics.TrainLoss] = UnderWay[LossSum] / UnderWay[SentenceCount];
        (numbers["valid_loss"], numbers["valid_accuracy"]) = Validate(cancellation);
        _plateau.Saw(numbers["valid_accuracy"]);
        numbers["learning_rate"] = _plateau.LearningRate;
        numbers["test_accuracy"] = Test(numbers, cancellation);
        numbers["selected_accuracy"] = _best.Saw(numbers["valid_accuracy"], numbers["test_accuracy"]);
        return new EpochMetrics(epoch, seconds, numbers) { Steps = batches.Count, Sketches = Sketches(epoch) };
    }

    public override void Dispose()
    {
        _form.Dispose();
        _optimizer.Dispose();
        _model.Dispose();
        _plateau.Dispose();
        _best.Dispose();
        _order.Dispose();
        _noise.Dispose();
    }

    /// <summary>The sentences of the steps of an epoch.</summary>
    private List<ListOpsRow[]> Batches()
    {
        var shuffled = Shuffled(_corpus.Train);
        var batches = _options.Buckets
            ? shuffled.Chunk(PoolBatches * _options.Batch).SelectMany(
                pool => Shuffled([.. pool.OrderBy(row => row.Words.Length).Chunk(_options.Batch)]))
            : shuffled.Chunk(_options.Batch);
        return [.. batches.Take(_options.Steps ?? int.MaxValue)];
    }

    private T[] Shuffled<T>(IReadOnlyList<T> items)
    {
        using var order = randperm(items.Count, ScalarType.Int64, generator: _order);
        return Array.ConvertAll(order.data<long>().ToArray(), i => items[(int)i]);
    }

    private long[] Keys(int count)
    {
        using var keys = randint(long.MaxValue, count, ScalarType.Int64, generator: _noise);
        return keys.data<long>().ToArray();
    }

    private (double Loss, double Accuracy) Validate(CancellationToken cancellation)
    {
        var (loss, right) = (0.0, 0);
        foreach (var (rows, reading) in Read(_corpus.Valid, cancellation))
        {
            loss += reading.Loss * rows.Length;
            right += rows.Index().Count(row => Answer(reading, row.Index) == row.Item.Label);
        }

        return (loss / _corpus.Valid.Count, (double)right / _corpus.Valid.Count);
    }

    private double Test(Dictionary<string, double> numbers, CancellationToken cancellation)
    {
        var scores = new ListOpsScores(ListOpsCorpus.Longest(_options));
        foreach (var (rows, reading) in Read(_corpus.Test, cancellation))
        {
            foreach (var (i, row) in rows.Index())
                scores.Add(row, Answer(reading, i), reading.Merges[i]);
        }

        return scores.AddTo(numbers);
    }

    private void MeasureGradients(int epoch, Dictionary<string, double> numbers, CancellationToken cancellation)
    {
        using var generator = Seeds.OfEpoch(_seed, epoch);
        ScoreGradients.Measure(
            _model, _corpus.Measured(_options.QualitySentences), _measured, _options.QualityDraws, generator, numbers, cancellation);
    }

    private Sketch[] Sketches(int epoch)
    {
        if (_options.PictureEvery == 0 || (epoch != _options.Epochs && epoch % _options.PictureEvery != 0) || _drawn.Count == 0)
            return [];
        var reading = _form.Evaluate(ListOpsCorpus.Batch(_drawn, null, _rule), _rule);
        return [TreeSketch.Draw([.. _drawn.Select((row, i) => (row, reading.Merges[i], Answer(reading, i)))])];
    }

    /// <summary>Reads sentences of about the same length together.</summary>
    private IEnumerable<(ListOpsRow[] Rows, Reading Reading)> Read(IReadOnlyList<ListOpsRow> rows, CancellationToken cancellation)
    {
        foreach (var batch in rows.OrderBy(row => row.Words.Length).Chunk(EvaluationBatch))
        {
            cancellation.ThrowIfCancellationRequested();
            yield return (batch, _form.Evaluate(ListOpsCorpus.Batch(batch, null, _rule), _rule));
        }
    }

    private static int Answer(Reading reading, int sentence)
    {
        var best = 0;
        for (var label = 1; label < reading.Logits.GetLength(1); label++)
            best = reading.Logits[sentence, label] > reading.Logits[sentence, best] ? label : best;
        return best;
    }
}

/// <summary>The test accuracy of the epoch with the best validation so far, the first of equal ones.</summary>
internal sealed class BestEpoch : IDisposable
{
    /// <summary>Accuracies of validation and test: what a checkpoint needs.</summary>
    internal Tensor State { get; } = tensor([-1.0, 0], ScalarType.Float64).DetachFromDisposeScope();

    internal double Saw(double valid, double test)
    {
        var best = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(State.bytes);
        if (valid > best[0])
            (best[0], best[1]) = (valid, test);
        return best[1];
    }

    public void Dispose() => State.Dispose();
}

/// <summary>A shortcut as a run: it learns nothing, and every epoch has the same numbers.</summary>
internal sealed class ShortcutRun(ListOpsOptions options, ListOpsCorpus corpus, Shortcut shortcut) : TrainingRun
{
    protected override EpochMetrics Train(int epoch, Action<double>? stepDone, CancellationToken cancellation)
    {
        var numbers = new Dictionary<string, double>
        {
            ["valid_accuracy"] = corpus.Valid.Average(row => Answer(row) == row.Label ? 1.0 : 0),
        };
        var scores = new ListOpsScores(ListOpsCorpus.Longest(options));
        foreach (var row in corpus.Test)
            scores.Add(row, Answer(row), null);
        numbers["test_accuracy"] = numbers["selected_accuracy"] = scores.AddTo(numbers);
        stepDone?.Invoke(1);
        return new EpochMetrics(epoch, 0, numbers);
    }

    public override void Dispose()
    {
    }

    private int Answer(ListOpsRow row) => shortcut.Depth == 0 ? corpus.Majority : ListOpsExpression.Value(row.Expression, shortcut.Depth);
}
