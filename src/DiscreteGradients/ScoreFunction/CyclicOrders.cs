namespace DiscreteGradients;

/// <summary>
/// Orders of K categories for an inverse CDF, one for each of the K(K − 1)/2 pairs that is first and last; the others are cyclic between
/// them. So every pair of categories can be as far apart as the copula's numbers are.
/// </summary>
internal static class CyclicOrders
{
    /// <summary>An order [.., K] for each row of p [.., K].</summary>
    internal static Tensor Draw(Tensor p, Noise noise)
    {
        var k = p.shape[^1];
        var ends = noise.Uniform(2, p.numel() / k, p.device).view([2, .. p.shape[..^1], 1]);
        var one = (ends[0] * k).floor();
        var other = (one + 1 + (ends[1] * (k - 1)).floor()).remainder(k);
        var (first, last) = (one.minimum(other), one.maximum(other));
        var category = arange(k, device: p.device);
        return (category - last - 1).remainder(k).masked_fill(category == first, -1).argsort(-1);
    }

    /// <summary>P(zₛ, zₜ) [pairs, B.., L] over all orders, of drawn categories [S, B.., L] whose own probabilities are given.</summary>
    internal static Tensor Joint(Tensor p, Tensor category, Tensor own, Tensor pairs)
    {
        var (k, samples) = (p.shape[^1], (int)category.shape[0]);
        var before = (p.cumsum(-1) - p).expand([samples, .. p.shape]).gather(-1, category.unsqueeze(-1)).squeeze(-1);
        var joint = zeros([pairs.shape[1], .. own.shape[1..]], p.dtype, p.device);
        for (var last = 1L; last < k; last++)
        {
            // The order begins with `first`, any category below `last`, and goes on after `last` in a circle.
            var first = arange(last, device: p.device).view([last, .. own.shape.Select(_ => 1L)]);
            var moved = p.narrow(-1, 0, last).movedim([-1], [0]).unsqueeze(1);
            var circle = before - p.narrow(-1, 0, last + 1).sum(-1) + (category <= last).to_type(p.dtype);
            var overtakes = first + k - last - 1 > (category - last - 1).remainder(k);
            var left = (circle + (moved * overtakes.to_type(p.dtype))).masked_fill(category == first, 0).clamp_min(0);

            var (from, to) = (left.pow(1.0 / (samples - 1)), (left + own).pow(1.0 / (samples - 1)));
            Tensor Below(Tensor x, Tensor y) =>
                DirichletCopula.Below(x.index_select(1, pairs[0]), y.index_select(1, pairs[1]), samples);
            joint += (Below(from, from) + Below(to, to) - Below(from, to) - Below(to, from)).sum([0]);
        }

        return joint / (k * (k - 1) / 2.0);
    }
}
