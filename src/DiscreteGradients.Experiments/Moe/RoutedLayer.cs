using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments;

/// <summary>A mixture of experts in training: what its router does, and how much each expert got since it was last asked.</summary>
internal sealed class RoutedLayer
{
    private long[] _load;
    private long _dropped;

    /// <param name="width">Numbers of a token.</param>
    /// <param name="outputs">Numbers that an expert makes of them.</param>
    /// <param name="expert">Makes an expert.</param>
    internal RoutedLayer(
        MoeOptions options, Router router, int width, int outputs, Func<Module<Tensor, Tensor>> expert, Generator weights, Generator noise)
    {
        Scorer = Layers.Linear(width, options.Experts * router.ScoresPerExpert, weights, options.Task == MoeTask.Language ? 2 : 1);
        Mixture = new MixtureOfExperts(
            [.. Enumerable.Range(0, options.Experts).Select(_ => expert())], router, width, outputs, Scorer,
            options.Capacity, options.BiasRate, noise);
        _load = new long[options.Experts];
    }

    internal MixtureOfExperts Mixture { get; }

    /// <summary>Tokens → scores.</summary>
    internal Module<Tensor, Tensor> Scorer { get; }

    /// <summary>Counts what the last call did.</summary>
    internal void Count()
    {
        for (var expert = 0; expert < _load.Length; expert++)
            _load[expert] += Mixture.Report.Load[expert];
        _dropped += Mixture.Report.Dropped;
    }

    /// <summary>Choices of each expert since the last time, and how many were dropped.</summary>
    internal (long[] Load, long Dropped) Counted()
    {
        var counted = (_load, _dropped);
        (_load, _dropped) = (new long[_load.Length], 0);
        return counted;
    }
}
