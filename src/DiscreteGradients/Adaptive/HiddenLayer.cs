namespace DiscreteGradients;

/// <summary>A network of one hidden layer with LeakyReLU 0.3, whose weights are the state of an adaptive estimator.</summary>
internal static class HiddenLayer
{
    private const double Leak = 0.3;

    /// <summary>Weights uniform as Glorot and Bengio 2010 have them, biases zero.</summary>
    internal static IEnumerable<(string Name, Tensor Value)> Initial(long inputs, long hidden, long outputs, Generator generator) =>
        [.. Layer("hidden", inputs, hidden, generator), .. Layer("output", hidden, outputs, generator)];

    /// <summary>[.., inputs] → [.., outputs].</summary>
    internal static Tensor Apply(Tensor input, IReadOnlyDictionary<string, Tensor> state)
    {
        var hidden = nn.functional.linear(input, state["hidden.weight"], state["hidden.bias"]);
        return nn.functional.linear(nn.functional.leaky_relu(hidden, Leak), state["output.weight"], state["output.bias"]);
    }

    /// <summary>
    /// A network of two inputs at many first inputs <paramref name="x"/> [R.., N] that share the second one, <paramref name="y"/> [R..]:
    /// [outputs, R.., N]. Weights may be given a gradient, inputs may not.
    /// </summary>
    /// <remarks>
    /// Along x the network is a straight line between the points where its units turn. So the lines are made once a row, from left to
    /// right, and each x looks up its own: N + H numbers a row where the units' activations would be N · H.
    /// </remarks>
    internal static Tensor Along(Tensor x, Tensor y, IReadOnlyDictionary<string, Tensor> state)
    {
        var (slope, shift) = (state["hidden.weight"].select(1, 0), state["hidden.weight"].select(1, 1));
        var intercept = (y.unsqueeze(-1) * shift) + state["hidden.bias"];
        Tensor order, piece;
        using (no_grad())
        {
            var falls = (-slope).masked_fill(slope == 0, 0);  // +0, so that a unit that never turns is open or closed to the end
            (var turns, order) = (intercept / falls).nan_to_num(0).sort(-1);
            piece = searchsorted(turns.contiguous(), x.contiguous());
        }

        // Slope and intercept of each unit in each output [outputs, 2, R.., H]; far to the left the units that fall to the right are open.
        var units = stack([slope.expand_as(intercept), intercept], 0);
        var weighted = state["output.weight"].view([-1, 1, .. Enumerable.Repeat(1L, (int)y.dim()), slope.shape[0]]) * units;
        var rises = (slope > 0).to_type(slope.dtype);
        var leftmost = (weighted * (1 - ((1 - Leak) * rises))).sum([-1], keepdim: true);
        var changes = (weighted * ((1 - Leak) * ((2 * rises) - 1))).gather(-1, order.expand(weighted.shape));
        var lines = cat([leftmost, leftmost + changes.cumsum(-1)], -1);

        var line = lines.gather(-1, piece.expand([.. lines.shape[..^1], x.shape[^1]]));
        return (line.select(1, 0) * x) + line.select(1, 1) + state["output.bias"].view([-1, .. Enumerable.Repeat(1L, (int)x.dim())]);
    }

    private static (string, Tensor)[] Layer(string name, long inputs, long outputs, Generator generator)
    {
        Check.Room(outputs, "units", [inputs], ScalarType.Float32, generator.device);
        var bound = Math.Sqrt(6.0 / (inputs + outputs));
        var weight = (rand([outputs, inputs], ScalarType.Float32, generator.device, generator: generator) * (2 * bound)) - bound;
        return [($"{name}.weight", nn.Parameter(weight)), ($"{name}.bias", nn.Parameter(zeros([outputs], device: generator.device)))];
    }
}
