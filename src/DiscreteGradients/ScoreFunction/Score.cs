namespace DiscreteGradients;

/// <summary>The score ∇ log p(z) = z − p of one-hot samples under p = softmax(θ), and what is made of it.</summary>
internal static class Score
{
    /// <summary>a (z − p) [S, B.., L, K] of a weight a [S, B..] for every sample.</summary>
    internal static Tensor Weighted(Tensor weight, Tensor z, Tensor p) => Spread(weight) * (z - p);

    /// <summary>Values [..] over the latents and categories [.., 1, 1].</summary>
    internal static Tensor Spread(Tensor values) => values.unsqueeze(-1).unsqueeze(-1);

    /// <summary>What f is at a sample above its mean at the others, over S: [S, B..] of values [S, B..].</summary>
    internal static Tensor LeaveOneOut(Tensor values) => (values - values.mean([0], keepdim: true)) / (values.shape[0] - 1);

    /// <summary>The sum over samples of weighted scores less their mean: leave-one-out REINFORCE [B.., L, K].</summary>
    internal static Tensor LeaveOneOut(Tensor values, Tensor z, Tensor p) => Weighted(LeaveOneOut(values), z, p).sum([0]);

    /// <summary>The mean over antithetic pairs of ½ w (f(z) − f(z′))(z − z′); first members first. w [.., L, 1].</summary>
    internal static Tensor OfPairs(Tensor weight, Tensor values, Tensor points)
    {
        var (z, f) = (points.chunk(2), values.chunk(2));
        return (Spread(f[0] - f[1]) * weight * (z[0] - z[1]) / 2).mean([0]);
    }

    /// <summary>J(p) v, J(p) = diag(p) − ppᵀ: the derivative of ⟨v, p⟩ with respect to θ.</summary>
    internal static Tensor Jacobian(Tensor p, Tensor v) => p * (v - (p * v).sum([-1], keepdim: true));
}
