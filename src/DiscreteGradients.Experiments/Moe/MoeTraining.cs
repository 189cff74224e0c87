using System.Diagnostics;

namespace DiscreteGradients.Experiments;

/// <summary>A model with mixtures of experts in training, with Adam and decoupled weight decay.</summary>
internal sealed class MoeTraining : TrainingRun
{
    private const double Decay = 0.01;

    private readonly MoeOptions _options;
    private readonly MoeTaskRun _task;
    private readonly Adam _adam;
    private readonly TorchSharp.Modules.Parameter[] _parameters;

    /// <param name="task">Belongs to this run from now on.</param>
    internal MoeTraining(MoeOptions options, MoeTaskRun task)
    {
        (_options, _task) = (options, task);
        _parameters = [.. task.Model.parameters()];
        _adam = new Adam(_parameters, options.Lr, decay: new WeightDecay(Decay, IsDecoupled: true));
        Keep("model", task.Model);
        Keep(_adam);
        Keep("order", task.Seeds.Order);
        Keep("noise", task.Seeds.Noise);
    }

    protected override EpochMetrics Train(int epoch, Action<double>? stepDone, CancellationToken cancellation)
    {
        var numbers = new Dictionary<string, double>();
        if (_options.QualityEvery > 0 && (epoch == 1 || epoch % _options.QualityEvery == 0))
            RouterGradients.Measure(_task, _options.QualityDraws, epoch, numbers, cancellation);
        _task.Model.train();
        var (total, norm) = (0.0, 0.0);
        var watch = Stopwatch.StartNew();
        for (var step = 1; step <= _options.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            ClearGradients();
            var loss = _task.Loss();
            total += Finite(loss.item<float>());
            (loss + Balance()).backward();
            foreach (var layer in _task.Layers)
            {
                layer.Count();
                norm += layer.Mixture.RouterGradientNorm();
            }

            _adam.Step();
            stepDone?.Invoke((double)step / _options.Steps);
        }

        var seconds = watch.Elapsed.TotalSeconds;
        ClearGradients();
        numbers[Metrics.TrainLoss] = total / _options.Steps;
        numbers["router_gradient"] = norm / (_options.Steps * _task.Layers.Count);
        AddLoads(numbers);
        _task.Model.eval();
        using (no_grad())
        {
            var draws = _options.PictureEvery > 0 && (epoch % _options.PictureEvery == 0 || epoch == _options.Epochs);
            return new EpochMetrics(epoch, seconds, numbers)
            {
                Steps = _options.Steps,
                Sketches = _task.Evaluate(numbers, draws, cancellation),
            };
        }
    }

    public override void Dispose()
    {
        _adam.Dispose();
        _task.Dispose();
    }

    private void ClearGradients()
    {
        foreach (var parameter in _parameters)
            parameter.grad = null;
    }

    /// <summary>What balances the load of all layers and keeps their scores small.</summary>
    private Tensor Balance()
    {
        var sum = zeros([]);
        foreach (var report in _task.Layers.Select(layer => layer.Mixture.Report))
        {
            if (_options.Balance > 0)
                sum += _options.Balance * report.BalanceLoss();
            if (_options.ZLoss > 0)
                sum += _options.ZLoss * report.ZLoss();
        }

        return sum;
    }

    /// <summary>The load of each expert in each layer as a share, and how even these shares are.</summary>
    private void AddLoads(Dictionary<string, double> numbers)
    {
        var (largest, variation, dropped) = (0.0, 0.0, 0.0);
        foreach (var (i, layer) in _task.Layers.Index())
        {
            var (load, lost) = layer.Counted();
            var all = Math.Max(1, load.Sum());
            var shares = Array.ConvertAll(load, count => (double)count / all);
            foreach (var (expert, share) in shares.Index())
                numbers[$"load_{i + 1}/{expert + 1}"] = share;
            largest += shares.Max() / _task.Layers.Count;
            variation += Math.Sqrt(shares.Sum(share => Math.Pow((share * load.Length) - 1, 2)) / load.Length) / _task.Layers.Count;
            dropped += (double)lost / all / _task.Layers.Count;
        }

        (numbers["largest_load"], numbers["load_variation"], numbers["dropped"]) = (largest, variation, dropped);
    }
}
