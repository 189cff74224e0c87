using System.Numerics;

namespace DiscreteGradients.Fused;

/// <summary>An estimator with a kernel; the readable form stays the definition.</summary>
internal interface IFusedEstimator
{
    /// <summary>The kernel for the estimator's settings.</summary>
    IRowKernel Kernel { get; }
}

/// <summary>A gradient that is written row by row.</summary>
internal interface IRowKernel
{
    /// <summary>Fills <see cref="RowBlock{T}.Gradient"/> for a block of rows. Must not throw.</summary>
    void Backward<T>(RowBlock<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>How often it goes over the rows: what a second thread is worth.</summary>
    int Passes => 1;
}

/// <summary>
/// Consecutive rows of categories on their way back: everything a fused gradient needs. The memory does not move during the call.
/// </summary>
internal readonly ref struct RowBlock<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>K.</summary>
    internal required int Categories { get; init; }

    /// <summary>[rows, K].</summary>
    internal required ReadOnlySpan<T> Logits { get; init; }

    /// <summary>The gradient at the sample [rows, K].</summary>
    internal required ReadOnlySpan<T> Upstream { get; init; }

    /// <summary>[rows].</summary>
    internal required RowStates<T> States { get; init; }

    /// <summary>The result [rows, K].</summary>
    internal required Span<T> Gradient { get; init; }

    /// <summary>Room for what a kernel computes on the way, <see cref="ScratchSize"/> numbers.</summary>
    internal required Span<T> Scratch { get; init; }

    /// <summary>What the most demanding kernel needs, Gumbel-Rao: tiles of short rows, two numbers for every one of long rows.</summary>
    internal static unsafe int ScratchSize(int rows, int categories) => categories <= RowLayout.ShortRow
        ? ((RowTiles<T>.Room * RowLayout.TileBytes) + RowLayout.Alignment) / sizeof(T)
        : rows * ((2 * categories) + 2);

    /// <summary>The first row of the block, and all rows there are.</summary>
    internal required (int First, int All) Place { get; init; }

    /// <summary>The noise of the gradient.</summary>
    internal required Noise Noise { get; init; }

    internal int Count => Logits.Length / Categories;

    /// <summary>Whether the rows are short: then a kernel goes over <see cref="Tiles"/>.</summary>
    internal bool IsShort => Categories <= RowLayout.ShortRow;

    /// <summary>The rows as tiles; what a kernel leaves in the gradient of each is written when the next one is asked for.</summary>
    internal RowTiles<T> Tiles => TilesFrom(0);

    /// <summary>The tiles from that row on.</summary>
    internal RowTiles<T> TilesFrom(int first) => new(this, first);

    internal ReadOnlySpan<T> LogitsOf(int row) => Logits.Slice(row * Categories, Categories);

    internal ReadOnlySpan<T> UpstreamOf(int row) => Upstream.Slice(row * Categories, Categories);

    internal Span<T> GradientOf(int row) => Gradient.Slice(row * Categories, Categories);

    /// <summary>weights ← exp((logits − largest) / temperature), for all rows. A category masked by −∞ gets zero.</summary>
    internal void Exponentiate(T temperature, Span<T> weights)
    {
        for (var row = 0; row < Count; row++)
            Rows.Exponentiate(LogitsOf(row), States[row].Largest, T.One / temperature, weights.Slice(row * Categories, Categories));
    }

    /// <summary>gradient ← scale · J(weights / total) · upstream of a row; the weights may be the gradient's own memory.</summary>
    internal void Jacobian(int row, Span<T> weights, T inverseTotal, T scale)
    {
        var upstream = UpstreamOf(row);
        var mean = Rows.Dot<T>(weights, upstream) * inverseTotal;
        Rows.Weigh(weights, inverseTotal * scale, upstream, mean);
    }

    /// <summary>gradient ← gradient + scale · J(weights / Σ weights) · upstream of a row.</summary>
    internal void AddJacobian(int row, ReadOnlySpan<T> weights, T scale)
    {
        var upstream = UpstreamOf(row);
        var inverse = T.One / Rows.Sum(weights);
        Rows.AddWeighed(weights, inverse * scale, upstream, Rows.Dot(weights, upstream) * inverse, GradientOf(row));
    }

    /// <summary>Standard exponential noise of one draw for this block, laid out as <see cref="RowLayout.Size"/> says.</summary>
    internal void Exponential(int draw, Span<T> values) => Noise.Exponential(values, draw, Place.First, Place.All, Categories);
}
