using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments;

/// <summary>A linear function for each class of points, by one mixture of linear experts.</summary>
internal sealed class RegressionTask : MoeTaskRun
{
    private const int EvaluatedPoints = 4096;
    private const int MeasuredPoints = 256;

    private readonly MoeOptions _options;
    private readonly SwitchingRegression _data;
    private readonly RoutedLayer _layer;
    private readonly (Tensor Inputs, Tensor Targets, Tensor Classes) _valid;

    internal RegressionTask(MoeOptions options, Router router, MoeSeeds seeds)
        : base(seeds)
    {
        _options = options;
        var inputs = SwitchingRegression.Inputs(options);
        _data = new SwitchingRegression(options, seeds.Weights);
        using (NewDisposeScope())
        {
            _valid = _data.Draw(EvaluatedPoints, seeds.Weights);
            foreach (var tensor in (Tensor[])[_valid.Inputs, _valid.Targets, _valid.Classes])
                tensor.DetachFromDisposeScope();
        }

        _layer = new RoutedLayer(
            options, router, inputs, options.Width, () => new LinearExpert(options.Width, seeds.Weights), seeds.Weights, seeds.Noise);
    }

    internal override Module Model => _layer.Mixture;

    internal override IReadOnlyList<RoutedLayer> Layers => [_layer];

    internal override Tensor Loss()
    {
        var (inputs, targets, _) = _data.Draw(_options.Batch, Seeds.Order);
        var copies = _layer.Mixture.forward(inputs.repeat(_options.Copies, 1));
        return Losses(copies, targets.repeat(_options.Copies, 1)).mean();
    }

    internal override Sketch[] Evaluate(Dictionary<string, double> numbers, bool draws, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        numbers["valid_loss"] = Losses(_layer.Mixture.forward(_valid.Inputs), _valid.Targets).mean().item<float>();
        var report = _layer.Mixture.Report;
        numbers["router_entropy"] = report.Entropy();
        numbers["told_apart"] = ToldApart(report.Chosen.to_type(ScalarType.Float64), _valid.Classes, _options.Classes);
        return [];
    }

    internal override (Tensor Tokens, Func<Tensor, Tensor> Losses) Measured()
    {
        var targets = _valid.Targets.narrow(0, 0, MeasuredPoints);
        return (_valid.Inputs.narrow(0, 0, MeasuredPoints), output => Losses(output, targets));
    }

    public override void Dispose()
    {
        base.Dispose();
        _data.Dispose();
        _valid.Inputs.Dispose();
        _valid.Targets.Dispose();
        _valid.Classes.Dispose();
    }

    /// <summary>The mean squared error of each point.</summary>
    private static Tensor Losses(Tensor outputs, Tensor targets) => (outputs - targets).square().mean([-1]);

    /// <summary>What the chosen expert says of the class, as a share of all there is to say: 1 if every expert has one class.</summary>
    /// <param name="chosen">Zeros and ones [points, experts].</param>
    internal static double ToldApart(Tensor chosen, Tensor classes, int count)
    {
        var joint = functional.one_hot(classes, count).to(chosen).t().matmul(chosen);
        joint /= joint.sum();
        var entropy = special.entr(joint.sum([1])).sum().item<double>();
        var mutual = entropy + (special.entr(joint.sum([0])).sum() - special.entr(joint).sum()).item<double>();
        return entropy > 0 ? Math.Max(0, mutual / entropy) : 1;
    }
}
