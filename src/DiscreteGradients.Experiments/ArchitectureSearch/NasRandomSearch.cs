using System.Runtime.InteropServices;

namespace DiscreteGradients.Experiments;

/// <summary>
/// Random search as a run: the cells are spread evenly over the epochs, and after each the one of the best validation accuracy on CIFAR-10
/// after 12 epochs of training, which is looked up, is what was found.
/// </summary>
internal sealed class NasRandomSearch : TrainingRun
{
    private const int Purposes = 4;

    private readonly NasOptions _options;
    private readonly int _cells;
    private readonly Generator _noise;
    private readonly Tensor _state = tensor([0L, 0]).DetachFromDisposeScope();

    internal NasRandomSearch(NasOptions options, int cells, long seed)
    {
        (_options, _cells, _noise) = (options, cells, Seeds.Generator(seed, 2, Purposes));
        Keep("noise", _noise);
        Keep("found", _state);
    }

    protected override EpochMetrics Train(int epoch, Action<double>? stepDone, CancellationToken cancellation)
    {
        var rows = NasTable.Shipped.Rows;
        var state = MemoryMarshal.Cast<byte, long>(_state.bytes);  // what was found, and of how many
        for (var upTo = ((long)_cells * epoch + _options.Epochs - 1) / _options.Epochs; state[1] < upTo; state[1]++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var drawn = randint(rows.Count, 1, ScalarType.Int64, generator: _noise);
            var index = drawn.item<long>();
            if (state[1] == 0 || rows[(int)index].Cifar10.EarlyValidation > rows[(int)state[0]].Cifar10.EarlyValidation)
                state[0] = index;
        }

        var numbers = new Dictionary<string, double>();
        NasScores.AddTo(numbers, rows[(int)state[0]].Cell);
        stepDone?.Invoke(1);
        return new EpochMetrics(epoch, 0, numbers);
    }

    public override void Dispose()
    {
        _noise.Dispose();
        _state.Dispose();
    }
}
