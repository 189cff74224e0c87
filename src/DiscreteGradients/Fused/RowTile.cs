using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Fused;

/// <summary>
/// Short rows on their way back, one row a lane of a vector: logits, upstream gradient and result [K, lanes], and one vector of each number
/// that a row has. Lanes beyond the last row hold zeros and are not written.
/// </summary>
internal readonly unsafe ref struct RowTile<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Last = RowTiles<T>.Room - 1;

    private readonly T* _memory;

    internal RowTile(RowBlock<T> block, int first, T* memory)
    {
        _memory = memory;
        (Categories, First, Count) = (block.Categories, first, Math.Min(Lanes, block.Count - first));
        Transposition.Load(Address(block.Logits, first), Categories, Count, Tile(0));
        Transposition.Load(Address(block.Upstream, first), Categories, Count, Tile(1));
        Largest = Rows.Load(new ReadOnlySpan<T>(block.States.Largest + first, Count), 0);
        InverseTotal = Rows.Load(new ReadOnlySpan<T>(block.States.InverseTotal + first, Count), 0);
        Sampled = Rows.LoadIntegers<T>(new ReadOnlySpan<int>(block.States.Sampled + first, Count));
    }

    private RowTile(RowBlock<T> block, int row)
    {
        _memory = RowLayout.Align<T>(Unsafe.AsPointer(ref MemoryMarshal.GetReference(block.Scratch)));
        (Categories, First, Count) = (block.Categories, row, Lanes);
        for (var k = 0; k < Categories; k++)
        {
            this[0, k] = Vector512.Create(block.LogitsOf(row)[k]);
            this[1, k] = Vector512.Create(block.UpstreamOf(row)[k]);
        }

        var state = block.States[row];
        Largest = Vector512.Create(state.Largest);
        InverseTotal = Vector512.Create(state.InverseTotal);
        Sampled = Vector512.Create(T.CreateTruncating(state.Sampled));
    }

    /// <summary>One row in all lanes, for as many draws at once.</summary>
    internal static RowTile<T> Repeated(RowBlock<T> block, int row) => new(block, row);

    internal static int Lanes => Vector512<T>.Count;

    internal int Categories { get; }

    /// <summary>The tile's first row in its block.</summary>
    internal int First { get; }

    /// <summary>Rows in the tile.</summary>
    internal int Count { get; }

    internal Vector512<T> Largest { get; }

    internal Vector512<T> InverseTotal { get; }

    /// <summary>The category of the hard sample.</summary>
    internal Vector512<T> Sampled { get; }

    /// <summary>The gradient at the sample in category k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Vector512<T> Upstream(int k) => this[1, k];

    /// <summary>logit − largest, in category k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Vector512<T> Below(int k) => this[0, k] - Largest;

    /// <summary>The result in category k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Vector512<T> Gradient(int k) => this[2, k];

    /// <inheritdoc cref="Gradient"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void SetGradient(int k, Vector512<T> value) => this[2, k] = value;

    /// <summary>Numbers [K, lanes] of the kernel's own: 3 and above.</summary>
    internal Vector512<T> this[int tile, int k]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.LoadAligned(Tile(tile) + (k * Lanes));
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => value.StoreAligned(Tile(tile) + (k * Lanes));
    }

    /// <summary>The upstream gradient at the hard sample.</summary>
    internal Vector512<T> UpstreamAtSample()
    {
        var result = Upstream(0);
        for (var k = 1; k < Categories; k++)
            result = Vector512.ConditionalSelect(IsSampled(k), Upstream(k), result);
        return result;
    }

    /// <summary>All bits of the lanes whose sample is category k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Vector512<T> IsSampled(int k) => Vector512.Equals(Sampled, Vector512.Create(T.CreateTruncating(k)));

    /// <summary>
    /// gradient ← scale · J(weights / total) · upstream, the weights being where the gradient will be, and mean = Σ weights · upstream.
    /// </summary>
    internal void Jacobian(Vector512<T> total, Vector512<T> mean, T scale)
    {
        var inverse = Vector512<T>.One / total;
        var (scales, shift) = (inverse * Vector512.Create(scale), mean * inverse);
        for (var k = 0; k < Categories; k++)
            SetGradient(k, Gradient(k) * scales * (Upstream(k) - shift));
    }

    /// <summary>numbers ← standard exponential noise of one draw for the tile, which is that of <paramref name="block"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void Exponential(in RowBlock<T> block, int draw, int numbers)
    {
        var noise = block.Noise;
        var start = Noise.Start(draw, block.Place.First, block.Place.All, Categories);
        if (Categories <= RowLayout.ByCategory)
        {
            var step = RowLayout.PaddedRows(block.Count);
            for (var k = 0; k < Categories; k++)
                this[numbers, k] = noise.Exponential<T>(start + First + (k * step));
            return;
        }

        var padded = RowLayout.Padded(Categories);
        for (var k = 0; k < padded; k++)
            this[Last, k] = noise.Exponential<T>(start + (First * padded) + (k * Lanes));
        Transposition.Load(Tile(Last), padded, Lanes, Tile(numbers));
    }

    /// <summary>numbers ← standard exponential noise of as many draws as lanes for a row that is repeated.</summary>
    internal void ExponentialOfDraws(in RowBlock<T> block, int firstDraw, int numbers)
    {
        var (first, all) = (block.Place.First, block.Place.All);
        var start = Noise.Start(firstDraw, first, all, Categories);
        var stride = Noise.Start(firstDraw + 1, first, all, Categories) - start;
        var byCategory = Categories <= RowLayout.ByCategory;
        var (row, step) = byCategory ? (First, RowLayout.PaddedRows(block.Count)) : (First * RowLayout.Padded(Categories), 1);
        for (var k = 0; k < Categories; k++)
            this[numbers, k] = block.Noise.Exponential<T>(start + row + (k * step), stride);
    }

    /// <summary>Writes the gradient to its rows.</summary>
    internal void Store(Span<T> gradient) => Transposition.Store(Tile(2), Categories, Count, Address(gradient, First));

    private T* Tile(int number) => _memory + (number * RowLayout.ShortRow * Lanes);

    private T* Address(ReadOnlySpan<T> rows, int row) =>
        (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(rows)) + (row * Categories);
}

/// <summary>The tiles of a block of short rows, one after the other.</summary>
internal unsafe ref struct RowTiles<T>(RowBlock<T> block, int first)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Tiles there is memory for: three of every kernel, and what Gumbel-Rao needs.</summary>
    internal const int Room = 6;

    private readonly RowBlock<T> _block = block;
    private readonly T* _memory = RowLayout.Align<T>(Unsafe.AsPointer(ref MemoryMarshal.GetReference(block.Scratch)));
    private int _first = first - RowTile<T>.Lanes;

    /// <summary>The tile to work on.</summary>
    public RowTile<T> Current { get; private set; }

    /// <summary>Itself.</summary>
    public readonly RowTiles<T> GetEnumerator() => this;

    /// <summary>Writes the gradient of the tile before and loads the next.</summary>
    public bool MoveNext()
    {
        if (_first >= first)
            Current.Store(_block.Gradient);
        _first += RowTile<T>.Lanes;
        if (_first >= _block.Count)
            return false;
        Current = new RowTile<T>(_block, _first, _memory);
        return true;
    }
}
