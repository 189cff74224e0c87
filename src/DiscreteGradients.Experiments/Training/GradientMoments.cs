namespace DiscreteGradients.Experiments;

/// <summary>Mean and variance of gradient estimates, from the sums of what was drawn and of its squares, in float64.</summary>
/// <param name="like">Any tensor of a gradient's shape. The sums live in the scope around the constructor.</param>
internal sealed class GradientMoments(Tensor like)
{
    private readonly Tensor _sum = zeros_like(like, dtype: ScalarType.Float64);
    private double _squares;

    /// <summary>Gradients added.</summary>
    internal int Count { get; private set; }

    /// <summary>ḡ.</summary>
    internal Tensor Mean => _sum / Count;

    /// <summary>The variances of the entries, unbiased, summed.</summary>
    internal double Variance => (_squares - (Count * Mean.square().sum().item<double>())) / Math.Max(1, Count - 1);

    /// <summary>Adds gradients, stacked along a first axis.</summary>
    internal void Add(Tensor gradients)
    {
        using var scope = NewDisposeScope();
        var precise = gradients.to_type(ScalarType.Float64);
        _sum.add_(precise.sum([0]));
        _squares += precise.square().sum().item<double>();
        Count += (int)gradients.shape[0];
    }

    /// <summary>Independent copies of logits, stacked along a first axis: each has a gradient of its own.</summary>
    internal static Tensor Copies(Tensor logits, int draws) => logits.expand([draws, .. logits.shape]).clone().requires_grad_();
}
