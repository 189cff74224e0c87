namespace DiscreteGradients.Fused;

/// <summary>How rows of categories are cut into blocks, and how noise for a block lies in memory.</summary>
internal static class RowLayout
{
    /// <summary>Elements worked on at once: logits, upstream gradient and result of a block share the first-level cache.</summary>
    internal const int Block = 2048;

    /// <summary>Rows of at most this many categories are laid out by category, [K, rows], so that vectors run over rows.</summary>
    internal const int ShortRow = 16;

    /// <summary>Rows of a block: as many as fit, at least one; of short rows a multiple of 16, for whole vectors.</summary>
    internal static int PerBlock(int categories) =>
        categories <= ShortRow ? Block / categories / 16 * 16 : Math.Max(1, Block / categories);

    /// <summary>K, made even: one 64-bit word makes two single-precision numbers, and every long row starts with a word.</summary>
    internal static int Padded(int categories) => categories + (categories & 1);

    /// <summary>Rows of a block laid out by category, made whole vectors of any width.</summary>
    internal static int PaddedRows(int rows) => (rows + 15) & ~15;

    /// <summary>Numbers in a block of rows: [K, padded rows] for short rows, [rows, padded K] for long ones.</summary>
    internal static int Size(int rows, int categories) =>
        categories <= ShortRow ? categories * PaddedRows(rows) : rows * Padded(categories);
}
