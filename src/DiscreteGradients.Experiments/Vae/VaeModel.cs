using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments;

/// <summary>
/// A variational autoencoder of grey images with L categorical latents of K categories: 784–512–256–(L·K) and its mirror image.
/// </summary>
/// <remarks>
/// The two terms of the negative ELBO are here and their sum is the loss: <see cref="Reconstruction"/>, whose expectation over the latents
/// an estimator differentiates, and <see cref="Divergence"/>, which is differentiated as it stands. Letters: B images, S sample axes.
/// Reference: Liu et al. 2023, arXiv 2304.08612, table 2.
/// </remarks>
internal sealed class VaeModel : Module
{
    private readonly Sequential _encoder;
    private readonly Sequential _decoder;
    private readonly int _latents;
    private readonly int _categories;

    /// <summary>Initialises every layer as PyTorch does, U(−1/√inputs, 1/√inputs), from the given generator.</summary>
    internal VaeModel(int latents, int categories, Func<Module<Tensor, Tensor>> activation, Generator generator)
        : base(nameof(VaeModel))
    {
        (_latents, _categories) = (latents, categories);
        _encoder = Sequential(
            Linear(ImageData.Pixels, 512), activation(), Linear(512, 256), activation(), Linear(256, latents * categories));
        _decoder = Sequential(
            Linear(latents * categories, 256), activation(), Linear(256, 512), activation(), Linear(512, ImageData.Pixels));
        register_module("encoder", _encoder);
        register_module("decoder", _decoder);

        using var _ = no_grad();
        foreach (var layer in modules().OfType<Linear>())
        {
            var bound = 1 / Math.Sqrt(layer.in_features);
            layer.weight.uniform_(-bound, bound, generator);
            layer.bias!.uniform_(-bound, bound, generator);
        }
    }

    /// <summary>The posterior's logits [B, L, K] for images [B, 784].</summary>
    internal Tensor Encode(Tensor images) => _encoder.forward(images).view(-1, _latents, _categories);

    /// <summary>Logits of the pixels [.., 784] for one-hot latents [.., L, K]; the picture is their sigmoid.</summary>
    internal Tensor Decode(Tensor z) => _decoder.forward(z.flatten(-2));

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

        var pixels = Decode(z);
        return nn.functional.binary_cross_entropy_with_logits(pixels, images.expand_as(pixels), reduction: Reduction.None).sum([-1]);
    }

    /// <summary>KL(q ‖ uniform) [B] of the posterior's logits [B, L, K]: Σ q log(q + 1e-10) + L log K.</summary>
    internal Tensor Divergence(Tensor logits)
    {
        var q = logits.softmax(-1);
        return (q * (q + 1e-10).log()).sum([-2, -1]) + _latents * Math.Log(_categories);
    }
}
