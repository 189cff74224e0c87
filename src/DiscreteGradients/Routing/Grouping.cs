namespace DiscreteGradients;

/// <summary>
/// Which expert runs on which tokens, as a permutation: the rows of expert 0, then those of expert 1 and so on, each in the order of the
/// tokens. Made by counting.
/// </summary>
internal sealed unsafe class Grouping
{
    private Grouping(int tokens, int experts, int rows) =>
        (Counts, Token, Place, Starts, Rows) = (new int[experts], new int[rows], new int[rows], new int[tokens + 1], new int[rows]);

    /// <summary>Rows of each expert.</summary>
    internal int[] Counts { get; }

    /// <summary>The token of each row.</summary>
    internal int[] Token { get; }

    /// <summary>Where the weight of each row stands in [T, N].</summary>
    internal int[] Place { get; }

    /// <summary>The rows of each token, in the order of the experts; those of token t begin at <see cref="Starts"/>[t].</summary>
    internal int[] Rows { get; }

    /// <inheritdoc cref="Rows"/>
    internal int[] Starts { get; }

    internal int Tokens => Starts.Length - 1;

    internal int Length => Token.Length;

    /// <summary>The grouping of what is chosen, Boolean [T, N].</summary>
    /// <param name="chosen">On any device; looked at on the CPU.</param>
    /// <param name="kept">If the T tokens are rows of a larger batch: the grouping that took them out of it.</param>
    internal static Grouping Of(Tensor chosen, Grouping? kept = null)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var flags = chosen.cpu().contiguous();
        var (count, experts) = ((int)flags.shape[0], (int)flags.shape[1]);
        var at = flags.numel() == 0 ? null : Memory.Address<byte>(flags);
        var counts = new int[experts];
        var flag = at;
        for (var t = 0; t < count; t++)
        {
            for (var e = 0; e < experts; e++)
                counts[e] += *flag++;
        }

        var result = new Grouping(kept?.Tokens ?? count, experts, counts.Sum());
        counts.CopyTo(result.Counts, 0);
        result.Fill(at, experts, kept);
        return result;
    }

    /// <summary>The tokens of the rows, for tensor operations.</summary>
    internal Tensor Tokens64(Device device) => tensor(Array.ConvertAll(Token, t => (long)t), device: device);

    /// <summary>The places of the rows' weights, for tensor operations.</summary>
    internal Tensor Places64(Device device) => tensor(Array.ConvertAll(Place, p => (long)p), device: device);

    private void Fill(byte* flags, int experts, Grouping? kept)
    {
        var next = new int[experts];
        for (var e = 1; e < experts; e++)
            next[e] = next[e - 1] + Counts[e - 1];
        var (i, filled) = (0, 0);
        for (var token = 0; token < Tokens; token++)
        {
            Starts[token] = filled;
            if (kept is not null && kept.Starts[token] == kept.Starts[token + 1])
                continue;
            for (var e = 0; e < experts; e++)
            {
                if (flags[((long)i * experts) + e] == 0)
                    continue;
                var row = next[e]++;
                (Token[row], Place[row], Rows[filled++]) = (token, (i * experts) + e, row);
            }

            i++;
        }

        Starts[Tokens] = filled;
    }
}
