using TorchSharp.Modules;

namespace DiscreteGradients;

/// <summary>What an adaptive estimator learns: parameters, which an optimiser trains, and buffers, which the estimator keeps up.</summary>
internal sealed class Learnt : nn.Module
{
    private bool _disposed;

    private Learnt(string name, IEnumerable<(string Name, Tensor Value)> initial) : base(name)
    {
        foreach (var (key, value) in initial)
        {
            value.DetachFromDisposeScope();
            if (value is Parameter parameter)
                register_parameter(key, parameter);
            else
                register_buffer(key, value);
        }
    }

    /// <summary>A new one, for logits of that size.</summary>
    internal static Learnt Create(
        string name, long latents, long categories, Generator? generator,
        Func<long, long, Generator, IEnumerable<(string, Tensor)>> initial)
    {
        Check.AtLeast(1, latents);
        Check.AtLeast(1, categories);
        Check.Generator(generator);
        Check.Room(latents, "latents", [categories], ScalarType.Float32, generator?.device);
        Check.Libtorch();
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        return new Learnt(name, initial(latents, categories, generator ?? Generator.Default));
    }

    /// <summary>What was made for an estimator of that type, unless nothing was or the model that owned it has disposed of it.</summary>
    internal static Learnt Required(Learnt? learnt, string estimator) =>
        learnt is { _disposed: false } ? learnt : throw new InvalidOperationException(
            $"{estimator} is not prepared; call Prepare(latents, categories) first and keep the module that it returns.");

    /// <summary>By name: parameters as leaves in the logits' dtype and on their device, buffers as they are.</summary>
    internal Dictionary<string, Tensor> Leaves(Tensor logits)
    {
        var leaves = named_buffers().ToDictionary(entry => entry.name, entry => entry.buffer);
        foreach (var (name, parameter) in named_parameters())
            leaves.Add(name, parameter.detach().to(logits.dtype, logits.device).requires_grad_(true));
        return leaves;
    }

    /// <summary>A scalar that is zero and whose derivative with respect to the parameters is that of the mean of ‖g‖².</summary>
    internal Tensor Signal(Dictionary<string, Tensor> leaves, Tensor gradient)
    {
        var signal = zeros([], gradient.dtype, gradient.device);
        var trained = named_parameters().ToList();
        if (trained.Count == 0)
            return signal;

        // Explicitly onto the parameters: the squared norm can contain f, whose own parameters must not be trained on it.
        var examples = Math.Max(1, gradient.shape[..^2].Aggregate(1L, (a, b) => a * b));
        var slopes = Derivatives.Of(gradient.pow(2).sum() / examples, [.. trained.Select(entry => leaves[entry.name])]);
        foreach (var (entry, slope) in trained.Zip(slopes).Where(pair => pair.Second is not null))
        {
            var live = entry.parameter.to(gradient.dtype, gradient.device);
            signal += ((live - live.detach()) * slope!).sum();
        }

        return signal;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _disposed = true;
        base.Dispose(disposing);
    }
}
