using System.Diagnostics;
using TorchSharp.Modules;

namespace DiscreteGradients.Experiments;

/// <summary>A search in training: in turn a step of the weights on one half of the images and a step of the logits on the other.</summary>
internal sealed class NasSearch : TrainingRun
{
    private const int Purposes = 4;
    private const double InitialDeviation = 1e-3;
    private const double Momentum = 0.9;
    private const double ArchBeta1 = 0.5;

    private readonly NasOptions _options;
    private readonly NasData _data;
    private readonly Method _method;
    private readonly long _seed;
    private readonly IReadOnlyList<Method> _measured;
    private readonly Device _device;
    private readonly NasNetwork _network;
    private readonly ChoiceTable _table;
    private readonly Parameter[] _weights;
    private readonly Sgd _sgd;
    private readonly Adam _adam;
    private readonly Generator _order;
    private readonly Generator _noise;
    private readonly Tensor _history;

    internal NasSearch(NasOptions options, NasData data, Method method, long seed, IReadOnlyList<Method> measured)
    {
        (_options, _data, _method, _seed, _measured) = (options, data, method, seed, measured);
        _device = Devices.Get(options.Device);
        (_order, _noise) = (Seeds.Generator(seed, 1, Purposes), Seeds.Generator(seed, 2, Purposes, _device));
        using (var weights = Seeds.Generator(seed, 0, Purposes))
        using (NewDisposeScope())
        {
            _network = new NasNetwork(data.Images.Channels, options.Channels, options.StageCells, data.Images.Classes.Count, weights);
            var logits = InitialDeviation * randn(NasCell.Edges.Count, NasOperations.All.Count, generator: weights);
            _table = new ChoiceTable(NasMethods.Rule(method, null)!, logits);
            _history = zeros(options.Epochs + 1, logits.shape[0], logits.shape[1]).DetachFromDisposeScope();
            _history[0] = logits;
        }

        _network.to(_device);
        _table.to(_device);
        _weights = [.. _network.parameters()];
        _sgd = new Sgd(_weights, options.Lr, Momentum, nesterov: true, new WeightDecay(options.Decay, IsDecoupled: false));
        _adam = new Adam([_table.Logits], options.ArchLr, beta1: ArchBeta1, decay: new WeightDecay(options.ArchDecay!.Value, false));
        Keep("network", _network);
        Keep("architecture", _table);
        Keep("history", _history);
        Keep(_sgd);
        Keep(_adam, "architecture.");
        Keep("order", _order);
        Keep("noise", _noise);
    }

    protected override EpochMetrics Train(int epoch, Action<double>? stepDone, CancellationToken cancellation)
    {
        var numbers = new Dictionary<string, double>();
        if (_measured.Count > 0 && (epoch == 1 || epoch % _options.QualityEvery == 0))
            MeasureGradients(epoch, numbers, () => stepDone?.Invoke(0), cancellation);
        var temperature = Temperature(epoch);
        _table.Rule = NasMethods.Rule(_method, temperature)!;
        var batches = Minibatches.Shuffled(_data.Weights.Count, _options.Batch, _order);
        var rate = Schedule.Cosine(_options.Lr, _options.LrEnd, (long)batches.Count * _options.Epochs);
        var (weights, architecture) = (new Tally(), new Tally());
        var watch = Stopwatch.StartNew();
        foreach (var (step, batch) in batches.Index())
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            _sgd.LearningRate = rate(((long)(epoch - 1) * batches.Count) + step);
            weights.Add(TrainWeights(batch), batch.Length);
            architecture.Add(TrainArchitecture(_data.Architecture.Draw(batch.Length, _order)), batch.Length);
            stepDone?.Invoke((step + 1.0) / batches.Count);
        }

        var seconds = watch.Elapsed.TotalSeconds;
        numbers[Metrics.TrainLoss] = weights.Loss;
        numbers["arch_loss"] = architecture.Loss;
        numbers["arch_accuracy"] = architecture.Accuracy;
        numbers["learning_rate"] = _sgd.LearningRate;
        if (temperature is { } tau)
            numbers["temperature"] = tau;
        AddArchitecture(epoch, numbers);
        return new EpochMetrics(epoch, seconds, numbers) { Steps = batches.Count, Sketches = Sketches(epoch) };
    }

    public override void Dispose()
    {
        _sgd.Dispose();
        _adam.Dispose();
        _network.Dispose();
        _table.Dispose();
        _history.Dispose();
        _order.Dispose();
        _noise.Dispose();
    }

    /// <summary>A step of the weights, with a sample of the logits that wants no gradient of them.</summary>
    private (double Loss, double Right) TrainWeights(long[] batch)
    {
        Ask(ofWeights: true, ofArchitecture: false);
        var (loss, right) = Loss(_data.Weights.Augmented(batch, _order, _device));
        loss.backward();
        _sgd.Step();
        return (Finite(loss.item<float>()), right);
    }

    /// <summary>A step of the logits, with a new sample; nothing is computed for the weights.</summary>
    private (double Loss, double Right) TrainArchitecture(long[] batch)
    {
        var isTrained = _method.Made is not UntrainedCells;
        Ask(ofWeights: false, ofArchitecture: isTrained);
        var (loss, right) = Loss(_data.Architecture.Augmented(batch, _order, _device));
        if (isTrained)
        {
            loss.backward();
            _adam.Step();
        }

        return (Finite(loss.item<float>()), right);
    }

    private (Tensor Loss, double Right) Loss((Tensor Images, Tensor Labels) batch)
    {
        var logits = _network.call(batch.Images, _table.Draw(_noise));
        return (nn.functional.cross_entropy(logits, batch.Labels), logits.argmax(-1).eq(batch.Labels).sum().item<long>());
    }

    private void Ask(bool ofWeights, bool ofArchitecture)
    {
        foreach (var weight in _weights)
            (weight.requires_grad, weight.grad) = (ofWeights, null);
        (_table.Logits.requires_grad, _table.Logits.grad) = (ofArchitecture, null);
    }

    /// <summary>In a straight line over the epochs; null for a method that has no temperature.</summary>
    private double? Temperature(int epoch) => _method.Settings.TryGetValue(NasMethods.Temperature, out var first)
        ? Schedule.Linear((double)first, _options.TemperatureEnd ?? (double)first, Math.Max(1, _options.Epochs - 1))(epoch - 1)
        : null;

    private void AddArchitecture(int epoch, Dictionary<string, double> numbers)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var logits = _table.Logits.detach();
        _history[epoch] = logits;
        var entropies = Distribution.Entropy(logits).cpu().data<float>().ToArray();
        numbers["entropy"] = entropies.Average(entropy => (double)entropy);
        foreach (var (edge, entropy) in NasCell.Edges.Zip(entropies))
            numbers[$"edge_entropy/{edge.From}-{edge.To}"] = entropy;
        NasScores.AddTo(numbers, Found());
    }

    private NasCell Found() => new([.. _table.MostProbable().Select(operation => (NasOperation)operation)]);

    private void MeasureGradients(int epoch, Dictionary<string, double> numbers, Action pause, CancellationToken cancellation)
    {
        Ask(ofWeights: false, ofArchitecture: false);
        using var generator = Seeds.OfEpoch(_seed, epoch, _device);
        using var scope = NewDisposeScope();
        var some = Enumerable.Range(0, Math.Min(_options.Batch, _data.Architecture.Count)).Select(i => (long)i).ToList();
        new NasGradients(_network, _table.Logits.detach(), _data.Architecture.Plain(some, _device)).Measure(
            [.. _measured.Select(method => (method.Name, NasMethods.Rule(method, null)!))], _options.QualityDraws, generator, numbers,
            pause, cancellation);
    }

    private Sketch[] Sketches(int epoch)
    {
        if (_options.PictureEvery == 0 || (epoch != _options.Epochs && epoch % _options.PictureEvery != 0))
            return [];
        var (table, cell) = (NasTable.Shipped, Found());
        var row = table.Lookup(cell);
        return
        [
            NasCellSketch.Draw(cell, cell.ToString(), string.Join(", ", NasTable.Sets.Select(
                set => $"{set.Title} {row[set.Set].Test.ToString("0.00", CultureInfo.InvariantCulture)} %"))),
            NasLogitsSketch.Draw(_history, epoch),
        ];
    }

    /// <summary>Means over images.</summary>
    private sealed class Tally
    {
        private double _loss;
        private double _right;
        private int _count;

        internal double Loss => _loss / _count;

        internal double Accuracy => _right / _count;

        internal void Add((double Loss, double Right) batch, int count)
        {
            _loss += batch.Loss * count;
            _right += batch.Right;
            _count += count;
        }
    }
}
