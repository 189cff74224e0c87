namespace DiscreteGradients.Experiments.Tests.ArchitectureSearch;

public sealed class NasNetworkTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public NasNetworkTests() => set_num_threads(1);

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void A_cell_of_skips_counts_the_paths()
    {
        var x = randn(2, 4, 6, 6);

        Assert.True((4 * x).allclose(Cell(4).call(x, All(NasOperation.Skip))));
        Assert.True(zeros_like(x).allclose(Cell(4).call(x, All(NasOperation.None))));
    }

    [Fact]
    public void Pooling_leaves_the_padding_out_of_the_count()
    {
        var x = ones(1, 4, 5, 5);

        var y = Cell(4).call(x, Chosen(
            NasOperation.None, NasOperation.None, NasOperation.None, NasOperation.Pool3x3, NasOperation.None, NasOperation.None));

        Assert.True(x.allclose(y));
    }

    [Theory]
    [InlineData("nor_conv_1x1")]
    [InlineData("nor_conv_3x3")]
    public void A_convolution_is_normalised_by_its_batch_in_training_and_in_evaluation(string name)
    {
        var operation = NasOperations.All.Single(operation => operation.Name() == name);
        var cell = Cell(4);
        var x = randn(8, 4, 6, 6) + 3;
        var choices = Chosen(
            NasOperation.None, NasOperation.None, NasOperation.None, operation, NasOperation.None, NasOperation.None);

        var trained = cell.call(x, choices);
        cell.eval();
        var evaluated = cell.call(x, choices);

        Assert.True(trained.mean([0, 2, 3]).allclose(zeros(4), atol: 1e-5));
        Assert.True(trained.var([0, 2, 3], unbiased: false).allclose(ones(4), rtol: 1e-2));
        Assert.True(trained.allclose(evaluated));
        Assert.Empty(cell.buffers());
    }

    [Theory]
    [InlineData(8, 1, 3)]
    [InlineData(16, 2, 1)]
    public void The_network_has_the_parameters_of_the_benchmarks(int channels, int cells, int colours)
    {
        using var weights = new Generator(1);
        using var network = new NasNetwork(colours, channels, cells, 10, weights);

        var expected = (9L * colours * channels) + (2 * channels) + (2 * 4 * channels) + (10 * ((4 * channels) + 1));
        foreach (var width in (long[])[channels, 2 * channels, 4 * channels])
            expected += cells * 6 * ((10 * width * width) + (2 * width));
        foreach (var width in (long[])[channels, 2 * channels])
            expected += (9 * width * 2 * width) + (9 * 4 * width * width) + (2 * width * width) + (8 * width);

        Assert.Equal(expected, network.parameters().Sum(parameter => parameter.numel()));
        Assert.Equal(6 * 3, network.named_buffers().Count());
    }

    [Fact]
    public void Weights_follow_from_the_generator_alone()
    {
        string Weights(ulong seed)
        {
            using var generator = new Generator(seed);
            using var network = new NasNetwork(3, 4, 1, 10, generator);
            return string.Join(' ', network.parameters().Select(parameter => parameter.sum().item<float>()));
        }

        Assert.Equal(Weights(1), Weights(1));
        Assert.NotEqual(Weights(1), Weights(2));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(28)]
    [InlineData(32)]
    public void Any_choice_goes_through_at_every_size(int side)
    {
        using var weights = new Generator(1);
        using var network = new NasNetwork(3, 8, 1, 10, weights);
        var logits = zeros(6, 5).requires_grad_(true);
        for (var seed = 0; seed < 5; seed++)
        {
            var choices = new DenseRule(new ReinMax()).Draw(logits, generator: new Generator((ulong)seed));
            var y = network.call(randn(4, 3, side, side), choices);
            Assert.Equal([4, 10], y.shape);
            y.pow(2).sum().backward();
        }

        Assert.True(logits.grad!.isfinite().all().item<bool>());
        Assert.True((logits.grad!.norm() > 0).item<bool>());
    }

    [Theory]
    [InlineData(8, 1)]
    [InlineData(8, 3)]
    [InlineData(16, 3)]
    [InlineData(2, 3)]
    public void A_convolutions_gradients_are_libtorchs_and_do_not_depend_on_what_memory_held(int channels, int side)
    {
        var weight = (randn(channels, channels, side, side) / 10).requires_grad_(true);
        var bias = randn(channels).requires_grad_(true);
        var x = randn(16, channels, 16, 16).requires_grad_(true);
        var upstream = randn(16, channels, 16, 16);
        Tensor[] Gradients(Func<Tensor, Tensor, Tensor, Tensor> convolve, ScalarType dtype, bool isPoisoned)
        {
            var leaves = new[] { x, weight, bias }.Select(t => t.detach().to_type(dtype).requires_grad_(true)).ToArray();
            var y = convolve(leaves[0], leaves[1], leaves[2]);
            var loss = (y * upstream.to_type(dtype)).sum();
            if (isPoisoned)
                Poison(x.numel());
            loss.backward();
            return [y, .. leaves.Select(leaf => leaf.grad!)];
        }

        var exact = Gradients((x, w, b) => nn.functional.conv2d(x, w, b, padding: [side / 2, side / 2]), ScalarType.Float64, false);
        for (var i = 0; i < 10; i++)
        {
            var ours = Gradients(SameConvolution.Apply, ScalarType.Float32, true);
            Assert.All(exact.Zip(ours), pair => Assert.True(
                pair.First.allclose(pair.Second.to_type(ScalarType.Float64), rtol: 1e-3, atol: 1e-3)));
        }

        static void Poison(long size) => Enumerable.Range(1, 40).Select(i => full(i < 20 ? size : size >> (i - 19), float.NaN)).ToList()
            .ForEach(tensor => tensor.Dispose());
    }

    internal static IReadOnlyList<Choice> Chosen(params NasOperation[] operations) =>
        new EulerRule().Take(zeros(6, 5), [.. operations.Select(operation => (int)operation)]);

    private static IReadOnlyList<Choice> All(NasOperation operation) => Chosen([.. Enumerable.Repeat(operation, 6)]);

    private static NasCellModule Cell(int channels) => new(channels);
}
