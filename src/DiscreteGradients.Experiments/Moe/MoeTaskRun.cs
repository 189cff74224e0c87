using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments;

/// <summary>A model with mixtures of experts, and what it learns: what the training of one seed needs to know.</summary>
/// <param name="seeds">All that is random, which belongs to the task from now on.</param>
internal abstract class MoeTaskRun(MoeSeeds seeds) : IDisposable
{
    internal MoeSeeds Seeds => seeds;

    internal abstract Module Model { get; }

    /// <summary>The mixtures of the model.</summary>
    internal abstract IReadOnlyList<RoutedLayer> Layers { get; }

    /// <summary>The mean loss of the next batch.</summary>
    internal abstract Tensor Loss();

    /// <summary>Adds what the model reaches without noise, and draws it if asked to.</summary>
    internal abstract Sketch[] Evaluate(Dictionary<string, double> numbers, bool draws, CancellationToken cancellation);

    /// <summary>
    /// Tokens [T, W] that the last mixture gets, and the losses [T] of its outputs [T, ..]: a token's own output alone decides its loss,
    /// all else is held.
    /// </summary>
    internal abstract (Tensor Tokens, Func<Tensor, Tensor> Losses) Measured();

    public virtual void Dispose()
    {
        Model.Dispose();
        seeds.Dispose();
    }
}

/// <summary>The random numbers of a run, by what they are for.</summary>
internal sealed class MoeSeeds(long seed) : IDisposable
{
    private const int Purposes = 4;

    /// <summary>The seed itself.</summary>
    internal long Seed => seed;

    /// <summary>Initial weights.</summary>
    internal Generator Weights { get; } = Seeds.Generator(seed, 0, Purposes);

    /// <summary>What is in the batches.</summary>
    internal Generator Order { get; } = Seeds.Generator(seed, 1, Purposes);

    /// <summary>Routers and dropout.</summary>
    internal Generator Noise { get; } = Seeds.Generator(seed, 2, Purposes);

    public void Dispose()
    {
        Weights.Dispose();
        Order.Dispose();
        Noise.Dispose();
    }
}
