using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.Adaptive;

public class HiddenLayerTests
{
    [Theory]
    [InlineData(2, 1)]
    [InlineData(2, 40)]
    [InlineData(3, 0)]
    public void Looking_up_lines_is_the_network(int outputs, int count)
    {
        using var scope = NewDisposeScope();
        var state = State(outputs);
        var (x, y) = (Conformance.Logits([4, 5, count], seed: 5) * 3, Conformance.Logits([4, 5], seed: 6) * 2);

        var plain = HiddenLayer.Apply(stack([x, y.unsqueeze(-1).expand_as(x)], -1), state).movedim([-1], [0]);
        var lines = HiddenLayer.Along(x, y, state);

        Assert.Equal(plain.shape, lines.shape);
        Close(plain, lines);
        var upstream = Conformance.Logits(plain.shape, seed: 7);
        Tensor[] weights = [.. state.Values];
        var pairs = autograd.grad([(plain * upstream).sum()], weights).Zip(autograd.grad([(lines * upstream).sum()], weights));
        foreach (var (expected, got) in pairs)
            Close(expected, got);
    }

    [Fact]
    public void Units_that_never_turn_are_looked_up_too()
    {
        using var scope = NewDisposeScope();
        var state = State(outputs: 2);
        using (no_grad())
        {
            state["hidden.weight"][TensorIndex.Slice(0, 6), 0] = 0;
            state["hidden.weight"][TensorIndex.Slice(2, 4), 0] = -0.0;
            state["hidden.weight"][0, 1] = 0;  // nor do they all depend on the other input
            state["hidden.bias"][0] = 0;
        }

        var (x, y) = (Conformance.Logits([7, 9], seed: 5), Conformance.Logits([7], seed: 6));

        Close(HiddenLayer.Apply(stack([x, y.unsqueeze(-1).expand_as(x)], -1), state).movedim([-1], [0]), HiddenLayer.Along(x, y, state));
    }

    private static Dictionary<string, Tensor> State(int outputs)
    {
        using var generator = Conformance.Seeded();
        return HiddenLayer.Initial(inputs: 2, hidden: 30, outputs, generator).ToDictionary(
            entry => entry.Name,
            entry => (entry.Value.detach().to_type(ScalarType.Float64) + (0.1 * Conformance.Logits(entry.Value.shape, seed: 3)))
                .requires_grad_(true));
    }

    private static void Close(Tensor expected, Tensor got) =>
        Assert.True(expected.numel() == 0 || (expected - got).abs().max().item<double>() < 1e-12);
}
