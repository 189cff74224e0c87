using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Fused;

/// <summary>
/// Inverse-CDF sampling of short rows, one row a lane of a vector, without a branch on what is drawn. Weights are summed in the order of
/// <see cref="RowSampler{T}"/>, so that the samples are the same.
/// </summary>
/// <param name="categories">K, at most <see cref="RowLayout.ShortRow"/>.</param>
/// <param name="noise">Row r of all uses its number r.</param>
internal readonly unsafe struct ShortRows<T>(int categories, Noise noise)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Group = RowLayout.Group;

    private static int Lanes => Vector512<T>.Count;

    /// <summary>
    /// Finds the states of rows of logits [rows, K], and draws their samples into <paramref name="hard"/>, or takes them from there.
    /// </summary>
    /// <exception cref="ArgumentException">A row is fully masked, holds NaN or +∞, or is supplied and not one-hot.</exception>
    [SkipLocalsInit]
    internal void Draw(T* logits, int rows, long firstRow, T* hard, bool supplied, RowStates<T> states)
    {
        var memory = stackalloc byte[RowLayout.TileBytes + RowLayout.Alignment];
        var tile = RowLayout.Align<T>(memory);
        var cumulative = stackalloc DoubleLanes<T>[RowLayout.ShortRow / Group];
        var pairs = categories == 2 && !supplied && Transposition.HasPairs ? DrawPairs(logits, rows, firstRow, hard, states) : 0;
        if (!supplied)
            new Span<T>(hard + (pairs * categories), (rows - pairs) * categories).Clear();
        for (var first = pairs; first < rows; first += Lanes)
        {
            var count = Math.Min(Lanes, rows - first);
            var values = logits + (first * categories);
            var samples = hard + (first * categories);
            var sampled = states.Sampled + first;
            Transposition.Load(values, categories, count, tile);
            var (largest, inverse, drawn) = Draw(tile, cumulative, new ReadOnlySpan<T>(values, count * categories), firstRow + first);
            Rows.Store(largest, new Span<T>(states.Largest + first, count), 0);
            Rows.Store(inverse, new Span<T>(states.InverseTotal + first, count), 0);
            if (supplied)
            {
                for (var row = 0; row < count; row++)
                {
                    var its = row * categories;
                    sampled[row] = HardSample.Category<T>(
                        new(samples + its, categories), new(values + its, categories), firstRow + first + row);
                }
            }
            else
            {
                Rows.StoreIntegers(drawn, new Span<int>(sampled, count));
                for (var row = 0; row < count; row++)
                    samples[(row * categories) + sampled[row]] = T.One;
            }
        }
    }

    /// <summary>
    /// Rows of two, of which the unlikelier has the only exponential. As many as make whole vectors, up to a row that is refused; returns
    /// how many that is.
    /// </summary>
    private int DrawPairs(T* logits, int rows, long firstRow, T* hard, RowStates<T> states)
    {
        var row = 0;
        for (; row <= rows - Lanes; row += Lanes)
        {
            var (first, second) = Transposition.LoadPairs(logits + (2 * row));
            var largest = Vector512.MaxNative(first, second);
            var distance = Vector512.Abs(first - second);
            if (!Vector512.LessThanAll(distance, Vector512.Create(T.PositiveInfinity)))
                break;  // NaN, or an infinity
            var small = Elementary.Exp(-distance);
            var total = DoubleLanes<T>.Of(small) + DoubleLanes<T>.Of(Vector512<T>.One);
            var ofFirst = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(first, second), Vector512<T>.One, small);
            var drawn = DoubleLanes<T>.Of(ofFirst).NotAbove(Uniforms(firstRow + row) * total).Round();
            largest.Store(states.Largest + row);
            total.Inverse().Store(states.InverseTotal + row);
            Rows.StoreIntegers(drawn, new Span<int>(states.Sampled + row, Lanes));
            Transposition.StorePairs(Vector512<T>.One - drawn, drawn, hard + (2 * row));
        }

        return row;
    }

    /// <summary>Draws from a tile of logits [K, lanes], which is left with their weights exp(logit − largest).</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="cumulative">Room for the sums up to every group of categories.</param>
    /// <param name="logits">The same rows as they were.</param>
    /// <param name="row">The first one's number.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (Vector512<T> Largest, Vector512<T> InverseTotal, Vector512<T> Sampled) Draw(
        T* tile, DoubleLanes<T>* cumulative, ReadOnlySpan<T> logits, long row)
    {
        var largest = Vector512.LoadAligned(tile);
        for (var k = 1; k < categories; k++)
            largest = Vector512.MaxNative(largest, Vector512.LoadAligned(tile + (k * Lanes)));
        for (var k = 0; k < categories; k++)
            Elementary.Exp(Vector512.LoadAligned(tile + (k * Lanes)) - largest).StoreAligned(tile + (k * Lanes));

        // Cumulative weights after every group of categories.
        var total = Sum(tile, Math.Min(Group, categories));
        cumulative[0] = total;
        for (var group = 1; group * Group < categories; group++)
            cumulative[group] = total += Sum(tile + (group * Group * Lanes), Math.Min(Group, categories - (group * Group)));
        if (!total.AllFinite())
            throw RowSampler<T>.Refused(logits, categories, row);

        // The group where the threshold falls; its weights move to where the first group's are.
        var threshold = Uniforms(row) * total;
        var (place, before) = (default(DoubleLanes<T>), default(DoubleLanes<T>));
        for (var group = 1; group * Group < categories; group++)
        {
            var passed = cumulative[group - 1].NotAbove(threshold);
            place += passed;
            before = cumulative[group - 1].Where(passed, before);
            var mask = Vector512.Equals(passed.Round(), Vector512<T>.One);
            for (var j = 0; j < Group; j++)
            {
                var k = (group * Group) + j;
                var weight = k < categories ? Vector512.LoadAligned(tile + (k * Lanes)) : Vector512<T>.Zero;
                Vector512.ConditionalSelect(mask, weight, Vector512.LoadAligned(tile + (j * Lanes))).StoreAligned(tile + (j * Lanes));
            }
        }

        threshold -= before;
        var steps = Math.Min(Group, categories);
        var (sum, inside) = (default(DoubleLanes<T>), default(DoubleLanes<T>));
        for (var j = 0; j < steps; j++)
        {
            sum += DoubleLanes<T>.Of(Vector512.LoadAligned(tile + (j * Lanes)));
            inside += sum.NotAbove(threshold);
        }

        var found = inside.Round();
        var beyond = Vector512.Equals(found, Vector512.Create(T.CreateTruncating(steps)));
        if (beyond != Vector512<T>.Zero)
            found = Vector512.ConditionalSelect(beyond, LastAboveZero(tile, steps), found);
        return (largest, total.Inverse(), found + (place.Round() * Vector512.Create(T.CreateTruncating(Group))));
    }

    /// <summary>The sum of a group's weights [count, lanes], as vectors of 256 bits along a row would add them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DoubleLanes<T> Sum(T* weights, int count)
    {
        if (RowLayout.IsTiny<T>(categories))
        {
            var sums = DoubleLanes<T>.Of(Vector512.LoadAligned(weights));
            for (var k = 1; k < count; k++)
                sums += DoubleLanes<T>.Of(Vector512.LoadAligned(weights + (k * Lanes)));
            return sums;
        }

        var (sum, added) = (Vector512<T>.Zero, 0);
        if (count == Group)
        {
            sum = typeof(T) == typeof(float)
                ? At(0) + At(1) + (At(2) + At(3)) + (At(4) + At(5) + (At(6) + At(7)))
                : At(0) + At(4) + (At(1) + At(5)) + (At(2) + At(6) + (At(3) + At(7)));
            added = Group;
        }
        else if (typeof(T) == typeof(double) && count >= 4)
        {
            (sum, added) = (At(0) + At(1) + (At(2) + At(3)), 4);
        }

        for (; added < count; added++)
            sum += At(added);
        return DoubleLanes<T>.Of(sum);

        Vector512<T> At(int k) => Vector512.LoadAligned(weights + (k * Lanes));
    }

    /// <summary>Of the group's categories the last that can be drawn.</summary>
    private static Vector512<T> LastAboveZero(T* weights, int count)
    {
        var last = Vector512<T>.Zero;
        for (var k = 1; k < count; k++)
        {
            var above = Vector512.GreaterThan(Vector512.LoadAligned(weights + (k * Lanes)), Vector512<T>.Zero);
            last = Vector512.ConditionalSelect(above, Vector512.Create(T.CreateTruncating(k)), last);
        }

        return last;
    }

    /// <summary>The uniform numbers of the rows from that one on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DoubleLanes<T> Uniforms(long row) => new(noise.Uniforms(row), typeof(T) == typeof(float) ? noise.Uniforms(row + 8) : default);
}
