using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;

namespace DiscreteGradients.Fused;

/// <summary>
/// Inverse-CDF sampling of rows of logits, a block of rows at a time. A category is returned only where the cumulative weight rises, so
/// one of weight zero cannot be.
/// </summary>
internal readonly ref struct RowSampler<T>(int categories, int rows) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] _weights = ArrayPool<T>.Shared.Rent(rows * categories);
    private readonly T[] _largest = ArrayPool<T>.Shared.Rent(rows);
    private readonly double[] _sums = ArrayPool<double>.Shared.Rent((categories + Rows.Group - 1) / Rows.Group);

    /// <summary>Whether a row is shorter than a vector: then plain loops are fastest.</summary>
    private bool Short => categories < Vector<T>.Count && categories <= Rows.Group;

    /// <summary>Cumulative weights of the accumulated row, a group of categories each.</summary>
    private Span<double> Table => _sums.AsSpan(0, (categories + Rows.Group - 1) / Rows.Group);

    /// <summary>Exponentiates a block of rows of logits [rows, K]; its rows are then accumulated and drawn from one by one.</summary>
    internal void Load(ReadOnlySpan<T> logits)
    {
        var block = _weights.AsSpan(0, logits.Length);
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

        TensorPrimitives.Exp<T>(block, block);
    }

    /// <summary>The largest logit of a loaded row.</summary>
    internal T Largest(int row) => _largest[row];

    /// <summary>Prepares a row of the loaded block of logits: its cumulative table, and the total weight.</summary>
    /// <exception cref="ArgumentException">All of the row is masked, or it holds NaN or +∞: then the total is not a number.</exception>
    internal double Accumulate(int row, ReadOnlySpan<T> logits, int firstRow)
    {
        var weights = _weights.AsSpan(row * categories, categories);
        var sum = 0.0;
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
                var first = group * Rows.Group;
                sum += double.CreateTruncating(Rows.Sum<T>(weights.Slice(first, Math.Min(Rows.Group, categories - first))));
                table[group] = sum;
            }
        }

        return double.IsFinite(sum) ? sum : throw Refused(logits.Slice(row * categories, categories), firstRow + row);
    }

    /// <summary>The category of the accumulated row at the uniform number u in [0, 1).</summary>
    internal int Draw(int row, double uniform)
    {
        var table = Table;
        var threshold = uniform * table[^1];
        var low = Group(table, threshold);
        var first = low * Rows.Group;
        var weights = _weights.AsSpan((row * categories) + first, Math.Min(Rows.Group, categories - first));
        var cumulative = low == 0 ? 0 : table[low - 1];
        var last = 0;
        for (var k = 0; k < weights.Length; k++)
        {
            if (weights[k] > T.Zero)
                last = k;
            cumulative += double.CreateTruncating(weights[k]);
            if (cumulative > threshold)
                return first + k;
        }

        return first + last;  // rounding: the group as a whole exceeds the threshold, so it has a category of positive weight
    }

    /// <summary>The first group whose cumulative weight exceeds the threshold; without branches where there are few.</summary>
    private static int Group(ReadOnlySpan<double> table, double threshold)
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
    }

    private static ArgumentException Refused(ReadOnlySpan<T> logits, int row) => new(
        logits.IndexOfAnyExcept(T.NegativeInfinity) < 0
            ? $"logits row {row} is fully masked; every row needs a category with a finite logit."
            : $"logits row {row} holds {(logits.Contains(T.PositiveInfinity) ? T.PositiveInfinity : T.NaN)}; logits must be finite, or −∞ to mask a category.",
        nameof(logits));
}
