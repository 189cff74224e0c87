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
        var together = LatentsTogether(latents, k);
        for (var l = 0L; l < latents; l += together)
        {
            var grown = total.unsqueeze(-1) + States(flat.narrow(1, l, Math.Min(together, latents - l))).unsqueeze(1);  // [rows, beam, states]
            var scores = noise is { } source ? Perturb(grown, score, source) : grown;
            noise = noise?.Other();
            (score, var step) = scores.flatten(1).topk((int)Math.Min(count, scores.shape[1] * scores.shape[2]));
            total = grown.flatten(1).gather(1, step);
            steps.Add(step);
        }

        var index = empty([rows, total.shape[1], latents], ScalarType.Int64, log.device);
        var beam = arange(total.shape[1], device: log.device).expand(total.shape);
        for (var s = steps.Count - 1; s >= 0; s--)
        {
            beam = steps[s].gather(1, beam);
            for (var l = Math.Min((s + 1) * together, latents) - 1; l >= s * together; l--)
            {
                index.select(-1, l).copy_(beam.remainder(k));
                beam = beam.div(k, RoundingMode.floor);
            }
        }

        return (index.transpose(0, 1).reshape([total.shape[1], .. batch, latents]), total.t().reshape([total.shape[1], .. batch]));
    }

    /// <summary>How many latents one step of the search takes: any number gives the same states, and fewer steps of a few states more are faster.</summary>
    private static long LatentsTogether(long latents, long categories)
    {
        var together = 1L;
        for (var states = categories; together < latents && states * categories <= 16; states *= categories)
            together++;
        return together;
    }

    /// <summary>Log-probabilities [R, Kˡ] of the joint states of l latents [R, l, K]; the last latent's category changes fastest.</summary>
    private static Tensor States(Tensor log)
    {
        var states = log.select(1, 0);
        for (var l = 1L; l < log.shape[1]; l++)
            states = (states.unsqueeze(-1) + log.select(1, l).unsqueeze(1)).flatten(1);
        return states;
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
