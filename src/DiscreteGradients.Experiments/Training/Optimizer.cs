using System.Numerics;
using System.Runtime.InteropServices;
using TorchSharp.Modules;

namespace DiscreteGradients.Experiments;

/// <summary>
/// Moves float32 parameters by their gradients; on the CPU in one pass over their memory, elsewhere by tensor operations. What it remembers
/// belongs into checkpoints.
/// </summary>
internal abstract class Optimizer : IDisposable
{
    private readonly (Parameter Parameter, Tensor[] Memory)[] _slots;
    private readonly string[] _memory;
    private readonly Tensor _steps = zeros(1, ScalarType.Int64).DetachFromDisposeScope();

    /// <param name="parameters">Contiguous float32 parameters, the caller's.</param>
    /// <param name="learningRate">Learning rate of the next step.</param>
    /// <param name="memory">Names of what is remembered of each entry of a parameter, at most two; zero at first.</param>
    private protected Optimizer(IEnumerable<Parameter> parameters, double learningRate, params string[] memory)
    {
        (LearningRate, _memory) = (learningRate, memory);
        _slots = [.. parameters.Select(
            p => (p, Array.ConvertAll(memory, _ => zeros(p.shape, ScalarType.Float32, p.device).DetachFromDisposeScope())))];
    }

    /// <summary>Learning rate of the next step; a <see cref="Schedule"/> sets it.</summary>
    internal double LearningRate { get; set; }

    /// <summary>What the next step depends on, by name: the live tensors themselves.</summary>
    internal IEnumerable<(string Name, Tensor Tensor)> State => _slots
        .SelectMany((slot, i) => slot.Memory.Select((tensor, m) => ($"{_memory[m]}.{i}", tensor)))
        .Prepend(("steps", _steps));

    /// <summary>Moves every parameter that has a gradient. To be called inside a dispose scope.</summary>
    internal void Step()
    {
        Begin(++MemoryMarshal.Cast<byte, long>(_steps.bytes)[0]);
        using var _ = no_grad();
        foreach (var (parameter, memory) in _slots)
        {
            if (parameter.grad is not { } gradient)
                continue;
            if (parameter.device_type == DeviceType.CPU)
                Update(Floats(parameter), Floats(gradient.contiguous()), Memory(memory, 0), Memory(memory, 1));
            else
                Update(parameter, gradient, memory);
        }
    }

    public void Dispose()
    {
        foreach (var (_, tensor) in State)
            tensor.Dispose();
    }

    /// <summary>Computes the numbers of the step of that number, 1, 2, …</summary>
    private protected abstract void Begin(long step);

    /// <summary>The update on the CPU.</summary>
    private protected abstract void Update(Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> first, Span<float> second);

    /// <summary>The update in tensor operations, for any device.</summary>
    internal abstract void Update(Tensor parameter, Tensor gradient, Tensor[] memory);

    /// <summary>Applies an update to whole vectors; the last ones are filled up, so that an entry does not depend on its place.</summary>
    private protected static void Run<TUpdate>(
        TUpdate update, Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> first, Span<float> second)
        where TUpdate : struct, IUpdate
    {
        var wide = parameter.Length - (parameter.Length % Vector<float>.Count);
        Vectors(update, parameter[..wide], gradient[..wide], Until(first, wide), Until(second, wide));
        if (wide == parameter.Length)
            return;

        Span<float> room = stackalloc float[4 * Vector<float>.Count];
        room.Clear();
        var p = room[..Vector<float>.Count];
        var g = room.Slice(Vector<float>.Count, Vector<float>.Count);
        var m = room.Slice(2 * Vector<float>.Count, Vector<float>.Count);
        var v = room[(3 * Vector<float>.Count)..];
        parameter[wide..].CopyTo(p);
        gradient[wide..].CopyTo(g);
        From(first, wide).CopyTo(m);
        From(second, wide).CopyTo(v);
        Vectors(update, p, g, first.IsEmpty ? default : m, second.IsEmpty ? default : v);
        p[..(parameter.Length - wide)].CopyTo(parameter[wide..]);
        m[..From(first, wide).Length].CopyTo(From(first, wide));
        v[..From(second, wide).Length].CopyTo(From(second, wide));
    }

    private static void Vectors<TUpdate>(
        TUpdate update, Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> first, Span<float> second)
        where TUpdate : struct, IUpdate
    {
        var p = MemoryMarshal.Cast<float, Vector<float>>(parameter);
        var g = MemoryMarshal.Cast<float, Vector<float>>(gradient);
        var m = MemoryMarshal.Cast<float, Vector<float>>(first);
        var v = MemoryMarshal.Cast<float, Vector<float>>(second);
        var unused = Vector<float>.Zero;
        for (var i = 0; i < p.Length; i++)
            p[i] = update.Next(p[i], g[i], ref m.IsEmpty ? ref unused : ref m[i], ref v.IsEmpty ? ref unused : ref v[i]);
    }

    private static Span<float> Until(Span<float> values, int end) => values.IsEmpty ? values : values[..end];

    private static Span<float> From(Span<float> values, int start) => values.IsEmpty ? values : values[start..];

    private static Span<float> Memory(Tensor[] memory, int index) => index < memory.Length ? Floats(memory[index]) : default;

    private static Span<float> Floats(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);

    /// <summary>The update of one vector of entries.</summary>
    private protected interface IUpdate
    {
        /// <summary>The new parameters; what is remembered is changed in place.</summary>
        Vector<float> Next(Vector<float> parameter, Vector<float> gradient, ref Vector<float> first, ref Vector<float> second);
    }
}

/// <summary>Weight decay λ.</summary>
/// <param name="Rate">λ ≥ 0.</param>
/// <param name="IsDecoupled">True: parameters shrink by the learning rate times λ. False: λ times the parameter joins the gradient.</param>
/// <remarks>Reference: Loshchilov, Hutter 2019, arXiv 1711.05101, algorithm 2, where both stand side by side.</remarks>
internal readonly record struct WeightDecay(double Rate, bool IsDecoupled)
{
    /// <summary>What joins the gradient, times the parameter.</summary>
    internal float Coupled => IsDecoupled ? 0 : (float)Rate;

    /// <summary>What a parameter is multiplied by before the step.</summary>
    internal float Shrinks(double learningRate) => IsDecoupled ? (float)(1 - (learningRate * Rate)) : 1;
}
