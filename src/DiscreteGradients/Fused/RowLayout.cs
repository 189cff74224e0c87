using System.Numerics;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Fused;

/// <summary>How rows of categories are cut into blocks and tiles, and how noise for a block lies in memory.</summary>
internal static class RowLayout
{
    /// <summary>Elements worked on at once: logits, upstream gradient and result of a block share the first-level cache.</summary>
    internal const int Block = 2048;

    /// <summary>Rows of at most this many categories are worked on as many at a time as a vector has lanes.</summary>
    internal const int ShortRow = 128;

    /// <summary>Noise for rows of at most this many categories is laid out by category, [K, rows].</summary>
    internal const int ByCategory = 16;

    /// <summary>Categories whose weights are summed before the sum joins the cumulative table.</summary>
    internal const int Group = 8;

    /// <summary>Where the memory of a tile begins: at a line of the cache.</summary>
    internal const int Alignment = 64;

    /// <summary>The memory of one tile, whatever the numbers: as many vectors as a short row can have categories.</summary>
    internal const int TileBytes = ShortRow * 64;

    /// <summary>Rows of a block: as many as fit, at least one; of short rows a multiple of 16, for whole vectors.</summary>
    internal static int PerBlock(int categories) =>
        categories <= ShortRow ? Block / categories / 16 * 16 : Math.Max(1, Block / categories);

    /// <summary>K, made even: one 64-bit word makes two single-precision numbers, and every long row starts with a word.</summary>
    internal static int Padded(int categories) => categories + (categories & 1);

    /// <summary>Rows of a block laid out by category, made whole vectors of any width.</summary>
    internal static int PaddedRows(int rows) => (rows + 15) & ~15;

    /// <summary>Numbers of noise for a block of rows: [K, padded rows] where they lie by category, else [rows, padded K].</summary>
    internal static int Size(int rows, int categories) =>
        categories <= ByCategory ? categories * PaddedRows(rows) : rows * Padded(categories);

    /// <summary>Whether a row is less than 256 bits long; its weights are then summed one by one in double precision.</summary>
    internal static bool IsTiny<T>(int categories) => categories < Vector256<T>.Count;

    /// <summary>The first address of a line of the cache at or after that one.</summary>
    internal static unsafe T* Align<T>(void* memory) where T : unmanaged =>
        (T*)(((nuint)memory + (Alignment - 1)) & ~(nuint)(Alignment - 1));
}
