using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.Routing;

/// <summary>The layer against a loop over tokens, and what it reports.</summary>
public sealed class MixtureOfExpertsTests
{
    private const int Count = 4;
    private const long Width = 5;
    private const long Outputs = 3;

    public static TheoryData<string, bool> RoutersAndModes { get; } =
        [.. Routers.All.SelectMany(entry => new[] { (entry.Name, true), (entry.Name, false) })];

    [Theory]
    [MemberData(nameof(RoutersAndModes))]
    public void The_layer_equals_a_loop_over_tokens_in_value_and_every_gradient(string name, bool training)
    {
        foreach (var dtype in new[] { ScalarType.Float64, ScalarType.Float32 })
        {
            using var scope = NewDisposeScope();
            var router = Routers.Get(name).Default;
            using var layer = Layer(router, dtype);
            layer.train(training);
            var x = Conformance.Logits([3, 7, Width], dtype).requires_grad_(true);
            var scores = Conformance.Logits([3, 7, Count * router.ScoresPerExpert], dtype, seed: 5).requires_grad_(true);
            var slope = Conformance.Logits([3, 7, Outputs], dtype, seed: 6);

            var output = layer.Mix(x, scores);
            (output * slope).sum().backward();
            var found = Gradients(layer, x, scores);

            var routing = router.Route(
                scores.view(21, -1), bias: null, training ? Noise.Draw(Conformance.Seeded()).Other().Other() : null);
            var expected = TokenLoop.Mix(x.view(21, Width), routing, layer.Experts, Outputs);
            if (router.ScalesOutput)
                expected *= layer.get_parameter("output_scale")!;
            (expected.view_as(slope) * slope).sum().backward();
            Close(expected.view_as(slope), output, dtype);
            Assert.Equal(found.Count, Gradients(layer, x, scores, again: true).Count);
            Assert.All(Gradients(layer, x, scores).Zip(found), pair => Close(pair.First, pair.Second, dtype));
        }
    }

    /// <summary>The gradients of everything, which are then cleared.</summary>
    private static List<Tensor> Gradients(MixtureOfExperts layer, Tensor x, Tensor scores, bool again = false)
    {
        var found = new List<Tensor>();
        foreach (var tensor in layer.parameters().Append(x).Append(scores))
        {
            if (tensor.grad is not { } gradient)
                continue;
            found.Add(gradient.clone());
            if (!again)
                tensor.grad = null;
        }

        return found;
    }

    private static void Close(Tensor expected, Tensor found, ScalarType dtype)
    {
        Assert.Equal(expected.shape, found.shape);
        Assert.True(
            found.allclose(expected, rtol: dtype == ScalarType.Float64 ? 1e-12 : 1e-4, atol: dtype == ScalarType.Float64 ? 1e-13 : 1e-5),
            $"{(found - expected).abs().max().to_type(ScalarType.Float64).item<double>()}");
    }

    private static MixtureOfExperts Layer(
        Router router, ScalarType dtype = ScalarType.Float64, double? capacityFactor = null, double biasRate = 0)
    {
        using var weights = Conformance.Seeded(9);
        var layer = new MixtureOfExperts(
            TokenLoop.Experts(Count, Width, Outputs), router, Width, Outputs,
            new LinearScores(Width, Count * router.ScoresPerExpert, weights), capacityFactor, biasRate, Conformance.Seeded());
        layer.to(dtype);
        return layer;
    }
}
