using System.Numerics;
using TorchSharp.Modules;

namespace DiscreteGradients.Experiments;

/// <summary>Stochastic gradient descent, with momentum of either kind.</summary>
/// <remarks>
/// m ← μ m + g and p ← p − η m, with Nesterov p ← p − η (g + μ m).
/// Reference: Sutskever, Martens, Dahl, Hinton 2013, "On the importance of initialization and momentum in deep learning", in the form that
/// PyTorch has, where the learning rate is outside the momentum.
/// </remarks>
/// <param name="parameters">Contiguous float32 parameters, the caller's.</param>
/// <param name="momentum">μ, at least 0 and below 1.</param>
/// <param name="nesterov">Whether the step looks ahead.</param>
internal sealed class Sgd(
    IEnumerable<Parameter> parameters, double learningRate, double momentum = 0, bool nesterov = false, WeightDecay decay = default)
    : Optimizer(parameters, learningRate, momentum > 0 ? ["momentum"] : [])
{
    private Rule _rule;

    private protected override void Begin(long step) =>
        _rule = new Rule((float)LearningRate, (float)momentum, nesterov, decay.Coupled, decay.Shrinks(LearningRate));

    private protected override void Update(Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> first, Span<float> second) =>
        Run(_rule, parameter, gradient, first, second);

    internal override void Update(Tensor parameter, Tensor gradient, Tensor[] memory)
    {
        if (_rule.Decay > 0)
            gradient = gradient + (_rule.Decay * parameter);
        if (memory is [var velocity])
        {
            velocity.mul_(_rule.Momentum).add_(gradient);
            gradient = nesterov ? gradient + (_rule.Momentum * velocity) : velocity;
        }

        parameter.mul_(_rule.Shrink).sub_(_rule.LearningRate * gradient);
    }

    private readonly record struct Rule(float LearningRate, float Momentum, bool Nesterov, float Decay, float Shrink) : IUpdate
    {
        public Vector<float> Next(Vector<float> parameter, Vector<float> gradient, ref Vector<float> first, ref Vector<float> second)
        {
            gradient += Decay * parameter;
            first = (Momentum * first) + gradient;
            var move = Nesterov ? gradient + (Momentum * first) : first;
            return (Shrink * parameter) - (LearningRate * move);
        }
    }
}
