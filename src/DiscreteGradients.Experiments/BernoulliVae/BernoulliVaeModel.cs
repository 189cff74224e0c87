namespace DiscreteGradients.Experiments;

/// <summary>
/// A variational autoencoder of binary images with L binary latents: 784–200–200–L and its mirror image, LeakyReLU with slope 0.3. A latent
/// is one-hot [.., 2], and its bit is the second entry.
/// </summary>
/// <remarks>
/// References: Shi et al. 2022, arXiv 2202.09497, section 6; the script released with Liu et al. 2023, arXiv 2304.08612 (repository
/// LiyuanLucasLiu/ReinMax, commit 2367056), whose peculiarities are those of <see cref="BernoulliProtocol.Released"/>.
/// </remarks>
internal sealed class BernoulliVaeModel : Autoencoder
{
    private const int Hidden = 200;
    private const double Slope = 0.3;

    private readonly DenseStack _encoder;
    private readonly DenseStack _decoder;
    private readonly TorchSharp.Modules.Parameter? _prior;
    private readonly int _latents;

    internal BernoulliVaeModel(int latents, BernoulliProtocol protocol, Generator generator)
        : base(nameof(BernoulliVaeModel))
    {
        _latents = latents;
        _encoder = new DenseStack([ImageData.Pixels, Hidden, Hidden, latents], Slope, generator);
        _decoder = new DenseStack([latents, Hidden, Hidden, ImageData.Pixels], Slope, generator);
        register_module("encoder", _encoder);
        register_module("decoder", _decoder);
        if (protocol == BernoulliProtocol.Released)
        {
            _prior = nn.Parameter(zeros(latents));
            register_parameter("prior", _prior);
        }
    }

    /// <inheritdoc/>
    internal override Tensor Encode(Tensor images)
    {
        var logits = _encoder.forward(images);
        return _prior is null ? OneHot.FromBernoulli(logits) : stack([1 - logits, logits], -1);  // the bit's logit is 2 a − 1 there
    }

    /// <inheritdoc/>
    internal override Tensor Decode(Tensor z) => _decoder.forward(z.select(-1, 1));

    /// <inheritdoc/>
    internal override Tensor Prior() => OneHot.FromBernoulli(_prior ?? zeros(_latents));

    /// <summary>−log p(image | z) [S.., B]; images [B, 784], z [S.., B, L, 2].</summary>
    internal Tensor Reconstruction(Tensor z, Tensor images) => FusedCrossEntropy.Apply(Decode(z), images);

    /// <summary>−log p(image, z) + log q(z | image) [S.., B], of which the mean over z ~ q is the negative ELBO. The logits are a constant here.</summary>
    internal Tensor SampledBound(Tensor z, Tensor logits, Tensor images) =>
        Reconstruction(z, images) + (z * (logits.detach().log_softmax(-1) + Math.Log(2))).sum([-2, -1]);

    /// <summary>
    /// The divergence term of the released script [B]. The prior's probabilities p are laid out (p₁ … p_L, 1 − p₁ … 1 − p_L) there and q's
    /// (q₁, 1 − q₁, q₂, …), so that unequal latents meet.
    /// </summary>
    internal Tensor ReleasedDivergence(Tensor logits)
    {
        var q = logits.flip(-1).softmax(-1).flatten(-2);
        var p = _prior!.sigmoid();
        return (q * ((q + 1e-10).log() - (cat([p, 1 - p], 0) + 1e-10).log())).sum(-1);
    }
}
