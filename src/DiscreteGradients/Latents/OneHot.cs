namespace DiscreteGradients;

/// <summary>Independent categorical latents represented by one-hot vectors: sampling and support.</summary>
public static class OneHot
{
    /// <summary>Draws one-hot samples from softmax(logits), without a gradient.</summary>
    /// <param name="logits">Unnormalised log-probabilities [.., K]; −∞ masks a category.</param>
    /// <param name="mask">True where a category may be chosen; Boolean, broadcastable to the logits. Null allows all.</param>
    /// <param name="generator">Source of randomness on the logits' device; null means TorchSharp's default generator.</param>
    /// <returns>One-hot samples [.., K] in the logits' dtype.</returns>
    /// <remarks>
    /// Inverse-CDF sampling with 53-bit uniforms and cumulative sums in float64, whatever the dtype: a masked category, or one whose
    /// probability underflows to zero, cannot be returned. One number is taken from the generator, whatever the shape.
    /// </remarks>
    /// <exception cref="ArgumentException">Wrong shape, dtype or device; a row that is fully masked or holds NaN or +∞.</exception>
    public static Tensor Sample(Tensor logits, Tensor? mask = null, Generator? generator = null)
    {
        using var scope = NewDisposeScope();
        return Sample(logits, samples: 1, mask, generator).squeeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>Draws <paramref name="samples"/> independent one-hot samples [S, .., K] from every row of the logits [.., K].</summary>
    /// <inheritdoc cref="Sample(Tensor, Tensor?, Generator?)"/>
    public static Tensor Sample(Tensor logits, int samples, Tensor? mask = null, Generator? generator = null)
    {
        using var scope = NewDisposeScope();
        var masked = Prepare(logits, samples, mask, generator);
        return Categorical.Sample(masked, samples, Noise.Draw(generator)).to_type(logits.dtype).alias().MoveToOuterDisposeScope();
    }

    /// <summary>The same from the noise that an estimator is handed.</summary>
    public static Tensor Sample(Tensor logits, int samples, Noise noise)
    {
        using var scope = NewDisposeScope();
        var single = Prepare(logits, samples, mask: null, generator: null);
        return Categorical.Sample(single, samples, noise).to_type(logits.dtype).alias().MoveToOuterDisposeScope();
    }

    /// <summary>Draws category indices, int64 [S, ..], from every row of the logits [.., K].</summary>
    /// <inheritdoc cref="Sample(Tensor, Tensor?, Generator?)"/>
    public static Tensor SampleIndex(Tensor logits, int samples, Tensor? mask = null, Generator? generator = null)
    {
        using var scope = NewDisposeScope();
        var masked = Prepare(logits, samples, mask, generator);
        return Categorical.SampleIndex(masked, samples, Noise.Draw(generator)).MoveToOuterDisposeScope();
    }

    /// <summary>All K^L joint states as one-hot vectors [K^L, L, K], the last latent changing fastest.</summary>
    /// <exception cref="ArgumentException">A size below one, or more than 2^31 − 1 states.</exception>
    public static Tensor States(int latents, int categories, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        Check.AtLeast(1, latents);
        Check.AtLeast(1, categories);
        var count = ExactEnumeration.CountStates(latents, categories);
        if (count > int.MaxValue)
        {
            throw new ArgumentException(
                $"{categories}^{latents} joint states are too many to list; at most {int.MaxValue} can be.", nameof(latents));
        }

        Check.Libtorch();

        Check.DType(dtype);
        Check.Room(count, "joint states", [latents, categories], dtype, device);

        using var scope = NewDisposeScope();
        var state = arange(count, ScalarType.Int64, device).unsqueeze(-1);
        var place = tensor(Enumerable.Range(1, latents).Select(l => (long)Math.Pow(categories, latents - l)).ToArray(), device: device);
        var index = state.div(place, RoundingMode.floor).remainder(categories);
        return Of(index, categories, dtype).MoveToOuterDisposeScope();
    }

    /// <summary>One-hot vectors [.., K] of category indices [..] (int64).</summary>
    /// <exception cref="ArgumentException">Not int64, or an index that is not from 0 to K − 1.</exception>
    public static Tensor FromIndex(Tensor index, long categories, ScalarType dtype = ScalarType.Float32)
    {
        Check.Indices(index, Check.AtLeast(1, categories));
        Check.DType(dtype);
        return Of(index, categories, dtype);
    }

    /// <summary>One-hot vectors [.., K] of category indices [..] that are known to be right.</summary>
    internal static Tensor Of(Tensor index, long categories, ScalarType dtype)
    {
        Check.Room(index.numel(), "one-hot vectors", [categories], dtype, index.device);
        using var scope = NewDisposeScope();
        long[] shape = [.. index.shape, categories];
        var places = index.unsqueeze(-1);
        var one = ones([], dtype, index.device).expand(places.shape);
        return zeros(shape, dtype, index.device).scatter_(-1, places, one).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Bernoulli logits [.., L] as two-category logits [.., L, 2] whose second category has probability sigmoid(logits). Values are not
    /// looked at: a NaN or +∞ is refused where the result is sampled from.
    /// </summary>
    public static Tensor FromBernoulli(Tensor logits)
    {
        Check.Numbers(logits);
        if (logits.dim() < 1)
            throw new ArgumentException($"logits must have shape [..., latents]; got {Check.Shape(logits)}.", nameof(logits));
        using var scope = NewDisposeScope();
        return stack([zeros_like(logits), logits], -1).MoveToOuterDisposeScope();
    }

    private static Tensor Prepare(Tensor logits, int samples, Tensor? mask, Generator? generator)
    {
        Check.Logits(logits, mask, generator);
        Check.AtLeast(1, samples);
        return Precision.AtLeastSingle(Masking.Apply(logits, mask));
    }
}
