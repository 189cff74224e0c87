using TorchSharp.Modules;

namespace DiscreteGradients;

/// <summary>A network of one hidden layer with LeakyReLU 0.3, whose weights are the state of an adaptive estimator.</summary>
internal static class HiddenLayer
{
    /// <summary>Weights uniform as Glorot and Bengio 2010 have them, biases zero.</summary>
    internal static IEnumerable<(string Name, Tensor Value)> Initial(long inputs, long hidden, long outputs, Generator generator) =>
    [
        ("hidden.weight", Glorot(hidden, inputs, generator)),
        ("hidden.bias", nn.Parameter(zeros([hidden], device: generator.device))),
        ("output.weight", Glorot(outputs, hidden, generator)),
        ("output.bias", nn.Parameter(zeros([outputs], device: generator.device))),
    ];

    /// <summary>[.., inputs] → [.., outputs].</summary>
    internal static Tensor Apply(Tensor input, IReadOnlyDictionary<string, Tensor> state)
    {
        var hidden = nn.functional.linear(input, state["hidden.weight"], state["hidden.bias"]);
        return nn.functional.linear(nn.functional.leaky_relu(hidden, 0.3), state["output.weight"], state["output.bias"]);
    }

    private static Parameter Glorot(long outputs, long inputs, Generator generator)
    {
        var bound = Math.Sqrt(6.0 / (inputs + outputs));
        return nn.Parameter((rand([outputs, inputs], ScalarType.Float32, generator.device, generator: generator) * (2 * bound)) - bound);
    }
}
