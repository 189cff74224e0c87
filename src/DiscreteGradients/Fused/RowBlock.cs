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
}

/// <summary>Consecutive rows of categories on their way back: everything a fused gradient needs.</summary>
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
    internal required ReadOnlySpan<RowState<T>> States { get; init; }

    /// <summary>The result [rows, K].</summary>
    internal required Span<T> Gradient { get; init; }

    /// <summary>Room for what a kernel computes on the way, <see cref="ScratchSize"/> numbers.</summary>
    internal required Span<T> Scratch { get; init; }

    /// <summary>Seven blocks of padded rows: what the most demanding kernel needs, Gumbel-Rao on short rows.</summary>
    internal static int ScratchSize(int rows, int categories) => categories <= RowLayout.ShortRow
        ? ((6 * categories) + 3) * RowLayout.PaddedRows(rows)
        : rows * ((2 * categories) + 2);

    /// <summary>The first row of the block, and all rows there are.</summary>
    internal required (int First, int All) Place { get; init; }

    /// <summary>The noise of the gradient.</summary>
    internal required Noise Noise { get; init; }

    internal int Count => States.Length;

    internal ReadOnlySpan<T> LogitsOf(int row) => Logits.Slice(row * Categories, Categories);

    internal ReadOnlySpan<T> UpstreamOf(int row) => Upstream.Slice(row * Categories, Categories);

    internal Span<T> GradientOf(int row) => Gradient.Slice(row * Categories, Categories);

    /// <summary>weights ← exp((logits − largest) / temperature), for all rows. A category masked by −∞ gets zero.</summary>
    internal void Exponentiate(T temperature, Span<T> weights)
    {
        if (Categories >= Rows.Wide)
        {
            for (var row = 0; row < Count; row++)
                Rows.Exponentiate(LogitsOf(row), States[row].Largest, T.One / temperature, weights.Slice(row * Categories, Categories));
            return;
        }

        for (var row = 0; row < Count; row++)
            Rows.Shift(LogitsOf(row), States[row].Largest, T.One / temperature, weights.Slice(row * Categories, Categories));
        Elementary.Exp(weights);
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
