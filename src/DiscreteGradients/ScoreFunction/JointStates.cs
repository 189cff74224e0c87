namespace DiscreteGradients;

/// <summary>
/// Different joint states of independent latents, found one after another: the most probable of those not found yet, or one drawn from
/// them.
/// </summary>
/// <remarks>
/// What has not been found is kept as branches: all states that share their beginning with a found one and differ from it at the next
/// latent. No two branches overlap, so their probabilities say which one the next state is in; its later latents are then free. That is
/// sampling without replacement from a trie (Shi, Bieber, Sutton 2020, arXiv 2002.09067) and, for the most probable, the K best solutions
/// of Lawler 1972; as the latents are independent, a state costs O(L · K) and no step from latent to latent.
/// </remarks>
internal sealed class JointStates
{
    private readonly Tensor _log;                              // [rows, L, K]
    private readonly long[] _batch;
    private readonly List<Tensor> _states = [];                // [rows, L] each
    private readonly List<Tensor> _logProbabilities = [];      // [rows] each
    private Tensor _branches;                                  // [rows, N · L · K], where each state found was left; −∞ where there is none

    /// <param name="log">Log-probabilities [B.., L, K], −∞ for what is not possible; no latent without a possible category.</param>
    /// <param name="count">How many will be looked for.</param>
    internal JointStates(Tensor log, long count = 1)
    {
        Check.Room(count, "joint states", log.shape, log.dtype, log.device);
        _batch = log.shape[..^2];
        _log = log.reshape(-1, log.shape[^2], log.shape[^1]);
        _branches = full_like(_log, double.NegativeInfinity);
        _branches.select(1, 0).copy_(_log.select(1, 0));
        _branches = _branches.flatten(1);
    }

    /// <summary>Category indices [N, B.., L] of the states found; the first stands in where no possible state was left.</summary>
    internal Tensor Index
    {
        get
        {
            var index = stack(_states).reshape([_states.Count, .. _batch, _log.shape[1]]);
            return where(LogProbability.unsqueeze(-1) == double.NegativeInfinity, index[..1], index);
        }
    }

    /// <summary>Log-probabilities [N, B..] of the states found, −∞ where no possible state was left.</summary>
    internal Tensor LogProbability => stack(_logProbabilities).reshape([_states.Count, .. _batch]);

    /// <summary>The log-probability [B..] of all states not found yet: summed, not subtracted from one, so exact however little.</summary>
    internal Tensor LogRemaining => _branches.logsumexp(1).reshape(_batch);

    /// <summary>Finds the most probable of the states that remain.</summary>
    internal void FindMostProbable()
    {
        var (best, free) = _log.max(-1);
        var behind = best.sum([-1], keepdim: true) - best.cumsum(-1);
        Find(free, (_branches.unflatten(1, [-1, .. _log.shape[1..]]) + behind.unsqueeze(1).unsqueeze(-1)).flatten(1));
    }

    /// <summary>Draws one of the states that remain, with its probability among them. Every draw needs noise of its own.</summary>
    internal void Draw(Noise noise)
    {
        var choices = cat([_log.flatten(1), _branches], 1);
        var perturbed = Gumbel.Perturbed(choices, noise.Exponential(1, choices)[0]);
        var free = perturbed[.., ..(int)(_log.shape[1] * _log.shape[2])];
        Find(free.view_as(_log).argmax(-1), perturbed[.., (int)free.shape[1]..]);
    }

    /// <summary>
    /// Adds the state of the branch with the largest of the <paramref name="scores"/> [rows, N · L · K], categories of latents behind the
    /// branch from <paramref name="free"/> [rows, L].
    /// </summary>
    private void Find(Tensor free, Tensor scores)
    {
        var (latents, categories) = (_log.shape[1], _log.shape[2]);
        var chosen = scores.argmax(1, keepdim: true);
        var start = _branches.gather(1, chosen);
        _branches = _branches.scatter(1, chosen, full_like(start, double.NegativeInfinity));

        var from = chosen.div(latents * categories, RoundingMode.floor);
        var place = chosen.div(categories, RoundingMode.floor).remainder(latents);
        var latent = arange(latents, device: _log.device);
        var shared = _states.Count == 0 ? free : stack(_states, 1).take_along_dim(from.unsqueeze(-1), 1)[.., 0];
        var behind = latent > place;
        var state = where(behind, free, where(latent == place, chosen.remainder(categories), shared));

        var own = _log.gather(-1, state.unsqueeze(-1));
        var added = own.squeeze(-1).masked_fill(~behind, 0);
        var before = start + added.cumsum(-1) - added;
        var branches = (before.unsqueeze(-1) + _log).scatter(-1, state.unsqueeze(-1), full_like(own, double.NegativeInfinity));
        branches = branches.masked_fill(~behind.unsqueeze(-1), double.NegativeInfinity).flatten(1);
        _branches = _states.Count == 0 ? _branches.maximum(branches) : cat([_branches, branches], 1);
        _states.Add(state);
        _logProbabilities.Add(start.squeeze(-1) + added.sum([-1]));
    }
}
