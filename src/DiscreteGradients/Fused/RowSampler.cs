using System.Buffers;
using System.Numerics;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Fused;

/// <summary>
/// Inverse-CDF sampling of rows of logits, a block of rows at a time. A category is returned only where the cumulative weight rises, so
/// one of weight zero cannot be.
/// </summary>
/// <param name="categories">K, of every row.</param>
/// <param name="rows">Rows of a block.</param>
/// <param name="samples">How often each row is drawn from.</param>
internal readonly ref struct RowSampler<T>(int categories, int rows, int samples = 1) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Categories of a group where the search inside one costs little of the whole.</summary>
    private const int LongGroup = 64;

    /// <summary>Categories from which a row is worth a pass of exponentials of its own; shorter ones share that of their block.</summary>
    private const int Wide = 32;

    /// <summary>Categories of a long row that are exponentiated at a time.</summary>
    private const int Chunk = 1024;

    private readonly T[] _weights =
        ArrayPool<T>.Shared.Rent(Keeps(categories, samples) ? categories : Math.Min(rows * categories, RowLayout.Block));

    private readonly T[] _largest = ArrayPool<T>.Shared.Rent(rows);
    private readonly double[] _sums = ArrayPool<double>.Shared.Rent(TableSize(categories));
    private readonly T[] _chunkLargest = ArrayPool<T>.Shared.Rent(TableSize(categories));
    private readonly int _group = GroupOf(categories);

    /// <summary>Whether a row is too long for a block: then it is alone in it, and a group is a chunk.</summary>
    private bool Long => categories > RowLayout.Block;

    /// <summary>Whether all weights of a long row are kept: where as many samples as it has chunks would exponentiate them again.</summary>
    private bool Kept => Keeps(categories, samples);

    /// <summary>Whether a row is shorter than a vector: then plain loops are fastest.</summary>
    private bool Short => RowLayout.IsTiny<T>(categories);

    /// <summary>Cumulative weights of the accumulated row, a group of categories each.</summary>
    private Span<double> Table => _sums.AsSpan(0, TableSize(categories));

    /// <summary>Exponentiates a block of rows of logits [rows, K]; its rows are then accumulated and drawn from one by one.</summary>
    internal void Load(ReadOnlySpan<T> logits)
    {
        if (Long)
        {
            LoadChunks(logits);
            return;
        }

        var block = _weights.AsSpan(0, logits.Length);
        if (categories >= Wide)
        {
            for (var row = 0; row * categories < logits.Length; row++)
            {
                var values = logits.Slice(row * categories, categories);
                _largest[row] = Rows.Largest(values);
                Rows.Exponentiate(values, _largest[row], T.One, block.Slice(row * categories, categories));
            }

            return;
        }

        if (Short)
        {
            for (int row = 0, at = 0; at < logits.Length; row++, at += categories)
            {
                var largest = logits[at];
                for (var k = at + 1; k < at + categories; k++)
                    largest = T.MaxNative(largest, logits[k]);
                for (var k = at; k < at + categories; k++)
                    block[k] = logits[k] - largest;
                _largest[row] = largest;
            }
        }
        else
        {
            for (var row = 0; row * categories < logits.Length; row++)
            {
                var values = logits.Slice(row * categories, categories);
                _largest[row] = Rows.Largest(values);
                Rows.Shift(values, _largest[row], T.One, block.Slice(row * categories, categories));
            }
        }

        Elementary.Exp(block);
    }

    /// <summary>The largest logit of a loaded row.</summary>
    internal T Largest(int row) => _largest[row];

    /// <summary>Prepares a row of the loaded block of logits: its cumulative table, and the total weight.</summary>
    /// <exception cref="ArgumentException">All of the row is masked, or it holds NaN or +∞: then the total is not a number.</exception>
    internal double Accumulate(int row, ReadOnlySpan<T> logits, long firstRow)
    {
        var sum = 0.0;
        if (Long)
        {
            for (var chunk = 0; chunk < Table.Length; chunk++)
                Table[chunk] = sum += _sums[chunk] * double.CreateTruncating(T.Exp(_chunkLargest[chunk] - _largest[row]));
            return sum > 0 && double.IsFinite(sum) ? sum : throw Refused(logits, firstRow + row);
        }

        var weights = _weights.AsSpan(row * categories, categories);
        if (Short)
        {
            foreach (var weight in weights)
                sum += double.CreateTruncating(weight);
            _sums[0] = sum;
        }
        else
        {
            var table = Table;
            for (var group = 0; group < table.Length; group++)
            {
                var first = group * _group;
                sum += double.CreateTruncating(Sum(weights.Slice(first, Math.Min(_group, categories - first))));
                table[group] = sum;
            }
        }

        return double.IsFinite(sum) ? sum : throw Refused(logits.Slice(row * categories, categories), firstRow + row);
    }

    /// <summary>The category of the accumulated row of the loaded block of logits at the uniform number u in [0, 1).</summary>
    internal int Draw(int row, ReadOnlySpan<T> logits, double uniform)
    {
        var table = Table;
        var threshold = uniform * table[^1];
        var group = First(table, threshold);
        var first = group * _group;
        var count = Math.Min(_group, categories - first);
        threshold -= group == 0 ? 0 : table[group - 1];
        if (!Long)
            return first + Search(_weights.AsSpan((row * categories) + first, count), threshold);

        var weights = _weights.AsSpan(Kept ? first : 0, count);
        if (!Kept)
            Rows.Exponentiate(logits.Slice(first, count), _chunkLargest[group], T.One, weights);
        threshold /= double.CreateTruncating(T.Exp(_chunkLargest[group] - _largest[row]));
        return first + Search(weights, threshold);
    }

    /// <summary>The first weight where the cumulative one exceeds the threshold, or if rounding lets none, the last above zero.</summary>
    private static int Search(ReadOnlySpan<T> weights, double threshold)
    {
        var (k, cumulative) = (0, 0.0);
        if (weights.Length <= RowLayout.Group)
        {
            // Without branches: where the sample falls cannot be predicted.
            foreach (var weight in weights)
            {
                cumulative += double.CreateTruncating(weight);
                k += cumulative > threshold ? 0 : 1;
            }

            return k < weights.Length ? k : weights.LastIndexOfAnyExcept(T.Zero);
        }

        for (; k + LongGroup < weights.Length; k += LongGroup)
        {
            var after = cumulative + double.CreateTruncating(Sum(weights.Slice(k, LongGroup)));
            if (after > threshold)
                break;
            cumulative = after;
        }

        for (; k < weights.Length; k++)
        {
            cumulative += double.CreateTruncating(weights[k]);
            if (cumulative > threshold && weights[k] > T.Zero)
                return k;
        }

        return weights.LastIndexOfAnyExcept(T.Zero);
    }

    private void LoadChunks(ReadOnlySpan<T> logits)
    {
        var largest = T.NegativeInfinity;
        for (var chunk = 0; chunk < Table.Length; chunk++)
        {
            var first = chunk * Chunk;
            var values = logits.Slice(first, Math.Min(Chunk, categories - first));
            var its = Rows.Largest(values);
            _chunkLargest[chunk] = its;
            var weights = _weights.AsSpan(Kept ? first : 0, values.Length);
            _sums[chunk] = double.CreateTruncating(Rows.Exponentiate(values, T.IsNegativeInfinity(its) ? T.Zero : its, T.One, weights));
            largest = T.MaxNative(largest, its);
        }

        _largest[0] = largest;
    }

    private static bool Keeps(int categories, int samples) => categories > RowLayout.Block && samples >= TableSize(categories);

    private static int GroupOf(int categories) =>
        categories > RowLayout.Block ? Chunk : categories <= 8 * LongGroup ? RowLayout.Group : LongGroup;

    /// <summary>The sum of a group's weights, in one order whatever the processor.</summary>
    private static T Sum(ReadOnlySpan<T> weights)
    {
        var (k, sums) = (0, Vector256<T>.Zero);
        for (; k <= weights.Length - Vector256<T>.Count; k += Vector256<T>.Count)
            sums += Vector256.Create(weights[k..]);
        var sum = Vector256.Sum(sums);
        for (; k < weights.Length; k++)
            sum += weights[k];
        return sum;
    }

    private static int TableSize(int categories) => (categories + GroupOf(categories) - 1) / GroupOf(categories);

    /// <summary>The first group whose cumulative weight exceeds the threshold; without branches where there are few.</summary>
    private static int First(ReadOnlySpan<double> table, double threshold)
    {
        var low = 0;
        if (table.Length <= 8)
        {
            for (var group = 0; group < table.Length - 1; group++)
                low += table[group] > threshold ? 0 : 1;
            return low;
        }

        var high = table.Length - 1;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (table[middle] > threshold)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        ArrayPool<T>.Shared.Return(_weights);
        ArrayPool<T>.Shared.Return(_largest);
        ArrayPool<double>.Shared.Return(_sums);
        ArrayPool<T>.Shared.Return(_chunkLargest);
    }

    /// <summary>The error of the first of some rows [rows, K] that no distribution has.</summary>
    internal static ArgumentException Refused(ReadOnlySpan<T> logits, int categories, long firstRow)
    {
        for (var row = 0; ; row++)
        {
            var its = logits.Slice(row * categories, categories);
            var usable = its.IndexOfAnyExcept(T.NegativeInfinity) >= 0;
            foreach (var logit in its)
                usable &= logit < T.PositiveInfinity;
            if (!usable)
                return Refused(its, firstRow + row);
        }
    }

    /// <summary>The error of a row [K] whose total weight is not a number.</summary>
    internal static ArgumentException Refused(ReadOnlySpan<T> logits, long row) => Check.Row(
        row,
        logits.Contains(T.PositiveInfinity) ? double.PositiveInfinity
        : logits.IndexOfAnyExcept(T.NegativeInfinity) < 0 ? double.NegativeInfinity
        : double.NaN);
}
