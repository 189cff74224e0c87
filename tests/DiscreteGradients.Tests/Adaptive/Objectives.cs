using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.Adaptive;

/// <summary>Objectives [S.., B.., L, K] → [S.., B..] by name, for an example of that many entries.</summary>
internal static class Objectives
{
    internal static IReadOnlyList<string> Names { get; } = ["linear", "quadratic", "cubic", "mlp"];

    internal static Func<Tensor, Tensor> Of(string name, int size) => name switch
    {
        "linear" => Conformance.Polynomial(1, size),
        "quadratic" => Conformance.Polynomial(2, size),
        "cubic" => Conformance.Polynomial(3, size),
        "mlp" => Network(size),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    private static Func<Tensor, Tensor> Network(int size)
    {
        var (first, second) = (Conformance.Logits([size, 8], seed: 11), Conformance.Logits([8], seed: 12));
        return z => (z.flatten(-2).matmul(first) - 0.5).tanh().matmul(second) + 1;
    }
}
