using System.Runtime.InteropServices;
using Expert = TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>;

namespace DiscreteGradients;

/// <summary>
/// A mixture of experts: a router chooses experts for every token, each expert runs once, on its own tokens, and a token's output is the
/// weighted sum of what its experts made of it.
/// </summary>
/// <remarks>
/// Tokens are the rows of the last axis, [.., W]. No token is dropped unless there is a capacity. An expert that gets no token does not
/// run, and its parameters get a zero gradient. In evaluation (<c>eval()</c>) experts are chosen without randomness. What is learnt, and
/// the bias that balances, are saved with the module. <see cref="Report"/> has losses and monitors of the last call.
/// </remarks>
public sealed class MixtureOfExperts : nn.Module<Tensor, Tensor>
{
    private const string Bias = "balance_bias";
    private const string Scale = "output_scale";

    private readonly Expert[] _experts;
    private readonly Expert _scorer;
    private readonly Generator? _generator;
    private readonly long _width;
    private readonly long _outputs;
    private readonly double? _capacityFactor;
    private readonly double _biasRate;
    private RoutingReport? _report;

    /// <summary>A layer, which owns the experts from now on.</summary>
    /// <param name="experts">N modules [rows, W] → [rows, outputs], of any kind.</param>
    /// <param name="router">Chooses the experts.</param>
    /// <param name="width">W, the last axis of the input.</param>
    /// <param name="outputs">The last axis of the output; null for W.</param>
    /// <param name="scorer">
    /// Gives the scores, [T, W] → [T, N · <see cref="Router.ScoresPerExpert"/>]; null for a linear map without a bias.
    /// </param>
    /// <param name="capacityFactor">
    /// An expert takes at most this times its fair share of the choices, rounded up, the earliest tokens first; the other choices are
    /// dropped. Null drops none.
    /// </param>
    /// <param name="biasRate">
    /// How much a batch of training changes the bias that balances the experts: up where an expert has less than its share, down where it
    /// has more. 0 for no bias. For routers that choose by the order of scores. Reference: Wang et al. 2024, arXiv 2408.15664, algorithm 1.
    /// </param>
    /// <param name="generator">Source of randomness; never disposed. Null means TorchSharp's default one.</param>
    /// <exception cref="ArgumentException">No experts, or fewer than the router needs; a number out of range.</exception>
    public MixtureOfExperts(
        IEnumerable<Expert> experts, Router router, long width, long? outputs = null, Expert? scorer = null,
        double? capacityFactor = null, double biasRate = 0, Generator? generator = null)
        : base(nameof(MixtureOfExperts))
    {
        Check.Given(experts);
        Check.Given(router);
        _experts = [.. experts];
        (Router, _width, _outputs) = (router, Check.AtLeast(1, width), Check.AtLeast(1, outputs ?? width, nameof(outputs)));
        (_capacityFactor, _biasRate) = (RoutingCheck.Capacity(capacityFactor), RoutingCheck.Fraction(biasRate));
        RoutingCheck.Layer(router, _experts, biasRate);
        Check.Generator(generator);
        _generator = generator;
        Check.Libtorch();

        _scorer = scorer ?? new LinearScores(width, _experts.Length * router.ScoresPerExpert, generator);
        register_module("experts", nn.ModuleList(_experts));
        register_module("scorer", _scorer);
        if (router.ScalesOutput)
            register_parameter(Scale, nn.Parameter(ones(_outputs).DetachFromDisposeScope()));
        if (biasRate > 0)
            register_buffer(Bias, zeros(_experts.Length).DetachFromDisposeScope());
    }

    /// <summary>Chooses the experts.</summary>
    public Router Router { get; }

    /// <summary>The modules that run on the tokens.</summary>
    public IReadOnlyList<Expert> Experts => _experts;

    /// <summary>What was done with the last batch.</summary>
    /// <exception cref="InvalidOperationException">The layer has not been called.</exception>
    public RoutingReport Report => _report ?? throw new InvalidOperationException(
        "The mixture of experts has no report yet; call forward first.");

    /// <summary>x [.., W] → [.., outputs].</summary>
    public override Tensor forward(Tensor x) => Run(x, scores: null, mask: null);

    /// <summary>The same for the tokens that count; the others take no part, and their output is zero.</summary>
    /// <param name="x">[.., W].</param>
    /// <param name="mask">True where a token counts, Boolean [..]; null for all.</param>
    /// <exception cref="ArgumentException">
    /// Wrong shape or dtype; scores that hold NaN or +∞; an expert whose output has another shape.
    /// </exception>
    public Tensor forward(Tensor x, Tensor? mask) => Run(x, scores: null, mask);

    /// <summary>
    /// The same with scores of your own in place of the scorer's, for a router that sees something else than the experts do.
    /// </summary>
    /// <param name="x">[.., W].</param>
    /// <param name="scores">[.., N · <see cref="Router.ScoresPerExpert"/>].</param>
    /// <param name="mask">True where a token counts, Boolean [..]; null for all.</param>
    /// <exception cref="ArgumentException">
    /// Wrong shape or dtype; scores that hold NaN or +∞; an expert whose output has another shape.
    /// </exception>
    public Tensor Mix(Tensor x, Tensor scores, Tensor? mask = null)
    {
        Check.Given(scores);
        return Run(x, scores, mask);
    }

    /// <summary>The norm of the gradient that the last <c>backward()</c> left on the scorer's parameters; 0 if there is none.</summary>
    public double RouterGradientNorm()
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        return Math.Sqrt(_scorer.parameters().Sum(p => p.grad is { } g ? g.pow(2).sum(ScalarType.Float64).item<double>() : 0));
    }

    private Tensor Run(Tensor x, Tensor? scores, Tensor? mask)
    {
        RoutingCheck.Input(x, _width, mask);
        using var scope = NewDisposeScope();
        var noise = training ? Noise.Draw(_generator) : (Noise?)null;
        var flat = x.reshape(-1, _width);
        var kept = mask is null ? null : Grouping.Of(mask.reshape(-1, 1));
        scores = scores is null
            ? _scorer.call(Jittered(Kept(flat, kept), noise?.Other()))
            : Kept(RoutingCheck.Given(scores, x).reshape(flat.shape[0], scores.shape[^1]), kept);
        RoutingCheck.Scores(Router, scores, kept?.Length ?? flat.shape[0], _experts.Length);

        var bias = _biasRate > 0 ? get_buffer(Bias)! : null;
        scores = Precision.AtLeastSingle(scores);
        var routing = Router.Route(scores, bias, noise?.Other().Other());
        var (visible, runs, report) = Grouped(scores, routing, kept);
        if (training && bias is not null)
            Balance(bias, report.Load);
        var output = Mixed(flat, routing, visible, runs, kept);
        if (Router.ScalesOutput)
            output *= get_parameter(Scale)!.to_type(output.dtype);
        _report = report;
        return output.view([.. x.shape[..^1], _outputs]).MoveToOuterDisposeScope();
    }

    private static Tensor Kept(Tensor rows, Grouping? kept) => kept is null ? rows : GatheredRows.Of(rows, kept);

    private Tensor Jittered(Tensor x, Noise? noise)
    {
        if (noise is not { } source || Router.InputNoise == 0)
            return x;
        var factor = source.UniformLike(x.dtype == ScalarType.Float64 ? x : x.to_type(ScalarType.Float32));
        return x * factor.mul_(2 * Router.InputNoise).add_(1 - Router.InputNoise).to_type(x.dtype);
    }

    /// <summary>What was chosen is grouped; what an expert has no capacity for is dropped, the last tokens first.</summary>
    private (Grouping Visible, Tensor Runs, RoutingReport Report) Grouped(Tensor scores, Routing routing, Grouping? kept)
    {
        using var _ = no_grad();
        var (grouping, runs, dropped) = (Grouping.Of(routing.Chosen, kept), routing.Chosen, 0L);
        long[] load = [.. grouping.Counts.Select(count => (long)count)];
        var capacity = Math.Ceiling(load.Sum() / (double)load.Length * (_capacityFactor ?? double.PositiveInfinity));
        if (load.Max() > capacity)
        {
            runs = runs & (runs.cumsum(0) <= capacity);
            grouping = Grouping.Of(runs, kept);
            dropped = load.Sum() - grouping.Length;
        }

        return (grouping, runs, new(Out(scores), Out(routing.Probabilities), Out(routing.Chosen), load, dropped));
    }

    /// <summary>Another handle, in the caller's scope.</summary>
    private static Tensor Out(Tensor tensor)
    {
        using var _ = enable_grad();
        return tensor.alias().MoveToOuterDisposeScope();
    }

    private void Balance(Tensor bias, IReadOnlyList<long> load)
    {
        using var _ = no_grad();
        var mean = load.Sum() / (double)load.Count;
        bias.add_(tensor(load.Select(count => _biasRate * Math.Sign(mean - count)).ToArray()).to(bias.dtype, bias.device));
    }

    /// <summary>What runs is run, and combined.</summary>
    private Tensor Mixed(Tensor x, Routing routing, Grouping visible, Tensor runs, Grouping? kept)
    {
        var (outputs, idle) = (Outputs(x, visible), new List<Tensor>());
        for (var e = 0; e < _experts.Length; e++)
            idle.AddRange(visible.Counts[e] > 0 ? [] : _experts[e].parameters().Where(p => p.requires_grad));
        if (!routing.IsDense || !routing.Weights.requires_grad || !is_grad_enabled())
            return CombinedRows.Of(routing.Weights.to_type(x.dtype), visible, null, _outputs, outputs, [], idle);

        var hidden = Grouping.Of(runs.logical_not(), kept);
        List<Tensor> others;
        using (no_grad())
            others = Outputs(x, hidden);
        return CombinedRows.Of(routing.Weights.to_type(x.dtype), visible, hidden, _outputs, outputs, others, idle);
    }

    private Tensor Called(int expert, Tensor rows)
    {
        try
        {
            return _experts[expert].call(rows);
        }
        catch (ExternalException e) when (e.Message.Contains("modified inplace", StringComparison.Ordinal))
        {
            throw RoutingCheck.InPlace(expert, e);
        }
    }

    /// <summary>What each expert makes of its rows; nothing of one that has none.</summary>
    private List<Tensor> Outputs(Tensor x, Grouping grouping)
    {
        var parts = GatheredRows.Of(x, grouping).split([.. grouping.Counts.Select(count => (long)count)]);
        var outputs = new List<Tensor>();
        for (var e = 0; e < _experts.Length; e++)
        {
            if (grouping.Counts[e] > 0)
                outputs.Add(RoutingCheck.Output(e, Called(e, parts[e]), parts[e], _outputs));
        }

        return outputs;
    }
}
