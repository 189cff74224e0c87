using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments;

/// <summary>Linear layers with max(y, slope · y) between them and nothing after the last: [.., widths[0]] → [.., widths[^1]].</summary>
/// <remarks>
/// Parameters have the names they have in a Sequential of PyTorch, <c>0.weight</c>, <c>0.bias</c>, <c>2.weight</c>, …, and its
/// initialisation, U(−1/√inputs, 1/√inputs), from the given generator.
/// </remarks>
internal sealed class DenseStack : Module<Tensor, Tensor>
{
    private readonly TorchSharp.Modules.Linear[] _layers;
    private readonly float _slope;

    /// <param name="widths">Inputs, hidden units of each layer, outputs.</param>
    /// <param name="slope">Slope of the activation below zero, from 0 (ReLU) to 1.</param>
    internal DenseStack(long[] widths, double slope, Generator generator)
        : base(nameof(DenseStack))
    {
        _slope = (float)slope;
        _layers = [.. widths.Zip(widths.Skip(1), (inputs, outputs) => Linear(inputs, outputs))];
        using var _ = no_grad();
        for (var i = 0; i < _layers.Length; i++)
        {
            register_module($"{2 * i}", _layers[i]);
            var bound = 1 / Math.Sqrt(widths[i]);
            _layers[i].weight.uniform_(-bound, bound, generator);
            _layers[i].bias!.uniform_(-bound, bound, generator);
        }
    }

    public override Tensor forward(Tensor x)
    {
        for (var i = 0; i < _layers.Length; i++)
        {
            var layer = _layers[i];
            x = FusedLinear.Compute(x, layer.weight, layer.bias!, i < _layers.Length - 1 ? _slope : 1);
        }

        return x;
    }
}
