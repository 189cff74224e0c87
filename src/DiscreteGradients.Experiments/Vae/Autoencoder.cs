using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments;

/// <summary>A variational autoencoder of grey images with one-hot latents z [.., L, K].</summary>
internal abstract class Autoencoder(string name) : Module(name)
{
    /// <summary>The posterior's logits [B, L, K] for images [B, 784].</summary>
    internal abstract Tensor Encode(Tensor images);

    /// <summary>Logits of the pixels [.., 784] for one-hot latents [.., L, K]; the picture is their sigmoid.</summary>
    internal abstract Tensor Decode(Tensor z);

    /// <summary>Logits [L, K] of the prior.</summary>
    internal abstract Tensor Prior();
}
