using System.Numerics;
using TorchSharp.Modules;

namespace DiscreteGradients.Experiments;

/// <summary>Adam, or rectified Adam.</summary>
/// <remarks>
/// Both are p ← p − a m / (b √v + ε) with numbers a, b and ε of the step. TorchSharp's Adam does the same in many passes and takes five
/// times as long; the RAdam of TorchSharp 0.107.0 multiplies by the learning rate twice from the sixth step on, and so stops there.
/// References: Kingma, Ba 2015, arXiv 1412.6980, algorithm 1; Liu et al. 2020, arXiv 1908.03265, algorithm 2.
/// </remarks>
/// <param name="parameters">Contiguous float32 parameters, the caller's.</param>
/// <param name="rectified">True for RAdam.</param>
internal sealed class Adam(
    IEnumerable<Parameter> parameters, double learningRate, bool rectified = false, double beta1 = 0.9, double beta2 = 0.999,
    WeightDecay decay = default)
    : Optimizer(parameters, learningRate, "first", "second")
{
    private const double Epsilon = 1e-8;

    private Rule _rule;

    private protected override void Begin(long step)
    {
        var (a, b, epsilon) = Factors(step);
        _rule = new Rule(
            (float)beta1, (float)(1 - beta1), (float)beta2, (float)(1 - beta2), (float)a, (float)b, (float)epsilon,
            decay.Coupled, decay.Shrinks(LearningRate));
    }

    private protected override void Update(Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> first, Span<float> second) =>
        Run(_rule, parameter, gradient, first, second);

    internal override void Update(Tensor parameter, Tensor gradient, Tensor[] memory)
    {
        if (_rule.Decay > 0)
            gradient = gradient + (_rule.Decay * parameter);
        memory[0].mul_(_rule.Beta1).add_(gradient, alpha: _rule.Rest1);
        memory[1].mul_(_rule.Beta2).addcmul_(gradient, gradient, _rule.Rest2);
        parameter.mul_(_rule.Shrink).sub_(_rule.A * memory[0] / ((_rule.B * memory[1].sqrt()) + _rule.Epsilon));
    }

    private (double A, double B, double Epsilon) Factors(long step)
    {
        var (correction1, correction2) = (1 - Math.Pow(beta1, step), 1 - Math.Pow(beta2, step));
        if (!rectified)
            return (LearningRate / correction1, 1 / Math.Sqrt(correction2), Epsilon);

        var limit = (2 / (1 - beta2)) - 1;
        var length = limit - (2 * step * Math.Pow(beta2, step) / correction2);
        if (length <= 5)
            return (LearningRate / correction1, 0, 1);  // too few steps to know the variance: momentum alone
        var rectification = Math.Sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length));
        return (LearningRate / correction1 * rectification * Math.Sqrt(correction2), 1, Epsilon);
    }

    private readonly record struct Rule(
        float Beta1, float Rest1, float Beta2, float Rest2, float A, float B, float Epsilon, float Decay, float Shrink) : IUpdate
    {
        public Vector<float> Next(Vector<float> parameter, Vector<float> gradient, ref Vector<float> first, ref Vector<float> second)
        {
            gradient += Decay * parameter;
            first = (Beta1 * first) + (Rest1 * gradient);
            second = (Beta2 * second) + (Rest2 * gradient * gradient);
            return (Shrink * parameter) - (A * first / ((B * Vector.SquareRoot(second)) + new Vector<float>(Epsilon)));
        }
    }
}
