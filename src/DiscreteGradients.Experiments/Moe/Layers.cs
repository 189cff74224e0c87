using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments;

/// <summary>Linear layers with weights from N(0, gain/inputs) and biases from U(−1/√inputs, 1/√inputs), of one generator.</summary>
/// <remarks>A gain of 2 is for layers with ReLUs: He, Zhang, Ren, Sun 2015, arXiv 1502.01852, equation 10.</remarks>
internal static class Layers
{
    internal static Linear Linear(long inputs, long outputs, Generator generator, double gain = 2)
    {
        using var _ = no_grad();
        var layer = nn.Linear(inputs, outputs);
        layer.weight.normal_(0, Math.Sqrt(gain / inputs), generator);
        layer.bias!.uniform_(-1 / Math.Sqrt(inputs), 1 / Math.Sqrt(inputs), generator);
        return layer;
    }

    /// <summary>A parameter [rows, columns] drawn from a normal distribution.</summary>
    internal static Parameter Weight(long rows, long columns, double deviation, Generator generator)
    {
        using var _ = no_grad();
        return Parameter(empty(rows, columns).normal_(0, deviation, generator).DetachFromDisposeScope());
    }

    /// <summary>A layer, by <see cref="FusedLinear"/> where it can be.</summary>
    internal static Tensor Apply(Linear layer, Tensor x, float slope = 1) => FusedLinear.Compute(x, layer.weight, layer.bias!, slope);

    /// <summary>A layer without a bias.</summary>
    internal static Tensor Apply(Tensor x, Parameter weight) => FusedLinear.Takes(x, weight)
        ? FusedLinear.Apply(x, weight, zeros(weight.shape[0]), 1)
        : functional.linear(x, weight);
}

/// <summary>Drops a share of numbers and scales the rest, so that the mean stays: in training only.</summary>
/// <param name="share">What is dropped, from 0 to below 1.</param>
/// <param name="noise">Draws what is dropped.</param>
internal sealed class Dropout(double share, Generator noise)
{
    internal Tensor Apply(Tensor x, bool training) => Draw(training) switch
    {
        { Drops: false } => x,
        var dropping when FusedDropout.Takes(x) => FusedDropout.Apply(x, dropping),
        var dropping => x * dropping.Factors(x.shape).to(x),
    };

    /// <summary>What is dropped of the next numbers.</summary>
    internal Dropping Draw(bool training) => training && share > 0 ? new Dropping(Noise.Draw(noise), share) : Dropping.None;
}

/// <summary>Inputs → hidden units with max(y, 0) → outputs, of which some are dropped.</summary>
internal sealed class Expert : Module<Tensor, Tensor>
{
    private readonly Linear _hidden;
    private readonly Linear _output;
    private readonly Dropout _dropout;

    internal Expert(long inputs, long hidden, Generator weights, Dropout dropout)
        : base(nameof(Expert))
    {
        (_hidden, _output, _dropout) = (Layers.Linear(inputs, hidden, weights), Layers.Linear(hidden, inputs, weights), dropout);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => _dropout.Apply(Layers.Apply(_output, Layers.Apply(_hidden, x, slope: 0)), training);
}
