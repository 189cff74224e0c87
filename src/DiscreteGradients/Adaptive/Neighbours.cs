namespace DiscreteGradients;

/// <summary>Where a Gibbs step can take each latent of samples [S, B.., L, K]: the K − 1 other categories.</summary>
internal sealed class Neighbours
{
    private readonly Tensor _own;
    private readonly Tensor _others;

    internal Neighbours(Tensor z)
    {
        var categories = arange(z.shape[^1], device: z.device);
        _own = z.matmul(categories.to_type(z.dtype)).to_type(ScalarType.Int64).unsqueeze(-1);
        _others = (_own + categories[1..]).remainder(z.shape[^1]);
    }

    /// <summary>The entries of x [S, .., L, K] at the samples' own categories [S, .., L, 1].</summary>
    internal Tensor AtOwn(Tensor x) => Take(x, _own);

    /// <summary>The entries of x [S, .., L, K] at the other categories [S, .., L, K − 1].</summary>
    internal Tensor AtOthers(Tensor x) => Take(x, _others);

    /// <summary>Σ of x [S, B.., L, K − 1] times the step z′ − z to each neighbour [S, B.., L, K].</summary>
    internal Tensor Moves(Tensor x) =>
        zeros([.. x.shape[..^1], x.shape[^1] + 1], x.dtype, x.device)
            .scatter(-1, cat([_own, _others], -1), cat([-x.sum([-1], keepdim: true), x], -1));

    private static Tensor Take(Tensor x, Tensor index)
    {
        index = x.dim() > index.dim() ? index.unsqueeze(1) : index;
        return x.gather(-1, index.expand([.. x.shape[..^1], index.shape[^1]]));
    }
}
