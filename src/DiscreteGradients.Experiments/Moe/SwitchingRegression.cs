using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments;

/// <summary>Points x ~ N(0, I), each of a class c with its own linear function: y = W_c x, entries of W_c from N(0, 1/width).</summary>
/// <remarks>
/// What the router gets must tell it the class, or there is nothing to learn. Either the class stands beside the point, as a one-hot row,
/// or it follows from where the point is: it is the largest of ⟨a_c, x⟩ for random directions a_c.
/// </remarks>
internal sealed class SwitchingRegression : IDisposable
{
    private readonly MoeOptions _options;
    private readonly Tensor _functions;
    private readonly Tensor _directions;

    /// <param name="generator">Draws the functions and directions.</param>
    internal SwitchingRegression(MoeOptions options, Generator generator)
    {
        _options = options;
        using var scope = NewDisposeScope();
        _functions = (randn([options.Classes, options.Width, options.Width], generator: generator) / Math.Sqrt(options.Width))
            .DetachFromDisposeScope();
        var directions = randn([options.Classes, options.Width], generator: generator);
        _directions = (directions / directions.norm(1, keepdim: true)).DetachFromDisposeScope();
    }

    /// <summary>Numbers in the input of the mixture.</summary>
    internal static int Inputs(MoeOptions options) => options.Width + (options.Hint == MoeHint.Label ? options.Classes : 0);

    /// <summary>Inputs [points, <see cref="Inputs"/>], targets [points, width] and classes [points].</summary>
    internal (Tensor Inputs, Tensor Targets, Tensor Classes) Draw(int points, Generator generator)
    {
        var x = randn([points, _options.Width], generator: generator);
        var drawn = randint(_options.Classes, [points], ScalarType.Int64, generator: generator);
        var classes = _options.Hint == MoeHint.Label ? drawn : x.matmul(_directions.t()).argmax(1);
        var targets = _functions.index_select(0, classes).matmul(x.unsqueeze(-1)).squeeze(-1);
        var inputs = _options.Hint == MoeHint.Label ? cat([x, functional.one_hot(classes, _options.Classes).to(x)], 1) : x;
        return (inputs, targets, classes);
    }

    public void Dispose()
    {
        _functions.Dispose();
        _directions.Dispose();
    }
}

/// <summary>A linear function of the first numbers of its input.</summary>
internal sealed class LinearExpert : Module<Tensor, Tensor>
{
    private readonly int _width;
    private readonly Linear _linear;

    internal LinearExpert(int width, Generator weights)
        : base(nameof(LinearExpert))
    {
        (_width, _linear) = (width, Layers.Linear(width, width, weights, gain: 1));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => Layers.Apply(_linear, x.narrow(-1, 0, _width));
}
