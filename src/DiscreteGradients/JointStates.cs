namespace DiscreteGradients;

/// <summary>Joint states of independent latents, found by beam search, which is exact here: no state scores above the best score of its beginnings.</summary>
internal static class JointStates
{
    /// <summary>
    /// The N = min(<paramref name="count"/>, K^L) most probable states, or with noise N states drawn without replacement in the order in which
    /// they were drawn: indices [N, B.., L] and log-probabilities [N, B..], −∞ for what is not possible, from log-probabilities [B.., L, K] in float64.
    /// </summary>
    /// <remarks>Stochastic beam search: Kool, van Hoof, Welling 2019, arXiv 1903.06059, algorithm 1.</remarks>
    internal static (Tensor Index, Tensor LogProbability) Best(Tensor log, int count, Noise? noise = null)
    {
        var (latents, k) = (log.shape[^2], log.shape[^1]);
        var batch = log.shape[..^2];
        var rows = batch.Aggregate(1L, (a, b) => a * b);
        var flat = log.reshape(rows, latents, k);
        var total = zeros([rows, 1], log.dtype, log.device);
        var score = total;
        var steps = new List<Tensor>();
        for (var l = 0L; l < latents; l++)
        {
            var grown = total.unsqueeze(-1) + flat.select(1, l).unsqueeze(1);  // [rows, beam, K]
            var scores = noise is { } source ? Perturb(grown, score, source) : grown;
            noise = noise?.Other();
            (score, var step) = scores.flatten(1).topk((int)Math.Min(count, scores.shape[1] * k));
            total = grown.flatten(1).gather(1, step);
            steps.Add(step);
        }

        var index = empty([rows, total.shape[1], latents], ScalarType.Int64, log.device);
        var beam = arange(total.shape[1], device: log.device).expand(total.shape);
        for (var l = (int)latents - 1; l >= 0; l--)
        {
            var step = steps[l].gather(1, beam);
            index.select(-1, l).copy_(step.remainder(k));
            beam = step.div(k, RoundingMode.floor);
        }

        return (index.transpose(0, 1).reshape([total.shape[1], .. batch, latents]), total.t().reshape([total.shape[1], .. batch]));
    }

    /// <summary>
    /// log p + Gumbel noise of longer beginnings [R, N, K], given that the largest of each beginning's continuations is its own score [R, N]:
    /// −log(e^−score − e^−largest + e^−perturbed), in a form that neither overflows nor cancels.
    /// </summary>
    private static Tensor Perturb(Tensor grown, Tensor score, Noise noise)
    {
        var perturbed = grown - noise.Exponential(1, grown)[0].log();
        var largest = perturbed.amax([-1], keepdim: true);
        var best = score.unsqueeze(-1);
        var v = best - perturbed + (-(perturbed - largest).exp()).log1p();
        return (best - v.clamp_min(0) - (-v.abs()).exp().log1p()).masked_fill(grown == double.NegativeInfinity, double.NegativeInfinity);
    }
}
