namespace DiscreteGradients.Experiments;

/// <summary>
/// A variational autoencoder of grey images with L categorical latents of K categories: 784–512–256–(L·K) and its mirror image.
/// </summary>
/// <remarks>
/// The two terms of the negative ELBO are here and their sum is the loss: <see cref="Reconstruction"/>, whose expectation over the latents
/// an estimator differentiates, and <see cref="Divergence"/>, which is differentiated as it stands. Letters: B images, S sample axes.
/// Reference: Liu et al. 2023, arXiv 2304.08612, table 2.
/// </remarks>
internal sealed class VaeModel : Autoencoder
{
    private readonly DenseStack _encoder;
    private readonly DenseStack _decoder;
    private readonly int _latents;
    private readonly int _categories;

    /// <param name="latents">L.</param>
    /// <param name="categories">K.</param>
    /// <param name="slope">Slope of the activation below zero: 0 for ReLU.</param>
    /// <param name="generator">Makes the initial weights.</param>
    internal VaeModel(int latents, int categories, double slope, Generator generator)
        : base(nameof(VaeModel))
    {
        (_latents, _categories) = (latents, categories);
        _encoder = new DenseStack([ImageData.Pixels, 512, 256, latents * categories], slope, generator);
        _decoder = new DenseStack([latents * categories, 256, 512, ImageData.Pixels], slope, generator);
        register_module("encoder", _encoder);
        register_module("decoder", _decoder);
    }

    /// <inheritdoc/>
    internal override Tensor Encode(Tensor images) => _encoder.forward(images).view(-1, _latents, _categories);

    /// <inheritdoc/>
    internal override Tensor Decode(Tensor z) => _decoder.forward(z.flatten(-2));

    /// <inheritdoc/>
    internal override Tensor Prior() => zeros(_latents, _categories);

    /// <summary>
    /// −log p(image | z) [S.., B]: the binary cross-entropy of sigmoid(Decode(z)) summed over pixels. Images [B, 784], z [S.., B, L, K].
    /// </summary>
    internal Tensor Reconstruction(Tensor z, Tensor images)
    {
        if (z.dim() > 3 && z.stride((int)z.dim() - 3) == 0)
        {
            // Enumeration gives every image the same states: decode each once.
            var shared = Decode(z.select(-3, 0));
            return shared.softplus(1, 20).sum([-1], keepdim: true) - shared.matmul(images.t());
        }

        return FusedCrossEntropy.Apply(Decode(z), images);
    }

    /// <summary>
    /// KL(q ‖ uniform) [B] of the posterior's logits [B, L, K]. The 1e-10 that the released script adds inside the logarithm changes it by
    /// less than rounding does.
    /// </summary>
    internal static Tensor Divergence(Tensor logits) => Distribution.DivergenceFromUniform(logits).sum(-1);
}
