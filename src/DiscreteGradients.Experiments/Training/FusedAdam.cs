using System.Numerics;
using System.Runtime.InteropServices;
using TorchSharp.Modules;

namespace DiscreteGradients.Experiments;

/// <summary>Adam, or rectified Adam, of float32 parameters; on the CPU in one pass over their memory.</summary>
/// <remarks>
/// Both are p ← p − a m / (b √v + ε) with numbers a, b and ε of the step. TorchSharp's Adam does the same in many passes and takes five
/// times as long; the RAdam of TorchSharp 0.107.0 multiplies by the learning rate twice from the sixth step on, and so stops there.
/// References: Kingma, Ba 2015, arXiv 1412.6980, algorithm 1; Liu et al. 2020, arXiv 1908.03265, algorithm 2.
/// </remarks>
internal sealed class FusedAdam : IDisposable
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private const double Epsilon = 1e-8;

    private readonly double _learningRate;
    private readonly bool _rectified;
    private readonly (Parameter Parameter, Tensor First, Tensor Second)[] _slots;
    private readonly Tensor _steps = zeros(1, ScalarType.Int64).DetachFromDisposeScope();

    /// <param name="parameters">Contiguous float32 parameters, the caller's.</param>
    /// <param name="learningRate">Learning rate.</param>
    /// <param name="rectified">True for RAdam.</param>
    internal FusedAdam(IEnumerable<Parameter> parameters, double learningRate, bool rectified = false)
    {
        (_learningRate, _rectified) = (learningRate, rectified);
        _slots = [.. parameters.Select(p => (p, Zeros(p), Zeros(p)))];
    }

    /// <summary>What the next step depends on, by name: the live tensors themselves.</summary>
    internal IEnumerable<(string Name, Tensor Tensor)> State =>
        _slots.SelectMany((slot, i) => new[] { ($"first.{i}", slot.First), ($"second.{i}", slot.Second) }).Prepend(("steps", _steps));

    /// <summary>Moves every parameter that has a gradient. To be called inside a dispose scope.</summary>
    internal void Step()
    {
        var (a, b, epsilon) = Factors(++MemoryMarshal.Cast<byte, long>(_steps.bytes)[0]);
        foreach (var (parameter, first, second) in _slots)
        {
            if (parameter.grad is not { } gradient)
                continue;
            if (parameter.device_type == DeviceType.CPU)
                Update(Floats(parameter), Floats(gradient.contiguous()), Floats(first), Floats(second), a, b, epsilon);
            else
                Update(parameter, gradient, first, second, a, b, epsilon);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, tensor) in State)
            tensor.Dispose();
    }

    private static Tensor Zeros(Parameter parameter) => zeros(parameter.shape, ScalarType.Float32, parameter.device).DetachFromDisposeScope();

    private (float A, float B, float Epsilon) Factors(long step)
    {
        var (correction1, correction2) = (1 - Math.Pow(Beta1, step), 1 - Math.Pow(Beta2, step));
        if (!_rectified)
            return ((float)(_learningRate / correction1), (float)(1 / Math.Sqrt(correction2)), (float)Epsilon);

        const double limit = 2 / (1 - Beta2) - 1;
        var length = limit - 2 * step * Math.Pow(Beta2, step) / correction2;
        if (length <= 5)
            return ((float)(_learningRate / correction1), 0, 1);  // too few steps to know the variance: momentum alone
        var rectification = Math.Sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length));
        return ((float)(_learningRate / correction1 * rectification * Math.Sqrt(correction2)), 1, (float)Epsilon);
    }

    /// <summary>The update in tensor operations, for any device.</summary>
    internal static void Update(Tensor parameter, Tensor gradient, Tensor first, Tensor second, float a, float b, float epsilon)
    {
        using var _ = no_grad();
        first.mul_((float)Beta1).add_(gradient, alpha: (float)(1 - Beta1));
        second.mul_((float)Beta2).addcmul_(gradient, gradient, (float)(1 - Beta2));
        parameter.sub_(a * first / (b * second.sqrt() + epsilon));
    }

    private static Span<float> Floats(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);

    private static void Update(
        Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> first, Span<float> second, float a, float b, float epsilon)
    {
        var wide = parameter.Length - parameter.Length % Vector<float>.Count;
        Update(
            MemoryMarshal.Cast<float, Vector<float>>(parameter[..wide]), MemoryMarshal.Cast<float, Vector<float>>(gradient[..wide]),
            MemoryMarshal.Cast<float, Vector<float>>(first[..wide]), MemoryMarshal.Cast<float, Vector<float>>(second[..wide]),
            a, b, epsilon);

        for (var i = wide; i < parameter.Length; i++)
        {
            first[i] = (float)Beta1 * first[i] + (float)(1 - Beta1) * gradient[i];
            second[i] = (float)Beta2 * second[i] + (float)(1 - Beta2) * gradient[i] * gradient[i];
            parameter[i] -= a * first[i] / (b * MathF.Sqrt(second[i]) + epsilon);
        }
    }

    private static void Update(
        Span<Vector<float>> parameter, ReadOnlySpan<Vector<float>> gradient, Span<Vector<float>> first, Span<Vector<float>> second,
        float a, float b, float epsilon)
    {
        for (var i = 0; i < parameter.Length; i++)
        {
            var g = gradient[i];
            var m = first[i] = (float)Beta1 * first[i] + (float)(1 - Beta1) * g;
            var v = second[i] = (float)Beta2 * second[i] + (float)(1 - Beta2) * g * g;
            parameter[i] -= a * m / (b * Vector.SquareRoot(v) + new Vector<float>(epsilon));
        }
    }
}
