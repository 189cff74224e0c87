using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments;

/// <summary>
/// The network that is searched: images [B, colours, S, S] → logits of the classes. Three stages of cells, with C, 2C and 4C channels,
/// and a residual block of stride 2 between them. All cells have the same choices, one for each edge.
/// </summary>
/// <remarks>Reference: Dong et al. 2021, arXiv 2009.00437 (NATS-Bench), its topology space, and the released code of its search.</remarks>
internal sealed class NasNetwork : Module<Tensor, IReadOnlyList<Choice>, Tensor>
{
    private readonly Conv2d _stem;
    private readonly BatchNorm2d _stemNorm;
    private readonly Module[] _blocks;
    private readonly BatchNorm2d _lastNorm;
    private readonly Linear _classifier;

    /// <param name="colours">Channels of the images.</param>
    /// <param name="channels">C.</param>
    /// <param name="cells">Cells in each stage.</param>
    /// <param name="weights">Makes the initial weights.</param>
    internal NasNetwork(int colours, int channels, int cells, int classes, Generator weights)
        : base(nameof(NasNetwork))
    {
        _stem = Conv2d(colours, channels, kernel_size: 3, padding: 1, bias: false);
        _stemNorm = BatchNorm2d(channels);
        _blocks =
        [
            .. Stage(channels), new NasResidualBlock(channels), .. Stage(2 * channels), new NasResidualBlock(2 * channels),
            .. Stage(4 * channels),
        ];
        _lastNorm = BatchNorm2d(4 * channels);
        _classifier = Linear(4 * channels, classes);

        register_module("stem", _stem);
        register_module("stem_norm", _stemNorm);
        for (var i = 0; i < _blocks.Length; i++)
            register_module($"{i}", _blocks[i]);
        register_module("last_norm", _lastNorm);
        register_module("classifier", _classifier);
        Initialise(weights);

        IEnumerable<Module> Stage(int width) => Enumerable.Range(0, cells).Select(_ => new NasCellModule(width));
    }

    public override Tensor forward(Tensor images, IReadOnlyList<Choice> choices)
    {
        using var scope = NewDisposeScope();
        var x = _stemNorm.call(_stem.call(images));
        foreach (var block in _blocks)
            x = block is NasCellModule cell ? cell.call(x, choices) : ((NasResidualBlock)block).call(x);
        return _classifier.call(functional.relu(_lastNorm.call(x)).mean([2, 3])).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// PyTorch's initialisation, U(−1/√inputs, 1/√inputs) for weights and biases of layers, from the given generator.
    /// </summary>
    private void Initialise(Generator generator)
    {
        using var _ = no_grad();
        foreach (var module in modules())
        {
            var (weight, bias) = module switch
            {
                Conv2d conv => (conv.weight, conv.bias),
                Linear linear => (linear.weight, linear.bias),
                _ => (null, null),
            };
            if (weight is null)
                continue;
            var bound = 1 / Math.Sqrt(weight.numel() / weight.shape[0]);
            weight.uniform_(-bound, bound, generator);
            bias?.uniform_(-bound, bound, generator);
        }
    }
}

/// <summary>A cell with all operations on every edge. A node is the sum of its edges; the last one is the output.</summary>
internal sealed class NasCellModule : Module<Tensor, IReadOnlyList<Choice>, Tensor>
{
    private readonly DiscreteChoice[] _edges;

    internal NasCellModule(int channels)
        : base(nameof(NasCellModule))
    {
        _edges = [.. NasCell.Edges.Select(_ => new DiscreteChoice([.. NasOperations.All.Select(operation => Make(operation, channels))]))];
        for (var i = 0; i < _edges.Length; i++)
            register_module($"{i}", _edges[i]);
    }

    public override Tensor forward(Tensor input, IReadOnlyList<Choice> choices)
    {
        using var scope = NewDisposeScope();
        var nodes = new Tensor?[NasCell.Nodes];
        nodes[0] = input;
        foreach (var (i, edge) in NasCell.Edges.Index())
        {
            var term = _edges[i].call(nodes[edge.From]!, choices[i]);
            nodes[edge.To] = nodes[edge.To] is { } sum ? sum + term : term;
        }

        return nodes[^1]!.MoveToOuterDisposeScope();
    }

    private static Module<Tensor, Tensor> Make(NasOperation operation, int channels) => operation switch
    {
        NasOperation.None => new ZeroOperation(),
        NasOperation.Skip => Identity(),
        NasOperation.Conv1x1 => new NasConvolution(channels, 1),
        NasOperation.Conv3x3 => new NasConvolution(channels, 3),
        _ => AvgPool2d(3, stride: 1, padding: 1, count_include_pad: false),
    };
}

/// <summary>
/// ReLU, a convolution and a batch norm without weights of its own, which uses the statistics of the batch in evaluation too.
/// </summary>
/// <remarks>
/// The norm takes the convolution's bias out again. It is there because the released code has one where the norm has none.
/// </remarks>
internal sealed class NasConvolution : Module<Tensor, Tensor>
{
    private readonly Conv2d _conv;
    private readonly BatchNorm2d _norm;

    internal NasConvolution(int channels, int side)
        : base(nameof(NasConvolution))
    {
        _conv = Conv2d(channels, channels, kernel_size: side, padding: side / 2, bias: true);
        _norm = BatchNorm2d(channels, affine: false, track_running_stats: false);
        register_module("conv", _conv);
        register_module("norm", _norm);
    }

    public override Tensor forward(Tensor input)
    {
        using var active = functional.relu(input);
        using var sums = SameConvolution.Apply(active, _conv.weight, _conv.bias!);
        return _norm.call(sums);
    }
}

/// <summary>Halves the image and doubles the channels: two ReLU, 3x3 convolution and norm, beside pooling and a 1x1 convolution.</summary>
internal sealed class NasResidualBlock : Module<Tensor, Tensor>
{
    private readonly Conv2d _first;
    private readonly Conv2d _second;
    private readonly Conv2d _shortcut;
    private readonly BatchNorm2d _firstNorm;
    private readonly BatchNorm2d _secondNorm;

    internal NasResidualBlock(int channels)
        : base(nameof(NasResidualBlock))
    {
        _first = Conv2d(channels, 2 * channels, kernel_size: 3, stride: 2, padding: 1, bias: false);
        _firstNorm = BatchNorm2d(2 * channels);
        _second = Conv2d(2 * channels, 2 * channels, kernel_size: 3, padding: 1, bias: false);
        _secondNorm = BatchNorm2d(2 * channels);
        _shortcut = Conv2d(channels, 2 * channels, kernel_size: 1, bias: false);
        register_module("first", _first);
        register_module("first_norm", _firstNorm);
        register_module("second", _second);
        register_module("second_norm", _secondNorm);
        register_module("shortcut", _shortcut);
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var first = _firstNorm.call(_first.call(functional.relu(input)));
        var second = _secondNorm.call(_second.call(functional.relu(first)));
        return (second + _shortcut.call(functional.avg_pool2d(input, 2, stride: 2))).MoveToOuterDisposeScope();
    }
}
