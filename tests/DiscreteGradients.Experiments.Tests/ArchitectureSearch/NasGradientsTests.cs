namespace DiscreteGradients.Experiments.Tests.ArchitectureSearch;

public sealed class NasGradientsTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Generator _weights = new(1);
    private readonly NasNetwork _network;
    private readonly Tensor _logits;
    private readonly (Tensor Images, Tensor Labels) _batch;
    private readonly NasGradients _gradients;

    public NasGradientsTests()
    {
        set_num_threads(1);
        _network = new NasNetwork(3, 8, 1, 10, _weights);
        foreach (var parameter in _network.parameters())
            parameter.requires_grad = false;
        _logits = randn(6, 5, generator: _weights);
        _batch = (randn(8, 3, 8, 8, generator: _weights), arange(8, ScalarType.Int64));
        _gradients = new NasGradients(_network, _logits, _batch);
    }

    public void Dispose()
    {
        _network.Dispose();
        _weights.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void The_exact_gradient_is_that_of_the_expected_loss()
    {
        var leaf = _logits.to_type(ScalarType.Float64).requires_grad_(true);
        var log = leaf.log_softmax(-1);
        var expected = zeros([], ScalarType.Float64);
        for (var first = 0; first < 5; first++)
        {
            for (var second = 0; second < 5; second++)
                expected += Loss(new EulerRule(), _logits, first, second).item<float>() * (log[0, first] + log[4, second]).exp();
        }

        var exact = autograd.grad([expected], [leaf])[0];

        Assert.True(stack([exact[0], exact[4]], 0).allclose(_gradients.Exact(), atol: 1e-7));
    }

    [Theory]
    [InlineData("dense")]
    [InlineData("gdas")]
    [InlineData("euler")]
    [InlineData("mid-point")]
    public void The_gradient_of_a_sample_is_that_of_a_step(string name)
    {
        ChoiceRule rule = name switch
        {
            "dense" => new DenseRule(new ReinMax()),
            "gdas" => new GdasRule(new StraightThrough()),
            "euler" => new EulerRule(),
            _ => new MidpointRule(),
        };
        var leaf = _logits.detach().requires_grad_(true);
        foreach (var (first, second) in ((int, int)[])[(3, 2), (1, 4), (2, 0), (0, 3)])
        {
            leaf.grad = null;
            Loss(rule, leaf, first, second, isHalved: name == "mid-point").backward();

            var gradients = _gradients.Gradients(rule, [first, second], 2, new Generator(1));

            var expected = stack([leaf.grad![0], leaf.grad![4]], 0).to_type(ScalarType.Float64);
            Assert.True(gradients[0].allclose(expected, rtol: 1e-4, atol: 1e-6));
            Assert.True(gradients[1].allclose(expected, rtol: 1e-4, atol: 1e-6));
        }
    }

    [Fact]
    public void The_network_stays_as_it_is_and_errors_are_those_of_the_expectation()
    {
        string State() => string.Join(
            ' ', _network.buffers().Concat(_network.parameters()).Select(t => t.to_type(ScalarType.Float64).sum().item<double>()));
        var before = State();
        var numbers = new Dictionary<string, double>();
        var paused = 0;

        _gradients.Measure(
            [("reinmax", new DenseRule(new ReinMax())), ("gdas", new GdasRule(new GumbelRao(1)))], 16, new Generator(1), numbers,
            () => paused++, CancellationToken.None);

        Assert.Equal(before, State());
        Assert.Equal(50, paused);
        Assert.Equal(8, numbers.Count);
        var p = _logits.to_type(ScalarType.Float64).softmax(-1);
        var (mean, exact) = (zeros(2, 5, ScalarType.Float64), _gradients.Exact());
        for (var k = 0; k < 25; k++)
        {
            int[] operations = [k / 5, k % 5];
            var gradient = _gradients.Gradients(new DenseRule(new ReinMax()), operations, 1, new Generator(1))[0];
            mean += p[0, operations[0]] * p[4, operations[1]] * gradient;
        }

        Assert.Equal(((mean - exact).norm() / exact.norm()).item<double>(), numbers["bias/reinmax"], 1e-6);
        Assert.Equal(((mean * exact).sum() / (mean.norm() * exact.norm())).item<double>(), numbers["cosine/reinmax"], 1e-6);
    }

    /// <summary>With skips on the other edges, whose output the mid-point rule leaves whole here, as the measurement does.</summary>
    private Tensor Loss(ChoiceRule rule, Tensor logits, int first, int second, bool isHalved = false)
    {
        const int Skip = (int)NasOperation.Skip;
        var choices = rule.Take(logits, [first, Skip, Skip, Skip, second, Skip]).ToArray();
        if (isHalved)
        {
            var rest = rule.Take(logits.detach(), [first, Skip, Skip, Skip, second, Skip]);
            foreach (var edge in (int[])[1, 2, 3, 5])
                choices[edge] = rest[edge];
        }

        return nn.functional.cross_entropy(_network.call(_batch.Images, choices), _batch.Labels);
    }
}
